/**
 * The last check before a tick leaves the feed: is it what the Tick Schema says a tick is?
 *
 * Good ticks are recognised by the Schema's rules compiled into straight code (`market/tickCheck.ts`); what does not
 * pass is put to the Schema itself, which says why.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Tick } from "../market/tick.ts"
import { makeTickCheck } from "../market/tickCheck.ts"

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

const decode = Schema.decodeUnknownResult(Tick)

/** Why a tick was refused, for the sampled log line. Called for rejects only. */
export const explain = (tick: unknown): string => {
  const result = decode(tick)
  return Result.isFailure(result) ? result.failure.message.replaceAll("\n", " ") : "passes"
}
