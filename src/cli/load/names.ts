/** Which instruments a load reads: those of a list, of a pattern, or of the demo's simulated market. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { makeListings } from "../../simulator/listings.ts"
import { CommandFailed } from "../text/output.ts"

export interface Name {
  readonly symbol: string
  readonly exchange: string
}

/** Instruments without a list and a number. */
const SOME = 50

/** What the demo lists at its brokers, in the order of the simulated market. */
const demoNames = (now: number): ReadonlyArray<Name> =>
  makeListings({ now })
    .filter(({ exchange }) => exchange !== "CRYPTO")
    .map(({ exchange, symbol }) => ({ exchange, symbol }))

const nameOf = (text: string) => {
  const colon = text.indexOf(":")
  return colon > 0 && colon < text.length - 1
    ? Effect.succeed({ exchange: text.slice(0, colon), symbol: text.slice(colon + 1) })
    : Effect.fail(
        new CommandFailed({
          message: `--instruments: "${text}" names no instrument. Write it like NSE:INFY.`
        })
      )
}

/** `@FILE`: one a line or comma-separated, `#` at the start of a line for remarks. */
const contentOf = (list: string) =>
  list.startsWith("@")
    ? Effect.try({
        try: () => readFileSync(list.slice(1), "utf8").replaceAll(/^\s*#.*$/gm, ""),
        catch: (error) =>
          new CommandFailed({
            message: `--instruments: ${error instanceof Error ? error.message : "unreadable"}`
          })
      })
    : Effect.succeed(list)

/** `NSE:LOAD#####` is NSE:LOAD00001 and so on. */
const expand = (pattern: string, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) =>
    pattern.replace(/#+/, (marks) => String(i + 1).padStart(marks.length, "0"))
  )

export const namesOf = Effect.fnUntraced(function* (
  list: string | undefined,
  count: number | undefined,
  now: number
) {
  if (list === undefined) {
    const known = demoNames(now)
    const wanted = count ?? SOME
    if (wanted <= known.length) return known.slice(0, wanted)
    return yield* new CommandFailed({
      message: `The demo has ${known.length} instruments, not ${wanted}: name others with --instruments, e.g. --instruments 'NSE:LOAD#####' --symbols ${wanted} for a simulator with --load-equities.`
    })
  }
  const texts = (yield* contentOf(list))
    .split(/[,\n]/)
    .map((text) => text.trim())
    .filter((text) => text !== "")
  const [first = "", ...more] = texts
  if (more.length === 0 && first.includes("#")) {
    if (count !== undefined) return yield* Effect.forEach(expand(first, count), nameOf)
    return yield* new CommandFailed({ message: `--instruments ${first}: say how many with --symbols.` })
  }
  const names = yield* Effect.forEach([...new Set(texts)], nameOf)
  if (names.length === 0) return yield* new CommandFailed({ message: "--instruments names no instrument." })
  if (count !== undefined && count > names.length) {
    return yield* new CommandFailed({
      message: `--instruments names ${names.length} instruments, fewer than --symbols ${count}.`
    })
  }
  return names.slice(0, count)
})
