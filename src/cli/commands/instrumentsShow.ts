/** `algoways instruments show`: all that is known of an instrument. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { indiaDay } from "../../market/day.ts"
import { nameOf } from "../../market/instrument.ts"
import { Instruments } from "../../store/instruments.ts"
import { chosenBroker } from "../chosenBroker.ts"
import * as flags from "../flags.ts"
import { nearMatches, shownInstrument } from "../instrumentFacts.ts"
import { storeLayer } from "../layers.ts"
import { CommandFailed, printJson } from "../output.ts"
import { factsText } from "../instrumentText.ts"

interface Wanted {
  readonly exchange: string
  readonly symbol: string
}

const wantedOf = (text: string): Wanted => {
  const colon = text.indexOf(":")
  return { exchange: text.slice(0, Math.max(0, colon)).toUpperCase(), symbol: text.slice(colon + 1) }
}

export const instrumentsShow = Command.make(
  "show",
  {
    dataDir: flags.dataDir,
    json: flags.json,
    broker: flags.broker.pipe(Flag.withDescription("At this broker"), Flag.optional),
    user: Flag.String("user").pipe(Flag.withDescription("At this user's broker"), Flag.optional),
    names: Argument.String("exchange:symbol").pipe(
      Argument.withDescription("Names such as NSE:RELIANCE"),
      Argument.atLeast(1)
    )
  },
  Effect.fn(function* (input) {
    const table = yield* Instruments
    const { broker } = yield* (yield* BrokerRegistry).load(yield* chosenBroker(input))
    const today = indiaDay(yield* Clock.currentTimeMillis)
    const wanted = input.names.map(wantedOf)
    const found = yield* table.resolve(broker.name, wanted)
    const known = found.flatMap((instrument) => instrument ?? [])
    const facts = yield* Effect.forEach(known, (instrument) => shownInstrument(broker, instrument))
    if (input.json) yield* printJson(facts)
    else if (facts.length > 0) yield* Console.log(facts.map(factsText).join("\n\n"))

    const strange = input.names.filter((_, i) => found[i] === undefined)
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
  Command.withDescription("Show all that is known of instruments, and who else has them"),
  Command.withExamples([
    { command: "algoways instruments show NSE:RELIANCE NFO:NIFTY29DEC2625000CE", description: "Two of them" },
    { command: "algoways instruments show NSE_INDEX:NIFTY --user asha", description: "At a user's broker" }
  ]),
  Command.provide((input) => storeLayer(input))
)
