/** The market's instruments as one broker lists them: token, symbol and exchange as its master and its wire have them. */
import { tickSizeOf } from "./listing.ts"
import type { Listing } from "./listing.ts"
import type { Listed, SimulatedMaster } from "./masters/master.ts"
import type { Broker } from "../brokers/broker.ts"
import type { Instrument } from "../market/instrument.ts"

/** `NSE` for an index of NSE: most brokers keep indices under their exchange. */
const plainExchange = (listing: Listing): string => listing.exchange.replace("_INDEX", "")

/** The listings that the broker carries, in its own names. */
export const listAt = (
  broker: Broker,
  listings: ReadonlyArray<Listing>,
  master: SimulatedMaster
): ReadonlyArray<Listed> => {
  const listed: Array<Listed> = []
  for (const listing of listings) {
    const code = broker.exchanges[listing.exchange]?.code
    if (code === undefined || master.leavesOut?.(listing) === true) continue
    const instrument: Instrument = {
      symbol: listing.symbol,
      exchange: listing.exchange,
      brokerSymbol: master.symbol(listing),
      brokerExchange: master.brokerExchange?.(listing, code) ?? plainExchange(listing),
      token: master.token(listing, code),
      name: listing.title,
      ...(listing.expiry === undefined ? {} : { expiry: listing.expiry.date }),
      ...(listing.strike === undefined ? {} : { strike: listing.strike }),
      lotSize: listing.lotSize,
      tickSize: tickSizeOf(listing),
      type: listing.type
    }
    listed.push({ listing, instrument, code })
  }
  return listed
}
