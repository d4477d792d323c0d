/** Groww's instrument master: CSV, contracts under their underlying and expiry. */
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, csvText, yearMonth } from "./contracts.ts"

const COLUMNS =
  "exchange,exchange_token,trading_symbol,groww_symbol,name,instrument_type,segment,series,isin,underlying_symbol,underlying_exchange_token,expiry_date,strike_price,lot_size,tick_size,freeze_quantity"

const row = ({ instrument: i, listing }: Listed): ReadonlyArray<string | number> => {
  const isContract = listing.expiry !== undefined
  const isIndex = listing.type === "INDEX"
  return [
    i.brokerExchange,
    i.token,
    i.brokerSymbol,
    `${i.brokerExchange}-${i.brokerSymbol}`,
    isContract ? "" : i.name,
    isIndex ? "IDX" : i.type,
    isContract ? "FNO" : "CASH",
    i.type === "EQ" ? "EQ" : "",
    "",
    isContract ? i.name : "",
    "",
    i.expiry ?? "",
    i.strike ?? "",
    isIndex ? "" : i.lotSize,
    isIndex ? "" : i.tickSize,
    ""
  ]
}

export const master: SimulatedMaster = {
  // NSE's indices have their symbol for a token, BSE's a number.
  token: (l) => (l.exchange === "NSE_INDEX" ? l.symbol : String(l.exchangeToken)),
  symbol: (l) =>
    l.expiry === undefined ? l.symbol : `${l.title}${yearMonth(l.expiry.date)}${contractTail(l)}`,
  brokerExchange: (l) => (l.exchange.startsWith("B") ? "BSE" : "NSE"),
  write: (listed) => [{ name: "instrument.csv", text: csvText([COLUMNS.split(","), ...listed.map(row)]) }]
}
