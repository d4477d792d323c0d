/** Delta Exchange India's products: one page of JSON. */
import { ddmmmyy } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"

const contractType = ({ expiry, type }: Listing): string => {
  if (expiry === undefined) return "perpetual_futures"
  return type === "FUT" ? "futures" : type === "CE" ? "call_options" : "put_options"
}

const product = ({ instrument: i, listing }: Listed) => ({
  id: Number(i.token),
  symbol: i.brokerSymbol,
  description: `${i.name} ${contractType(listing)}`,
  contract_type: contractType(listing),
  settlement_time: i.expiry === undefined ? null : `${i.expiry}T12:00:00Z`,
  strike_price: i.strike === undefined ? null : String(i.strike),
  tick_size: String(i.tickSize),
  contract_value: String(i.lotSize),
  underlying_asset: { symbol: i.name },
  quoting_asset: { symbol: "USD" },
  state: "live",
  trading_status: "operational"
})

export const master: SimulatedMaster = {
  token: (l) => String(l.exchangeToken),
  symbol: (l) => {
    if (l.expiry === undefined) return `${l.title}USD`
    const { date } = l.expiry
    // The form of a dated future's symbol is UNCONFIRMED; readers take it as it is.
    if (l.type === "FUT") return `${l.title}USD_${ddmmmyy(date)}`
    const day = `${date.slice(8, 10)}${date.slice(5, 7)}${date.slice(2, 4)}`
    return `${l.type === "CE" ? "C" : "P"}-${l.title}-${l.strike}-${day}`
  },
  brokerExchange: () => "DELTAIN",
  write: (listed) => [
    {
      name: "products.json",
      text: JSON.stringify({
        success: true,
        result: listed.map(product),
        meta: { after: null, before: null }
      })
    }
  ]
}
