/**
 * The one normalised shape of a market-data update.
 *
 * Units: prices in rupees (or the quote currency) exactly as the exchange would print them, quantities as
 * plain numbers, times as epoch milliseconds UTC. A field that the wire did not carry is absent: never 0,
 * never null. A zero price or a zero time on the wire means "none yet" and is absent too (no instrument
 * trades at 0); a zero quantity or open interest is a value and stays.
 */
import * as Schema from "effect/Schema"
import { Mode } from "./mode.ts"
import { outOfBounds } from "./tickRules.ts"

// The kinds of numbers. Their bounds are in `tickRules.ts`, checked for the whole tick at once: a check per field costs
// more than all the rest of a compiled Schema together (measured: 1400 to 2300 ns against 130 ns a depth tick).
const Price = Schema.Number
const Quantity = Schema.Number
const SignedQuantity = Schema.Number
const Time = Schema.Number

// Not in the order of the decoders' levels: an object with the same keys in the same order would share their hidden class, and
// its fields would no longer be numbers to the engine (160 bytes more for each depth tick).
export const Level = Schema.Struct({ orders: Quantity, quantity: Quantity, price: Price })
export type Level = typeof Level.Type

/** Best price first on both sides. Slots that the wire left empty are kept as zeros. */
export const Depth = Schema.Struct({ buy: Schema.Array(Level), sell: Schema.Array(Level) })
export type Depth = typeof Depth.Type

export const Implausible = Schema.Literals(["jump", "circuit"])
export type Implausible = typeof Implausible.Type

export const Tick = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  /** The richest mode that the packet can serve. */
  mode: Mode,
  /** When our socket delivered the frame. */
  received_time: Time,
  /** The exchange's own clock for this update. */
  exchange_time: Schema.optionalKey(Time),
  /** Last trade time. */
  ltt: Schema.optionalKey(Time),
  /** Last traded price. */
  ltp: Schema.optionalKey(Price),
  /** Last traded quantity. */
  ltq: Schema.optionalKey(Quantity),
  open: Schema.optionalKey(Price),
  high: Schema.optionalKey(Price),
  low: Schema.optionalKey(Price),
  /** The previous session's close. */
  close: Schema.optionalKey(Price),
  volume: Schema.optionalKey(Quantity),
  /** Volume-weighted average price of the day. */
  average_price: Schema.optionalKey(Price),
  total_buy_quantity: Schema.optionalKey(Quantity),
  total_sell_quantity: Schema.optionalKey(Quantity),
  /** Open interest, and its extremes of the day. */
  oi: Schema.optionalKey(Quantity),
  oi_high: Schema.optionalKey(Quantity),
  oi_low: Schema.optionalKey(Quantity),
  upper_circuit: Schema.optionalKey(Price),
  lower_circuit: Schema.optionalKey(Price),
  week52_high: Schema.optionalKey(Price),
  week52_low: Schema.optionalKey(Price),
  // The fields of an auction (`auctionFields`): outside one they are absent.
  /** Where the auction would match now. */
  indicative_price: Schema.optionalKey(Price),
  /** How much it would match there. */
  indicative_quantity: Schema.optionalKey(Quantity),
  /** What the auction's price band is measured from. */
  reference_price: Schema.optionalKey(Price),
  /** What would be left unmatched: more to buy is positive, more to sell negative. */
  imbalance: Schema.optionalKey(SignedQuantity),
  /** The same of the orders at the market price alone. */
  market_imbalance: Schema.optionalKey(SignedQuantity),
  depth: Schema.optionalKey(Depth),
  /** Why its `ltp` is doubted; only where the plausibility guard marks (session/ticks/plausibility.ts). */
  implausible: Schema.optionalKey(Implausible)
}).check(Schema.makeFilter(outOfBounds))
export type Tick = typeof Tick.Type

/**
 * What a tick has in an auction only. Most wires do not say that the auction is over; packets just no longer carry them. So what one
 * packet told of them is never kept beside the next one.
 */
export const auctionFields = [
  "indicative_price",
  "indicative_quantity",
  "reference_price",
  "imbalance",
  "market_imbalance"
] as const satisfies ReadonlyArray<keyof Tick>

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** A tick under construction in a codec. */
export type TickDraft = Mutable<Tick>
