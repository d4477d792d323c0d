/** Arrow's instrument master: one CSV. */
import { ddmmmyy, monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const COLUMNS = [
  "Exchange",
  "Segment",
  "ExchSeg",
  "Token",
  "FullName",
  "Symbol",
  "TradingSymbol",
  "Series",
  "ISIN",
  "LotSize",
  "TickSize",
  "PricePrecision",
  "OptionType",
  "Underlying",
  "UnderlyingToken",
  "StrikePrice",
  "Expiry"
]

const segments: Readonly<Record<string, readonly [exchange: string, segment: string]>> = {
  NSE: ["NSE", "CM"],
  BSE: ["BSE", "CM"],
  NFO: ["NSE", "FO"],
  BFO: ["BSE", "FO"],
  CDS: ["NSE", "CD"],
  BCD: ["BSE", "CD"],
  MCX: ["MCX", "FO"],
  NCO: ["NSE", "CO"]
}

const indexTokens: Readonly<Record<string, string>> = {
  NIFTY: "26000",
  BANKNIFTY: "26009",
  INDIAVIX: "26017",
  SENSEX: "1"
}

/**
 * The wire tells instruments by their token alone, so the tokens here are unique over all segments. The exchanges' own
 * are not: a contract of NFO may have a share's number.
 */
const NFO_OFFSET = 1_000_000

const isCurrency = (l: Listing): boolean => l.exchange === "CDS" || l.exchange === "BCD"

/** `30-Jun-2026` */
const arrowDate = (date: string): string => {
  const month = monthName(date)
  return `${date.slice(8)}-${month[0]}${month.slice(1).toLowerCase()}-${date.slice(0, 4)}`
}

/** Whole hundred-thousandths are exact, a product of decimals need not be. */
const strikeOf = (l: Listing): string => {
  if (l.strike === undefined) return l.type === "FUT" ? "-0.01" : "0.00"
  return isCurrency(l) ? String(Math.round(l.strike * 100_000)) : l.strike.toFixed(2)
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => {
  if (l.type === "INDEX") {
    const exchange = l.exchange.replace("_INDEX", "")
    return [exchange, "INDEX", i.brokerExchange, i.token, "", i.brokerSymbol, "", "", "", "", 1, ...blanks(6)]
  }
  const [exchange, segment] = segments[l.exchange] ?? [l.exchange, ""]
  const isContract = l.expiry !== undefined
  return [
    exchange,
    segment,
    i.brokerExchange,
    i.token,
    i.name,
    l.title,
    i.brokerSymbol,
    isContract ? "XX" : l.exchange === "NSE" ? "EQ" : "",
    "",
    i.lotSize,
    isCurrency(l) ? i.tickSize * 100 : i.tickSize.toFixed(2),
    isCurrency(l) ? 4 : 2,
    isContract ? (l.type === "FUT" ? "XX" : l.type) : "",
    isContract ? l.title : "",
    0,
    strikeOf(l),
    isContract ? arrowDate(l.expiry.date) : ""
  ]
}

const blanks = (count: number): ReadonlyArray<string> => Array.from({ length: count }, () => "")

export const master: SimulatedMaster = {
  token: (l) => {
    if (l.type === "INDEX") return indexTokens[l.symbol] ?? String(l.exchangeToken)
    return String(l.exchange === "NFO" ? NFO_OFFSET + l.exchangeToken : l.exchangeToken)
  },
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    if (l.expiry === undefined) return l.exchange === "NSE" ? `${l.symbol}-EQ` : l.symbol
    const tail = l.type === "FUT" ? "F" : `${l.type[0]}${l.strike}`
    return `${l.title}${ddmmmyy(l.expiry.date)}${tail}`
  },
  // The segment of the master is the code of the broker's data.
  brokerExchange: (_, code) => String(code),
  write: (listed) => [{ name: "all.csv", text: csvText([COLUMNS, ...listed.map(row)]) }]
}
