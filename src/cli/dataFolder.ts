/** The data folder before anything is opened in it. */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { DATABASE_FILE } from "../store/index.ts"
import { CommandFailed } from "./output.ts"

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

/** For what only reads: a folder that is not there is a wrong name, and none is made. */
export const hasDatabase = (dataDir: string): Effect.Effect<void, CommandFailed> =>
  Effect.andThen(
    isDataFolder(dataDir),
    Effect.suspend(() =>
      existsSync(join(dataDir, DATABASE_FILE))
        ? Effect.void
        : Effect.fail(
            new CommandFailed({
              message: `There is nothing of AlgoWays in ${dataDir}. Name the data folder with --data-dir (ALGOWAYS_DATA_DIR), or begin with "algoways users add NAME --broker BROKER".`
            })
          )
    )
  )
