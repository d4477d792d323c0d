/** Motilal Oswal's instrument master: scrips in a CSV per exchange, indices in others. */
import { monthName } from "../expiries.ts"
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const SCRIPS = [
  "exchange",
  "exchangename",
  "scripcode",
  "scripname",
  "marketlot",
  "scripshortname",
  "issuspended",
  "instrumentname",
  "expirydate",
  "strikeprice",
  "optiontype",
  "ticksize"
]
const INDICES = ["exchangename", "indexcode", "indexname"]

const names: Readonly<Record<string, string>> = {
  NFO: "NSEFO",
  BFO: "BSEFO",
  CDS: "NSECD",
  NSE_INDEX: "NSE",
  BSE_INDEX: "BSE"
}
const nameOf = ({ exchange }: Listing): string => names[exchange] ?? exchange

/** The master's house names for BSE's index contracts. */
const shortName = ({ exchange, symbol, title, type }: Listing): string => {
  if (type === "EQ") return symbol
  return exchange === "BFO" && title === "SENSEX" ? "BSX" : title
}

const day = (date: string): string => `${date.slice(8, 10)}-${monthName(date)}-${date.slice(0, 4)}`

const scripName = (l: Listing): string => {
  if (l.type === "EQ") return l.exchange === "NSE" ? `${l.symbol} EQ` : l.symbol
  const start = `${shortName(l)} ${day(l.expiry?.date ?? "")}`
  return l.type === "FUT" ? `${start} FUT` : `${start} ${l.type} ${l.strike}`
}

const instrumentName = ({ driver, exchange, type }: Listing): string => {
  if (type === "EQ") return "EQUITY"
  const kind = type === "FUT" ? "FUT" : "OPT"
  if (exchange === "CDS") return `${kind}CUR`
  if (exchange === "MCX") return `${kind}COM`
  return driver.kind !== "walk" && String(driver.of).includes("_INDEX:") ? `${kind}IDX` : `${kind}STK`
}

const scrip = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  1,
  i.brokerExchange,
  i.token,
  i.brokerSymbol,
  i.lotSize,
  shortName(l),
  "N",
  instrumentName(l),
  l.expiry === undefined ? 0 : Math.floor(l.expiry.at / 1000),
  i.strike ?? 0,
  l.type === "EQ" ? "EQ" : l.type === "FUT" ? "XX" : l.type,
  i.tickSize
]

const write = (listed: ReadonlyArray<Listed>): ReadonlyArray<MasterText> => {
  const files = new Map<string, Array<ReadonlyArray<string | number>>>()
  for (const row of listed) {
    const { instrument: i, listing } = row
    const isIndex = listing.type === "INDEX"
    const name = `${i.brokerExchange}${isIndex ? "Index" : ""}.csv`
    const rows = files.get(name) ?? [isIndex ? INDICES : SCRIPS]
    files.set(name, rows)
    rows.push(isIndex ? [i.brokerExchange, i.token, i.brokerSymbol] : scrip(row))
  }
  return [...files].map(([name, rows]) => ({ name, text: csvText(rows) }))
}

export const master: SimulatedMaster = {
  // The broadcast numbers NSE's indices from 888800 on and BSE's from 999900.
  token: ({ exchange, exchangeToken: n, index }) => {
    if (index === undefined) return String(n)
    return String(exchange === "BSE_INDEX" ? 999_900 + n : 888_800 + (n % 100))
  },
  symbol: (l) => (l.index === undefined ? scripName(l) : l.index.kite),
  brokerExchange: nameOf,
  write
}
