/** `algoways calendar`: which exchange trades now, or at a moment, and why. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { indiaMinute } from "../../kit/indiaTime.ts"
import type { Exchange } from "../../market/exchange.ts"
import { exchanges, isExchange } from "../../market/exchange.ts"
import { loadCalendar } from "../service/calendar.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printRows } from "../text/output.ts"

const chosen = (names: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Exchange>, CommandFailed> => {
  const known: Array<Exchange> = []
  for (const name of names) {
    const upper = name.toUpperCase()
    if (!isExchange(upper)) {
      const message = `There is no exchange "${name}". Known ones: ${exchanges.join(", ")}`
      return Effect.fail(new CommandFailed({ message }))
    }
    known.push(upper)
  }
  return Effect.succeed(known.length === 0 ? exchanges : known)
}

const momentOf = (text: string | undefined): Effect.Effect<number, CommandFailed> => {
  if (text === undefined) return Clock.currentTimeMillis
  const at = Date.parse(text)
  return Number.isFinite(at)
    ? Effect.succeed(at)
    : Effect.fail(
        new CommandFailed({ message: `"${text}" is no moment: write it as 2026-11-28T09:15+05:30` })
      )
}

export const calendar = Command.make(
  "calendar",
  {
    dataDir: flags.dataDir,
    calendar: flags.calendar,
    json: flags.json,
    at: Flag.String("at").pipe(
      Flag.withMetavar("2026-11-28T09:15+05:30"),
      Flag.withDescription("The moment; now by default"),
      Flag.optional
    ),
    exchange: Argument.String("exchange").pipe(Argument.variadic())
  },
  Effect.fn(function* (input) {
    const hours = yield* loadCalendar(input.dataDir, Option.getOrUndefined(input.calendar))
    const at = yield* momentOf(Option.getOrUndefined(input.at))
    const rows = (yield* chosen(input.exchange)).map((exchange) => ({ exchange, ...hours.at(exchange, at) }))
    yield* printRows(rows, {
      json: input.json,
      header: ["EXCHANGE", "STATE", "WHY", "UNTIL (IST)"],
      row: ({ exchange, open, until, why }) => [
        exchange,
        open ? "open" : "closed",
        why,
        until === undefined ? "" : indiaMinute(until)
      ],
      empty: "No exchanges."
    })
  })
).pipe(
  Command.withDescription(
    "Show which exchanges are open, by the calendar that decides whether silence is a fault"
  ),
  Command.withExamples([
    { command: "algoways calendar NSE MCX", description: "Now" },
    { command: "algoways calendar --at 2026-11-08T18:00+05:30", description: "During Muhurat trading" }
  ])
)
