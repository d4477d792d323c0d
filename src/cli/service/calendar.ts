/** The exchange calendar that a command uses: the user's file where there is one, else the built-in one. */
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { makeCalendar } from "../../market/calendar.ts"
import { CalendarFile } from "../../market/calendarFile.ts"
import type { MarketHours } from "../../market/hours.ts"
import { Hours } from "../../session/references.ts"
import { isDataFolder } from "../dataFolder.ts"
import { CommandFailed } from "../text/output.ts"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(CalendarFile), { onExcessProperty: "error" })

/** @param file named by the user; `calendar.json` in the data folder otherwise, if there is one */
export const loadCalendar = Effect.fn("loadCalendar")(function* (
  dataDir: string,
  file: string | undefined
): Effect.fn.Return<MarketHours, CommandFailed> {
  yield* isDataFolder(dataDir)
  const path = file ?? join(dataDir, "calendar.json")
  if (file === undefined && !existsSync(path)) return makeCalendar()
  const failed = (what: string) =>
    new CommandFailed({
      message: `The calendar ${path} ${what}. Mend it, or remove it to use the built-in one (docs/operations.md shows its form).`
    })
  const text = yield* Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => failed(`cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`)
  })
  const calendar = yield* Effect.mapError(decode(text), (error) =>
    failed(`is not a calendar: ${error.message.replaceAll("\n", " ")}`)
  )
  return makeCalendar(calendar)
})

export const calendarLayer = (dataDir: string, file: string | undefined): Layer.Layer<never, CommandFailed> =>
  Layer.effect(Hours, loadCalendar(dataDir, file))
