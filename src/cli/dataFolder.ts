/** The data folder before anything is opened in it. */
import { statSync } from "node:fs"
import * as Effect from "effect/Effect"
import { CommandFailed } from "./text/output.ts"

/** Fails where something else has the name of the folder. One that is not there yet is made by what stores the first thing. */
export const isDataFolder = (dataDir: string): Effect.Effect<void, CommandFailed> =>
  Effect.suspend(() =>
    statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() === false
      ? Effect.fail(
          new CommandFailed({
            message: `${dataDir} is a file and no folder. Name the data folder with --data-dir (ALGOWAYS_DATA_DIR).`
          })
        )
      : Effect.void
  )
