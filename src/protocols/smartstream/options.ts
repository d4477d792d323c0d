/**
 * The variant of the smartstream protocol: what the broker's data or the user may choose.
 *
 * - `dialect` ("angel"): whose server it is, "angel" or "mstock".
 * - `divisors` (layout.ts): price divisors by exchange type, merged over the known ones. m.Stock's SDK divides
 *   everything by 100; that currency (13) is otherwise there too, as at Angel, is UNCONFIRMED: whole paise could not
 *   hold its four decimals.
 * - `subscriptionLimit` (1000): subscriptions on one connection, each mode of a token counting. Widely quoted,
 *   in no source here: UNCONFIRMED. The client uses it to choose the order of a mode change, the simulator's
 *   side answers E1002 beyond it.
 *
 * Angel:
 * - `deepLimit` (50): depth-20 subscriptions that the simulator's side takes on one connection. The number is
 *   documented; which error the real server answers is UNCONFIRMED.
 *
 * m.Stock, all of it UNCONFIRMED:
 * - `loginAnswer` (true): the server answers the login with a text, and takes subscriptions after it.
 * - `istTimes` (true): times count seconds of India's wall clock from 1980, as NSE's own do, rather than UTC's.
 */
import { INDIA_OFFSET_SECONDS } from "../../kit/indiaTime.ts"
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, choiceOf, countOf, divisorsOf } from "../kit/variant.ts"
import { DIVISORS } from "./layout.ts"

export type Dialect = "angel" | "mstock"

/** @throws InvalidVariant */
export const dialectOf = ({ variant }: CodecOptions): Dialect =>
  choiceOf("smartstream", variant, "dialect", ["angel", "mstock"], "angel")

export interface SmartStreamOptions {
  /** By exchange type; types that are not in here are unknown. */
  readonly divisors: ReadonlyMap<number, number>
  readonly subscriptionLimit: number
  readonly deepLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const smartStreamOptions = ({ variant }: CodecOptions): SmartStreamOptions => ({
  divisors: divisorsOf("smartstream", variant, DIVISORS),
  subscriptionLimit: countOf("smartstream", variant, "subscriptionLimit", 1000),
  deepLimit: countOf("smartstream", variant, "deepLimit", 50)
})

export interface MStockOptions {
  readonly loginAnswer: boolean
  /** Seconds that its times are ahead of UTC. */
  readonly ahead: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const mstockOptions = ({ variant }: CodecOptions): MStockOptions => ({
  loginAnswer: booleanOf("smartstream", variant, "loginAnswer", true),
  ahead: booleanOf("smartstream", variant, "istTimes", true) ? INDIA_OFFSET_SECONDS : 0
})
