/** The API key with which a command talks to a gateway. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Flag from "effect/cli/Flag"
import { CommandFailed, readStdin } from "./text/output.ts"

export const keyStdin = Flag.Boolean("key-stdin").pipe(
  Flag.withDescription("Read the API key from standard input instead of ALGOWAYS_API_KEY"),
  Flag.withDefault(false)
)

/** Not by a flag: other users of the machine could read it in the list of processes. */
export const apiKey = Effect.fnUntraced(function* (stdin: boolean) {
  const key = stdin
    ? Redacted.make(yield* readStdin)
    : Option.getOrUndefined(yield* Config.option(Config.Redacted("ALGOWAYS_API_KEY")))
  if (key !== undefined && Redacted.value(key) !== "") return key
  return yield* new CommandFailed({
    message:
      'An API key is needed: set ALGOWAYS_API_KEY, or pipe it in with --key-stdin. Make one with "algoways keys create USER".'
  })
})
