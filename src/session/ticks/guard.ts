/**
 * The last check before a tick leaves the feed: is it what the Tick Schema says a tick is?
 *
 * Good ticks are recognised by the Schema's rules compiled into straight code (`market/tickCheck.ts`). What does not pass is
 * mended, if only counts or times are wrong: they are left out. All else is put to the Schema itself, which says why.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Tick } from "../../market/tick.ts"
import { makeTickCheck } from "../../market/tickCheck.ts"
import { badLevelCount, withoutBadFields } from "../../market/tickRules.ts"
import { brokerText } from "../../protocols/kit/text.ts"

/** True for a good tick. */
export type Guard = (tick: Tick) => boolean

/** For the ticks of one protocol: it grows fast on them (`market/tickCheck.ts`). */
export const makeGuard: () => Guard = makeTickCheck

const guards = new Map<string, Guard>()

/** One for all connections of a stream: it is warm when a connection is made again, and a thousand users need one. */
export const guardOf = (stream: string): Guard => {
  const known = guards.get(stream)
  if (known !== undefined) return known
  const made = makeGuard()
  guards.set(stream, made)
  return made
}

/** Told of each field that was left out, with what was wrong, for a log. */
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

/** Why a tick was refused, for the sampled log line. Called for rejects only. */
export const explain = (tick: unknown): string => {
  const result = decode(tick)
  return Result.isFailure(result) ? result.failure.message.replaceAll("\n", " ") : "passes"
}
