/** Nubra's instrument master: JSON of each exchange, prices in paise, and a CSV of the indices. */
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, csvText, weeklyDay, yearMonth } from "./contracts.ts"

/** Nubra's numbers are its own, and unique over all exchanges: order books carry nothing else. */
const SEGMENTS = ["NSE", "BSE", "NFO", "BFO", "MCX"]
const PER_SEGMENT = 10_000_000

const isIndex = ({ listing }: Listed): boolean => listing.type === "INDEX"

const entry = ({ instrument: i, listing: l }: Listed) => ({
  ref_id: Number(i.token),
  stock_name: i.brokerSymbol,
  zanskar_name: i.brokerSymbol,
  asset: l.expiry === undefined ? i.symbol : i.name,
  asset_type: l.expiry === undefined ? "STOCKS" : "INDEX_FO",
  derivative_type: l.type === "EQ" ? "STOCK" : l.type === "FUT" ? "FUT" : "OPT",
  option_type: l.type === "CE" || l.type === "PE" ? l.type : "N/A",
  expiry: i.expiry === undefined ? 0 : Number(i.expiry.replaceAll("-", "")),
  strike_price: i.strike === undefined ? 0 : Math.round(i.strike * 100),
  tick_size: Math.round(i.tickSize * 100),
  lot_size: i.lotSize,
  exchange: i.brokerExchange
})

const refdata = (listed: ReadonlyArray<Listed>, exchange: string) => ({
  name: `refdata-${exchange}.json`,
  text: JSON.stringify({
    refdata: listed.filter((l) => !isIndex(l) && l.instrument.brokerExchange === exchange).map(entry)
  })
})

const indexRow = ({ instrument: i }: Listed): ReadonlyArray<string> => [
  i.brokerExchange,
  i.brokerSymbol,
  i.brokerSymbol,
  i.name
]

const symbolOf = (l: Listing): string => {
  if (l.expiry === undefined) return l.symbol
  const { date, weekly } = l.expiry
  return `${l.title}${weekly ? weeklyDay(date) : yearMonth(date)}${contractTail(l)}`
}

export const master: SimulatedMaster = {
  token: (l) =>
    l.type === "INDEX"
      ? symbolOf(l)
      : String((1 + SEGMENTS.indexOf(l.exchange)) * PER_SEGMENT + l.exchangeToken),
  symbol: symbolOf,
  brokerExchange: (_, code) => String(code),
  write: (listed) => [
    ...["NSE", "BSE", "MCX"].map((exchange) => refdata(listed, exchange)),
    {
      name: "indexes.csv",
      text: csvText([
        ["EXCHANGE", "INDEX_SYMBOL", "ZANSKAR_INDEX_SYMBOL", "INDEX_NAME"],
        ...listed.filter(isIndex).map(indexRow)
      ])
    }
  ]
}
