/**
 * The last check before a tick leaves the feed: does it match the Tick Schema?
 *
 * Good ticks are recognised by the Schema's rules, compiled into straight code (`market/tickCheck.ts`). A tick that
 * does not pass is mended if only counts or times are wrong: those are left out. For any other tick the Schema itself
 * says what is wrong.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Tick } from "../../market/tick.ts"
import { makeTickCheck } from "../../market/tickCheck.ts"
import { badLevelCount, withoutBadFields } from "../../market/tickRules.ts"
import { brokerText } from "../../protocols/kit/text.ts"

/** True for a good tick. */
export type Guard = (tick: Tick) => boolean

/** For the ticks of one protocol: it becomes fast on them (`market/tickCheck.ts`). */
export const makeGuard: () => Guard = makeTickCheck

const guards = new Map<string, Guard>()

/** One for all connections of a stream: it is warm when a connection is replaced, and a thousand users need only one. */
export const guardOf = (stream: string): Guard => {
  const known = guards.get(stream)
  if (known !== undefined) return known
  const made = makeGuard()
  guards.set(stream, made)
  return made
}

/** Called for each field that was left out, with what was wrong, for a log. */
export type LeftOut = (field: string, detail: string) => void

/** A tick that the guard refused, without what is wrong with it; undefined where it must be rejected. */
export const mend = (tick: Tick, leftOut: LeftOut): Tick | undefined => {
  const mended = withoutBadFields(tick)
  if (mended === undefined) return undefined
  for (const field of mended.leftOut) leftOut(field, faultOf(field, tick[field as keyof Tick]))
  return mended.tick as Tick
}

/** `volume is -5`. */
export const faultOf = (field: string, value: unknown): string => {
  const count = field === "depth" ? badLevelCount(value) : undefined
  return count === undefined ? `${field} is ${brokerText(value)}` : `depth has a bad ${count}`
}

const decode = Schema.decodeUnknownResult(Tick)

/** Why a tick was refused, for the sampled log. Called for rejected ticks only. */
export const explain = (tick: unknown): string => {
  const result = decode(tick)
  return Result.isFailure(result) ? result.failure.message.replaceAll("\n", " ") : "passes"
}
