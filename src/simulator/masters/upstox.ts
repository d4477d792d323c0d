/** Upstox' instrument master: JSON, where the key of an instrument is its segment and ISIN, token or name. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"

/** The simulated market knows no ISIN; one made of the symbol is as unique, and equal at both exchanges. */
const keyOf = (l: Listing): string => {
  if (l.index !== undefined) return l.exchange === "NSE_INDEX" ? l.index.angel : l.index.kite
  return l.type === "EQ" ? `INE${l.symbol}` : String(l.exchangeToken)
}

/** Midnight at the end of the day of expiry, in India, less a second. */
const expiryOf = (date: string): number => Date.parse(`${date}T23:59:59+05:30`)

const entry = ({ instrument: i, listing: l }: Listed) => ({
  segment: i.brokerExchange,
  name: i.name,
  exchange: i.brokerExchange.split("_")[0],
  instrument_type: l.type === "EQ" && l.exchange === "BSE" ? "A" : l.type,
  instrument_key: i.token,
  trading_symbol: i.brokerSymbol,
  exchange_token: String(l.exchangeToken),
  ...(l.type === "INDEX" ? {} : { lot_size: i.lotSize, tick_size: i.tickSize * 100 }),
  ...(i.expiry === undefined
    ? {}
    : { expiry: expiryOf(i.expiry), strike_price: i.strike ?? 0, underlying_symbol: i.name })
})

export const master: SimulatedMaster = {
  token: (l, code) => `${code}|${keyOf(l)}`,
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite
    if (l.expiry === undefined) return l.symbol
    const { date } = l.expiry
    const when = `${date.slice(8, 10)} ${monthName(date)} ${date.slice(2, 4)}`
    return l.type === "FUT" ? `${l.title} FUT ${when}` : `${l.title} ${l.strike} ${l.type} ${when}`
  },
  brokerExchange: (_, code) => String(code),
  write: (listed) => [{ name: "complete.json", text: JSON.stringify(listed.map(entry)) }]
}
