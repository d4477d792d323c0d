/** HDFC Sky's instrument master: CSV, strikes and tick sizes in rupees, indices as rows of their cash exchange. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, csvText, weeklyDay, yearMonth } from "./contracts.ts"

const COLUMNS =
  "exchange_token,trading_symbol,company_name,close_price,expiry,strike,tick_size,lot_size,instrument_name,option_type,segment,exchange,fin_instrm_pdct_tp_cd,asset_code,settlement_type,isin"

/** `27-Aug-2026`; what does not expire has the year 1. */
const expiryOf = (date: string | undefined): string => {
  if (date === undefined) return "01-Jan-0001"
  const month = monthName(date)
  return `${date.slice(8, 10)}-${month[0]}${month.slice(1).toLowerCase()}-${date.slice(0, 4)}`
}

const segmentOf = (l: Listing): string => {
  if (l.type === "INDEX") return l.exchange === "NSE_INDEX" ? "INDICES" : "IDX"
  if (l.type !== "EQ") return l.exchange
  return l.exchange === "NSE" ? "EQ" : "A"
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.token,
  i.brokerSymbol,
  // As in the real file: empty on MCX, and the trading symbol on CDS.
  l.exchange === "MCX" ? "" : l.exchange === "CDS" ? i.brokerSymbol : i.name,
  l.close,
  expiryOf(i.expiry),
  l.type === "FUT" ? -0.01 : (i.strike ?? 0),
  i.tickSize,
  i.lotSize,
  l.type === "EQ" || l.type === "INDEX" ? "EQUITY" : l.type === "FUT" ? "FUT" : "OPT",
  l.type === "CE" || l.type === "PE" ? l.type : "XX",
  segmentOf(l),
  i.brokerExchange,
  "",
  "",
  "",
  ""
]

/** The tokens of HDFC's indices: 26000 and on at NSE, small numbers at BSE. */
export const indexToken = (l: Listing): string =>
  l.exchange === "NSE_INDEX" && l.index !== undefined
    ? l.index.angelToken.replace(/^999/, "")
    : String(l.exchangeToken)

export const master: SimulatedMaster = {
  token: indexToken,
  symbol: (l) => {
    if (l.index !== undefined) return l.exchange === "NSE_INDEX" ? l.index.angel : l.index.kite
    if (l.expiry === undefined) return `${l.symbol}-${segmentOf(l)}`
    const { date, weekly } = l.expiry
    return `${l.title}${weekly ? weeklyDay(date) : yearMonth(date)}${contractTail(l)}`
  },
  write: (listed) => [{ name: "CompactScrip.csv", text: csvText([COLUMNS.split(","), ...listed.map(row)]) }]
}
