/** Pocketful's instrument master: a CSV per exchange, which the broker packs into one archive. */
import { monthName } from "../expiries.ts"
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, csvText, weeklyDay, yearMonth } from "./contracts.ts"

const COLUMNS = [
  "exchange_token",
  "trading_symbol",
  "company_name",
  "close_price",
  "expiry",
  "strike",
  "tick_size",
  "lot_size",
  "instrument_name",
  "option_type",
  "segment",
  "exchange"
]

const symbolOf = (l: Listing): string => {
  if (l.index !== undefined) return l.index.angel
  if (l.expiry === undefined) return `${l.symbol}${l.exchange === "BSE" ? "-A" : "-EQ"}`
  const { date, weekly } = l.expiry
  return `${l.title}${weekly ? weeklyDay(date) : yearMonth(date)}${contractTail(l)}`
}

const instrumentName = ({ driver, exchange, type }: Listing): string => {
  if (type === "EQ") return exchange === "BSE" ? "E" : "EQ"
  if (type === "INDEX") return "INDEX"
  const isFuture = type === "FUT"
  const isOnIndex = driver.kind !== "walk" && String(driver.of).includes("_INDEX:")
  if (exchange === "BFO") return `${isOnIndex ? "I" : "S"}${isFuture ? "F" : "O"}`
  const kind = isFuture ? "FUT" : "OPT"
  if (exchange === "CDS") return `${kind}CUR`
  if (exchange === "MCX") return isFuture ? "FUTCOM" : "OPTFUT"
  return `${kind}${isOnIndex ? "IDX" : "STK"}`
}

const segmentOf = ({ exchange, type }: Listing): string => {
  if (type === "EQ") return exchange === "BSE" ? "A" : "EQ"
  if (type !== "INDEX") return "XX"
  return exchange === "BSE_INDEX" ? "IDX" : "INDICES"
}

const day = (date: string | undefined): string => {
  if (date === undefined) return ""
  const month = monthName(date)
  return `${date.slice(8, 10)}-${month[0]!}${month.slice(1).toLowerCase()}-${date.slice(0, 4)}`
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.token,
  i.brokerSymbol,
  l.type === "INDEX" ? i.brokerSymbol : l.title,
  l.close,
  day(i.expiry),
  // With a decimal, as in the broker's files.
  (i.strike ?? 0).toFixed(Number.isInteger(i.strike ?? 0) ? 1 : 4),
  i.tickSize,
  i.lotSize,
  instrumentName(l),
  l.type === "CE" || l.type === "PE" ? l.type : "XX",
  segmentOf(l),
  i.brokerExchange
]

const write = (listed: ReadonlyArray<Listed>): ReadonlyArray<MasterText> => {
  const files = new Map<string, Array<ReadonlyArray<string | number>>>()
  for (const one of listed) {
    const name = `${one.instrument.brokerExchange}CompactScrip.csv`
    const rows = files.get(name) ?? [COLUMNS]
    files.set(name, rows)
    rows.push(row(one))
  }
  return [...files].map(([name, rows]) => ({ name, text: csvText(rows) }))
}

export const master: SimulatedMaster = {
  // The exchanges' own index tokens: 26000 and up at NSE, 1 for SENSEX.
  token: ({ exchange, exchangeToken, index }) =>
    index !== undefined && exchange === "NSE_INDEX" ? index.angelToken.slice(-5) : String(exchangeToken),
  symbol: symbolOf,
  write
}
