/** `--simulator URL`: one address points a whole broker to a simulator. The simulator reports its other addresses itself. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { messageOf } from "../../kit/messageOf.ts"
import type { BrokerOverride } from "../../brokers/overrides.ts"
import { builtInBrokers } from "../../brokers/registry.ts"
import { causeOf, exchange } from "../../kit/http.ts"
import { DESCRIPTION_PATH, Description, overridesAt } from "../../simulator/index.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { CommandFailed } from "../text/output.ts"

const PATIENCE_MS = 5000
/** A description is a few addresses. */
const MAX_DESCRIPTION_BYTES = 1024 * 1024

export interface ReachedSimulator {
  readonly broker: string
  readonly url: string
  readonly instruments: number
  readonly overrides: BrokerOverride
}

const descriptionOf = Schema.decodeUnknownOption(Schema.fromJsonString(Description))

const ask = Effect.fnUntraced(function* (given: string) {
  const failed = (message: string) => new CommandFailed({ message: `--simulator ${given}: ${message}` })
  // The WebSocket address that a simulator prints is as good.
  const url = given.replace(/^ws(s?):/, "http$1:")
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return yield* failed('write the address that "algoways simulate" prints, such as http://127.0.0.1:8764')
  }
  const { text } = yield* exchange(
    // What it leads to must be where it was asked.
    { url: new URL(DESCRIPTION_PATH, url).href, redirect: "error" },
    { maxBytes: MAX_DESCRIPTION_BYTES, timeoutMs: PATIENCE_MS }
  ).pipe(
    Effect.mapError((error) => {
      if (error._tag === "BodyTooLarge")
        return failed("what answers there is not a simulator of this release")
      const why =
        error._tag === "TimeoutError" ? `no answer within ${PATIENCE_MS / 1000} s` : messageOf(causeOf(error))
      return failed(`nothing answers there (${why}). Start one with "algoways simulate"`)
    })
  )
  const description = Option.getOrUndefined(descriptionOf(text))
  if (description === undefined || !URL.canParse(description.url)) {
    return yield* failed("what answers there is not a simulator of this release")
  }
  const { broker, instruments } = description
  if (!builtInBrokers.includes(broker)) {
    return yield* failed(`it simulates ${broker}, which this release does not know`)
  }
  const overrides = yield* Effect.try({
    try: () => overridesAt(description, url),
    catch: () => failed("what answers there is not a simulator of this release")
  })
  return { broker, url: new URL(url).origin, instruments, overrides } satisfies ReachedSimulator
})

/** All that are named, each asked where its broker's addresses are. */
export const askSimulators = Effect.fn("askSimulators")(function* (urls: ReadonlyArray<string>) {
  const reached = yield* Effect.forEach(urls, ask, { concurrency: "unbounded" })
  for (const [i, { broker, url }] of reached.entries()) {
    const other = reached.slice(0, i).find((earlier) => earlier.broker === broker)
    if (other === undefined) continue
    return yield* new CommandFailed({
      message: `--simulator: ${other.url} and ${url} both simulate ${broker}. Name one of them.`
    })
  }
  return reached
})

/** For the registry. */
export const overridesOf = (
  simulators: ReadonlyArray<Pick<ReachedSimulator, "broker" | "overrides">>
): Readonly<Record<string, BrokerOverride>> =>
  Object.fromEntries(simulators.map(({ broker, overrides }) => [broker, overrides]))

/** Says whom it concerns, and that the instruments of the table may be the real broker's. */
export const announce = Effect.fnUntraced(function* (simulators: ReadonlyArray<ReachedSimulator>) {
  const table = yield* Instruments
  for (const { broker, instruments, url } of simulators) {
    yield* Effect.logWarning(`every user of ${broker} gets the simulated prices of ${url}`)
    const rows = yield* table.count(broker)
    if (rows === instruments) continue
    yield* Effect.logWarning(
      `the table holds ${rows} instruments of ${broker} and its simulator has ${instruments}: others get no ticks. Import its own with "algoways instruments import ${broker} --simulator ${url} --force"`
    )
  }
})
