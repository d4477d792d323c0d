/** The setting of the plausibility guard. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { parsePlausibility } from "../../session/ticks/plausibility.ts"
import { Plausibility } from "../../session/references.ts"
import { CommandFailed } from "../text/output.ts"

export const plausibilityLayer = (text: string): Layer.Layer<never, CommandFailed> =>
  Layer.effect(
    Plausibility,
    Effect.suspend(() => {
      const options = parsePlausibility(text)
      return options === undefined
        ? Effect.fail(
            new CommandFailed({
              message: `--plausibility ${text} (ALGOWAYS_PLAUSIBILITY) is not understood: give off, mark or drop, or with the percentage of a jump (more than 0, at most 1000), such as mark:20`
            })
          )
        : Effect.succeed(options)
    })
  )
