/** Paytm Money's instrument master: one CSV, contracts under the exchange of their underlying. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const COLUMNS = [
  "security_id",
  "symbol",
  "name",
  "series",
  "tick_size",
  "lot_size",
  "instrument_type",
  "segment",
  "exchange",
  "upper_limit",
  "lower_limit",
  "expiry_date",
  "strike_price",
  "freeze_quantity"
]

const exchangeOf = ({ exchange }: Listing): string =>
  exchange === "NFO" || exchange === "NSE_INDEX" ? "NSE" : exchange === "BFO" ? "BSE" : exchange.slice(0, 3)

/** The real ids, which are numbers that shares have as well. */
const indexIds: Readonly<Record<string, string>> = {
  "NSE_INDEX:NIFTY": "13",
  "NSE_INDEX:BANKNIFTY": "25",
  "BSE_INDEX:SENSEX": "51"
}

const kindOf = ({ driver, type }: Listing): string => {
  if (type === "EQ") return "ES"
  if (type === "INDEX") return "I"
  const underlying = driver.kind !== "walk" && String(driver.of).includes("_INDEX:") ? "IDX" : "STK"
  return `${type === "FUT" ? "FUT" : "OPT"}${underlying}`
}

/** `NIFTY 28 AUG 24500 CALL` */
const symbolOf = (l: Listing): string => {
  if (l.index !== undefined) return l.index.kite
  if (l.expiry === undefined) return l.symbol
  const { date } = l.expiry
  const start = `${l.title} ${date.slice(8, 10)} ${monthName(date)}`
  return l.type === "FUT" ? `${start} FUT` : `${start} ${l.strike} ${l.type === "CE" ? "CALL" : "PUT"}`
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.token,
  l.type === "EQ" ? l.symbol : i.brokerSymbol.replaceAll(" ", ""),
  l.type === "EQ" ? l.title : i.brokerSymbol,
  l.type === "EQ" ? "EQ" : "",
  i.tickSize,
  i.lotSize,
  kindOf(l),
  l.type === "EQ" ? "E" : l.type === "INDEX" ? "I" : "D",
  i.brokerExchange,
  "",
  "",
  i.expiry ?? "",
  i.strike ?? "",
  ""
]

export const master: SimulatedMaster = {
  token: (l) => indexIds[l.name] ?? String(l.exchangeToken),
  symbol: symbolOf,
  brokerExchange: exchangeOf,
  write: (listed) => [{ name: "security_master.csv", text: csvText([COLUMNS, ...listed.map(row)]) }]
}
