/** `algoways instruments show`: all that is known of an instrument. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { indiaDay } from "../../kit/indiaTime.ts"
import { nameOf } from "../../market/instrument.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { chosenBroker, requireInstruments } from "../chosenBroker.ts"
import * as flags from "../flags.ts"
import { nearMatches, shownInstrument } from "../text/instrumentFacts.ts"
import { existingStore } from "../service/layers.ts"
import { CommandFailed, printJson } from "../text/output.ts"
import { factsText } from "../text/instrumentText.ts"

interface Wanted {
  readonly exchange: string
  readonly symbol: string
}

const wantedOf = (text: string): Wanted => {
  const colon = text.indexOf(":")
  return { exchange: text.slice(0, Math.max(0, colon)).toUpperCase(), symbol: text.slice(colon + 1) }
}

/** One answer per name: as it is written, else in capitals, which most symbols are. */
const resolve = Effect.fnUntraced(function* (broker: string, wanted: ReadonlyArray<Wanted>) {
  const table = yield* Instruments
  const found = yield* table.resolve(broker, wanted)
  if (!found.includes(undefined)) return found
  const inCapitals = yield* table.resolve(
    broker,
    wanted.map(({ exchange, symbol }) => ({ exchange, symbol: symbol.toUpperCase() }))
  )
  return found.map((instrument, i) => instrument ?? inCapitals[i])
})

export const instrumentsShow = Command.make(
  "show",
  {
    dataDir: flags.dataDir,
    json: flags.json,
    broker: flags.broker.pipe(Flag.withDescription("At this broker"), Flag.optional),
    user: Flag.String("user").pipe(Flag.withDescription("At this user's broker"), Flag.optional),
    names: Argument.String("[broker] exchange:symbol").pipe(
      Argument.withDescription("Names such as NSE:RELIANCE; you may put a broker first"),
      Argument.atLeast(1)
    )
  },
  Effect.fn(function* (input) {
    const registry = yield* BrokerRegistry
    const unnamed = input.broker._tag === "None" && input.user._tag === "None"
    const first = input.names[0]!.toLowerCase()
    const leads = unnamed && (yield* registry.names).includes(first)
    const names = leads ? input.names.slice(1) : input.names
    const wanted = names.map(wantedOf)
    if (wanted.length === 0 || wanted.some(({ symbol }) => symbol.trim() === "")) {
      return yield* new CommandFailed({
        message: "The name of an instrument is missing. Write EXCHANGE:SYMBOL, such as NSE:RELIANCE."
      })
    }
    const chosen = yield* chosenBroker(leads ? { ...input, broker: Option.some(first) } : input)
    const { broker } = yield* registry.load(yield* requireInstruments(chosen))
    const today = indiaDay(yield* Clock.currentTimeMillis)
    const found = yield* resolve(broker.name, wanted)
    const known = found.flatMap((instrument) => instrument ?? [])
    const facts = yield* Effect.forEach(known, (instrument) => shownInstrument(broker, instrument, today))
    if (input.json) yield* printJson(facts)
    else if (facts.length > 0) yield* Console.log(facts.map(factsText).join("\n\n"))

    const strange = names.filter((_, i) => found[i] === undefined)
    if (strange.length === 0) return
    const lines = yield* Effect.forEach(strange, (name) =>
      Effect.map(nearMatches(broker.name, wantedOf(name), today), (near) =>
        near.length === 0
          ? `There is no ${name} at ${broker.name}, and nothing like it. Look for it with "algoways instruments search".`
          : `There is no ${name} at ${broker.name}. Is it ${near.map(nameOf).join(", ")}?`
      )
    )
    return yield* new CommandFailed({ message: lines.join("\n") })
  })
).pipe(
  Command.withDescription("Show all details of instruments, and which other brokers have them"),
  Command.withExamples([
    {
      command: "algoways instruments show NSE:RELIANCE NFO:NIFTY29DEC2625000CE",
      description: "Two instruments"
    },
    { command: "algoways instruments show zerodha NSE:RELIANCE", description: "At a broker" },
    { command: "algoways instruments show NSE_INDEX:NIFTY --user asha", description: "At a user's broker" }
  ]),
  Command.provide((input) => existingStore(input))
)
