/** Who listens in on the connections of `serve` and `feed`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { combineTaps } from "../session/combineTaps.ts"
import * as Quarantine from "../session/quarantine/index.ts"
import { ConnectionTaps } from "../session/surroundings.ts"

export interface TapsInput {
  readonly dataDir: string
  /** MiB on disk; 0 keeps nothing. */
  readonly quarantine: number
}

export const tapsLayer = (input: TapsInput): Layer.Layer<never> =>
  Layer.effect(
    ConnectionTaps,
    Effect.gen(function* () {
      const taps =
        input.quarantine === 0
          ? []
          : [
              yield* Quarantine.make({
                dataDir: input.dataDir,
                maxBytes: input.quarantine * 1024 * 1024
              })
            ]
      return combineTaps(...taps)
    })
  )
