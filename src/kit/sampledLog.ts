/** Log lines from callbacks, at most one per key and interval, with the number that were held back. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { monotonicOf } from "./monotonic.ts"

/** Safe to call from a socket callback. `detail` is built only when the line is really written. */
type Write = (key: string, detail: () => string, fields?: Readonly<Record<string, unknown>>) => void

export interface SampledLog {
  readonly warn: Write
  /** For faults of ours, or of whoever wrote a hook. */
  readonly error: Write
}

const EVERY_MS = 10_000

export const makeSampledLog: Effect.Effect<SampledLog> = Effect.gen(function* () {
  const now = monotonicOf(yield* Clock.Clock)
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const last = new Map<string, { at: number; heldBack: number }>()
  const sampled =
    (write: (line: string) => Effect.Effect<void>): Write =>
    (key, detail, fields = {}) => {
      const at = now()
      const seen = last.get(key)
      if (seen !== undefined && at - seen.at < EVERY_MS) {
        seen.heldBack++
        return
      }
      const more =
        seen === undefined || seen.heldBack === 0 ? "" : ` (and ${seen.heldBack} more since the last line)`
      last.set(key, { at, heldBack: 0 })
      run(Effect.annotateLogs(write(`${key}: ${detail()}${more}`), fields))
    }
  return { warn: sampled(Effect.logWarning), error: sampled(Effect.logError) }
})
