/**
 * One instrument of the simulated market, apart from any broker: what it is, how its price is printed and what
 * moves it. How a broker names it is `identity.ts`.
 */
import type { Exchange } from "../market/exchange.ts"
import type { InstrumentType } from "../market/instrument.ts"

/** What moves the fair price. Every `of` is the name (`NSE:RELIANCE`) of a listing earlier in the list. */
export type Driver =
  /** A geometric random walk of its own. */
  | { readonly kind: "walk" }
  /** The same company at another exchange. */
  | { readonly kind: "mirror"; readonly of: string }
  /** The underlying plus its cost of carry to expiry. */
  | { readonly kind: "future"; readonly of: string }
  /** A Black-Scholes value on the underlying. */
  | { readonly kind: "option"; readonly of: string }
  /** An index: the mean of its constituents' moves since the previous close. */
  | { readonly kind: "basket"; readonly of: ReadonlyArray<string> }
  /** A volatility index: rises as the index falls. */
  | { readonly kind: "inverse"; readonly of: string }

export interface Listing {
  /** `NSE:RELIANCE`: unique. */
  readonly name: string
  /** Common spelling, as in the instruments table. */
  readonly symbol: string
  readonly exchange: Exchange
  readonly type: InstrumentType
  /** The company, or the underlying of a contract. */
  readonly title: string
  /** The exchange's own token number, from which Kite derives the wire token. */
  readonly exchangeToken: number
  /** The name under which brokers list an index (`NIFTY 50`), and its token at Angel. */
  readonly index?: { readonly kite: string; readonly angel: string; readonly angelToken: string }
  /** `YYYY-MM-DD` and epoch ms of the last trading minute (15:30 IST). */
  readonly expiry?: { readonly date: string; readonly at: number; readonly weekly: boolean }
  /** In rupees. */
  readonly strike?: number
  /** As the master prints it. */
  readonly lotSize: number
  /** The least quantity that trades: the lot on equity derivatives, 1 elsewhere (MCX and CDS count lots). */
  readonly quantityUnit: number
  /** The price grid is `units / scale` rupees. Whole units keep every printed price exact. */
  readonly units: number
  readonly scale: number
  /** The previous close, in rupees, on the grid. */
  readonly close: number
  /** Per year, 0.25 = 25 %. */
  readonly volatility: number
  /** Half the daily price band as a fraction of the close; absent where there is none (indices). */
  readonly band?: number
  readonly driver: Driver
  /** Nobody has traded it today and nobody holds it: no OHLC, zero volume, zero open interest. */
  readonly untraded?: boolean
}

/** In rupees; indices have none. */
export const tickSizeOf = (l: Listing): number => (l.type === "INDEX" ? 0 : l.units / l.scale)

/** The nearest whole number of price steps, at least 1. */
export const toSteps = (l: { readonly units: number; readonly scale: number }, rupees: number): number =>
  Math.max(1, Math.round((rupees * l.scale) / l.units))

/** One division of whole numbers: the nearest double to the decimal that the exchange would print. */
export const toRupees = (l: { readonly units: number; readonly scale: number }, steps: number): number =>
  (steps * l.units) / l.scale
