/**
 * What is subscribed on one connection, found by what a packet says: exchange type, then token.
 *
 * One map per exchange type rather than one for all, because a type and a token in one number outgrow V8's
 * small integers, and a map lookup by a larger number costs four times as much.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { WireMode } from "./layout.ts"
import { TOKEN_AT, HEAD_SIZE } from "./layout.ts"

export interface Subscription {
  readonly instrument: WireInstrument
  readonly modes: ReadonlyArray<WireMode>
  /** True while depth-20 is among them. */
  readonly deep: boolean
  /** The last quote packet's tick, kept while `deep`. */
  quote: Tick | undefined
}

export interface Segment<A> {
  readonly exchangeType: number
  readonly divisor: number
  readonly byToken: Map<number, A>
  readonly givenUp: GivenUp<number, A>
}

/** By exchange type; undefined where the type is unknown. */
export type Segments<A> = ReadonlyArray<Segment<A> | undefined>

export const makeSegments = <A>(divisors: ReadonlyMap<number, number>): Segments<A> =>
  Array.from({ length: 256 }, (_, exchangeType) => {
    const divisor = divisors.get(exchangeType)
    if (divisor === undefined) return undefined
    const byToken = new Map<number, A>()
    return { exchangeType, divisor, byToken, givenUp: new GivenUp(byToken) }
  })

/** More digits than any token has; enough to stay an exact number. */
const MAX_DIGITS = 15

/**
 * The packet's token as a number; -1 when it is empty, too long, not all digits or has a leading zero. Such a
 * token can match nothing.
 */
export const readToken = (b: Uint8Array): number => {
  let token = 0
  let at = TOKEN_AT
  for (; at < HEAD_SIZE; at++) {
    const byte = b[at]!
    // What follows the first NUL is not part of the token.
    if (byte === 0) break
    const digit = byte - 48
    if (digit < 0 || digit > 9) return -1
    token = token * 10 + digit
  }
  const digits = at - TOKEN_AT
  if (digits === 1) return token
  return digits === 0 || digits > MAX_DIGITS || b[TOKEN_AT] === 48 ? -1 : token
}
