/**
 * Which value of a topic means what. A topic's values are numbered; the numbers differ from broker to broker, and one
 * of the brokers tells them in its answer to the login. So they are data.
 *
 * The first slot of a topic's values is not on the wire and never has a value: it stands for every field that a
 * broker does not send, so that a field's number is never looked up in vain.
 */

import type { Kind } from "./layout.ts"

/** The slot of a value's number on the wire. */
export const slot = (number: number): number => number + 1
export const NO_SLOT = 0

/** From when times are counted, epoch milliseconds. */
interface Timed {
  readonly epoch: number
}

/** Where multiplier and precision of the prices are, for a broker that sends them among the values. */
interface Scaled {
  readonly multiplier: number
  readonly precision: number
}

export interface QuoteFields extends Scaled, Timed {
  readonly ltp: number
  readonly ltq: number
  readonly ltt: number
  readonly exchangeTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly average: number
  readonly totalBuy: number
  readonly totalSell: number
  readonly oi: number
  readonly upperCircuit: number
  readonly lowerCircuit: number
  readonly week52High: number
  readonly week52Low: number
  /** Best bid and ask: written by the simulator; no book, so a tick has no place for them. */
  readonly bid: number
  readonly ask: number
  readonly bidQuantity: number
  readonly askQuantity: number
}

export interface IndexFields extends Scaled, Timed {
  readonly ltp: number
  readonly exchangeTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
}

/** Slots by level, best first. */
export interface SideFields {
  readonly price: ReadonlyArray<number>
  readonly quantity: ReadonlyArray<number>
  readonly orders: ReadonlyArray<number>
}

export interface BookFields extends Scaled {
  readonly buy: SideFields
  readonly sell: SideFields
  /** Leaves levels without a price out instead of keeping their places. */
  readonly dropEmpty: boolean
}

export interface Fields {
  readonly sf: QuoteFields
  readonly if: IndexFields
  readonly dp: BookFields
  /** How many values each kind of topic has; more are not kept. */
  readonly count: Readonly<Record<Kind, number>>
  /** How many of them, from the first, a lite update has. */
  readonly lite: Readonly<Record<Kind, number>>
}

/** Five slots in a row. */
export const five = (first: number): ReadonlyArray<number> =>
  Array.from({ length: 5 }, (_, level) => slot(first + level))
