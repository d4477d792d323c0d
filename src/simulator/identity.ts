/**
 * How a broker names the market's instruments: token, symbol and exchange as its master and its wire have them. By
 * wire protocol, since that is what brokers share.
 */
import { ddmmmyy, monthName } from "./expiries.ts"
import { tickSizeOf } from "./listing.ts"
import type { Listing } from "./listing.ts"
import type { Broker } from "../brokers/broker.ts"
import type { Instrument } from "../market/instrument.ts"

export interface Listed {
  readonly listing: Listing
  readonly instrument: Instrument
  /** The broker's segment code on its wire. */
  readonly code: number
}

interface Naming {
  readonly token: (listing: Listing, code: number) => string
  readonly symbol: (listing: Listing) => string
}

/** `NSE` for an index of NSE: both brokers keep indices under their exchange. */
const plainExchange = (listing: Listing): string => listing.exchange.replace("_INDEX", "")

/** What follows the underlying's name: `FUT`, or strike and type. */
const contractTail = (l: Listing): string => (l.type === "FUT" ? "FUT" : `${l.strike}${l.type}`)

/** Kite's weekly month letters: 1 to 9, then O, N, D. */
const weeklyMonth = (date: string): string => "123456789OND"[Number(date.slice(5, 7)) - 1] ?? "1"

const yearMonth = (date: string): string => `${date.slice(2, 4)}${monthName(date)}`

const kite: Naming = {
  token: (l, code) => String(l.exchangeToken * 256 + code),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite
    if (l.expiry === undefined) return l.symbol
    const { date, weekly } = l.expiry
    const when = weekly ? `${date.slice(2, 4)}${weeklyMonth(date)}${date.slice(8, 10)}` : yearMonth(date)
    return `${l.title}${when}${contractTail(l)}`
  }
}

const smartstream: Naming = {
  token: (l) => l.index?.angelToken ?? String(l.exchangeToken),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    if (l.exchange === "NSE") return `${l.symbol}-EQ`
    if (l.expiry === undefined) return l.symbol
    // NSE and MCX contracts carry the whole date, BSE and currency ones year and month.
    const when =
      l.exchange === "NFO" || l.exchange === "MCX" ? ddmmmyy(l.expiry.date) : yearMonth(l.expiry.date)
    return `${l.title}${when}${contractTail(l)}`
  }
}

const namings: Readonly<Record<string, Naming>> = { kite, smartstream }

/** Protocols whose brokers can be simulated. */
export const simulatedProtocols: ReadonlyArray<string> = Object.keys(namings)

/** The listings that the broker carries, in its own names; `undefined` where its protocol is not simulated. */
export const listAt = (
  broker: Broker,
  listings: ReadonlyArray<Listing>
): ReadonlyArray<Listed> | undefined => {
  const naming = namings[broker.protocol]
  if (naming === undefined) return undefined
  const listed: Array<Listed> = []
  for (const listing of listings) {
    const code = broker.exchanges[listing.exchange]?.code
    if (code === undefined) continue
    const instrument: Instrument = {
      symbol: listing.symbol,
      exchange: listing.exchange,
      brokerSymbol: naming.symbol(listing),
      brokerExchange: plainExchange(listing),
      token: naming.token(listing, code),
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
