/** HDFC Securities' instrument master: CSV, an id for orders beside the feed's token, tick sizes mostly in paise. */
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"
import { indexToken } from "./hdfcsky.ts"

const COLUMNS =
  "exchange,security_id,instrument_segment,expiry_date,strike_price,option_type,lot_size,tick_size,close_price,exch_security_id,symbol_name,underline_symbol,open_price"

const exchangeOf = ({ exchange }: Listing): string =>
  exchange === "MCX" ? "MCX" : exchange.startsWith("B") ? "BSE" : "NSE"

const segmentOf = (l: Listing): string => {
  if (l.type === "EQ" || l.type === "INDEX") return "EQUITY"
  const isFuture = l.type === "FUT"
  if (l.exchange === "CDS") return isFuture ? "FUTCUR" : "OPTCUR"
  // Options on MCX are options on a future.
  if (l.exchange === "MCX") return isFuture ? "FUTCOM" : "OPTFUT"
  const onIndex = l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:")
  return `${isFuture ? "FUT" : "OPT"}${onIndex ? "IDX" : "STK"}`
}

/** `5` for 0.05 rupees; what is no whole number of paise is in rupees. */
const tickSizeOf = (rupees: number): string => {
  const paise = Math.round(rupees * 100)
  return Math.abs(paise - rupees * 100) < 1e-9 ? String(paise) : rupees.toFixed(4).replace(/^0/, "")
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.brokerExchange,
  i.brokerSymbol,
  segmentOf(l),
  i.expiry ?? "",
  l.type === "FUT" ? -0.01 : (i.strike ?? ""),
  l.type === "CE" || l.type === "PE" ? l.type : "",
  i.lotSize,
  tickSizeOf(i.tickSize),
  l.close,
  i.token,
  l.expiry === undefined ? i.symbol : i.name,
  l.expiry === undefined ? "" : i.name,
  ""
]

export const master: SimulatedMaster = {
  token: indexToken,
  symbol: (l) => {
    if (l.expiry === undefined) return `${l.symbol}EQNR`
    if (l.exchange === "BFO") return `B${l.exchangeToken}`
    return l.exchange === "CDS" ? `${l.exchangeToken}C` : String(l.exchangeToken)
  },
  brokerExchange: exchangeOf,
  write: (listed) => [
    { name: "security-master.csv", text: csvText([COLUMNS.split(","), ...listed.map(row)]) }
  ]
}
