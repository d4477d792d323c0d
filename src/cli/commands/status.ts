/** `algoways status`: asks a running gateway how the key's feed is, or where one instrument's ticks are. */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { messageOf } from "../../kit/messageOf.ts"
import { causeOf, exchange } from "../../kit/http.ts"
import { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"
import { apiKey, keyStdin } from "../apiKey.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson } from "../text/output.ts"
import { feedText, instrumentText } from "../text/statusText.ts"

const PATIENCE_MS = 10_000
/** The status of a user with thousands of instruments fits many times over. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const OwnFeed = Schema.Struct({
  ...FeedStatus.fields,
  gateway: Schema.Struct({ clients: Schema.Int, subscriptions: Schema.Int })
})
const Problem = Schema.Struct({ message: Schema.String, remedy: Schema.String })
const problemOf = Schema.decodeUnknownOption(Problem)

const keyFrom = Effect.fnUntraced(function* (stdin: boolean) {
  const key = yield* apiKey(stdin)
  // Checked here: the error of the HTTP library would quote it.
  if (/^[\x20-\x7e]+$/.test(Redacted.value(key))) return key
  return yield* new CommandFailed({
    message: "This API key cannot travel in an HTTP header: use one of plain letters, digits and signs."
  })
})

/** The gateway's address, also as clients write it. */
const baseOf = (given: string): Effect.Effect<string, CommandFailed> => {
  const url = given.replace(/^ws(s?):/, "http$1:")
  return /^https?:/.test(url) && URL.canParse(url)
    ? Effect.succeed(new URL(url).origin)
    : Effect.fail(
        new CommandFailed({ message: `${given} is not an address. Write it like http://127.0.0.1:8765` })
      )
}

/** Node's and OpenSSL's codes for a certificate that does not hold: somebody answers there. */
const isDistrust = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && /CERT|ISSUER|VERIFY/.test(String(cause.code))

const ask = Effect.fnUntraced(function* (base: string, path: string, key: Redacted.Redacted<string>) {
  const unreachable = (why: string) =>
    new CommandFailed({
      message: `No gateway answers at ${base} (${why}). Start one with "algoways serve", or name its address with --url.`
    })
  const distrusted = (why: string) =>
    new CommandFailed({
      message: `The certificate at ${base} is not accepted (${why}). Use a name that it is for, and if its issuer is unknown here, name the issuer's PEM file in NODE_EXTRA_CA_CERTS.`
    })
  const answer = yield* exchange(
    { url: `${base}${path}`, headers: { "x-api-key": Redacted.value(key) } },
    { maxBytes: MAX_ANSWER_BYTES, timeoutMs: PATIENCE_MS }
  ).pipe(
    Effect.mapError((error) => {
      if (error._tag === "TimeoutError") return unreachable(`no answer within ${PATIENCE_MS / 1000} s`)
      if (error._tag === "BodyTooLarge") return unreachable("what answers there is not a gateway")
      const cause = causeOf(error)
      const why = messageOf(cause)
      return isDistrust(cause) ? distrusted(why) : unreachable(why)
    })
  )
  const body = yield* Effect.try({
    try: () => JSON.parse(answer.text) as unknown,
    catch: () => unreachable(`what answers there is not a gateway of this release, HTTP ${answer.status}`)
  })
  if (answer.status === 200) return body
  const problem = Option.getOrUndefined(problemOf(body))
  return yield* new CommandFailed({
    message: problem === undefined ? `HTTP ${answer.status}` : `${problem.message}. ${problem.remedy}.`
  })
})

const understood = <S extends Schema.Codec<unknown, unknown>>(schema: S, body: unknown) =>
  Effect.mapError(
    Schema.decodeUnknownEffect(schema)(body),
    () =>
      new CommandFailed({
        message: "The gateway's answer is not understood: it is of another release. See it with --json."
      })
  )

/** `EXCHANGE:SYMBOL` as a path. */
const pathOf = (name: string) => {
  const colon = name.indexOf(":")
  return colon > 0 && colon < name.length - 1
    ? Effect.succeed(
        `/status/instrument/${encodeURIComponent(name.slice(0, colon))}/${encodeURIComponent(name.slice(colon + 1))}`
      )
    : Effect.fail(
        new CommandFailed({
          message: `${name} names no instrument. Write it like NSE:INFY, in quotes if need be.`
        })
      )
}

export const status = Command.make(
  "status",
  {
    instrument: Argument.String("exchange:symbol").pipe(
      Argument.withDescription("One instrument instead of the whole feed"),
      Argument.optional
    ),
    url: Flag.String("url").pipe(
      Flag.withDescription("Address of the gateway (ALGOWAYS_URL)"),
      Flag.withFallbackConfig(Config.String("ALGOWAYS_URL")),
      Flag.withDefault("http://127.0.0.1:8765")
    ),
    keyStdin,
    json: flags.json
  },
  Effect.fn(function* (input) {
    const base = yield* baseOf(input.url)
    const named = Option.getOrUndefined(input.instrument)
    const path = named === undefined ? "/status" : yield* pathOf(named)
    const body = yield* ask(base, path, yield* keyFrom(input.keyStdin))
    if (input.json) yield* printJson(body)
    const now = yield* Clock.currentTimeMillis
    if (named !== undefined) {
      const instrument = yield* understood(InstrumentStatus, body)
      if (instrument.resolved) {
        if (!input.json) yield* Console.log(instrumentText(instrument, now))
        return
      }
      // Nothing else is known of it.
      return yield* new CommandFailed({
        message: `${instrument.exchange}:${instrument.symbol}: ${instrument.verdict}`
      })
    }
    if (input.json) return
    const { gateway, ...feed } = yield* understood(OwnFeed, body)
    yield* Console.log(feedText(feed, gateway, now))
  })
).pipe(
  Command.withDescription("Show the state of your key's feed, or why an instrument is silent"),
  Command.withExamples([
    { command: "algoways status", description: "The feed of the user whose key is in ALGOWAYS_API_KEY" },
    { command: "algoways status NSE:INFY", description: "Where the ticks of INFY are" },
    {
      command: "algoways status --json --key-stdin < key.txt",
      description: "For scripts, with the key in a file"
    }
  ])
)
