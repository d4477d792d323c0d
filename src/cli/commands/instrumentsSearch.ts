/** `algoways instruments search`: finds symbols by what a person knows of them. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { indiaDay } from "../../market/day.ts"
import { Instruments } from "../../store/instruments.ts"
import { readFilters, readStrikes, readText } from "../../store/searchFilters.ts"
import { chosenBroker } from "../chosenBroker.ts"
import * as flags from "../flags.ts"
import { storeLayer } from "../layers.ts"
import { CommandFailed, printRows } from "../output.ts"

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const searchFlags = {
  dataDir: flags.dataDir,
  json: flags.json,
  broker: flags.broker.pipe(
    Flag.withDescription("Whose instruments; all words are then text"),
    Flag.optional
  ),
  user: text("user", "name", "Those of this user's broker; all words are then text"),
  exchange: text("exchange", "NSE,NFO,...", "Of these exchanges"),
  type: text("type", "EQ,INDEX,FUT,CE,PE", "Of these types"),
  expiry: text(
    "expiry",
    "date|month|next",
    "Expiring on 2026-12-29, in 2026-12 or DEC, or next of what is found"
  ),
  strike: text("strike", "24000..26000", "With a strike in this range, or with this strike"),
  strikeMin: text("strike-min", "rupees", "With a strike of at least so much"),
  strikeMax: text("strike-max", "rupees", "With a strike of at most so much"),
  expired: Flag.Boolean("expired").pipe(
    Flag.withDescription("Show contracts that have expired, too"),
    Flag.withDefault(false)
  ),
  limit: Flag.Int("limit").pipe(Flag.withDescription("At most so many"), Flag.withDefault(20)),
  words: Argument.String("[broker] text").pipe(
    Argument.withDescription(
      "Words of symbol, name and contract, in any order. A first word that names a broker with instruments is the broker; it may be left out when there are instruments of one broker only"
    ),
    Argument.atLeast(1)
  )
}

const orFail = <A>(result: Result.Result<A, string>) =>
  Effect.mapError(Effect.fromResult(result), (wrong) => new CommandFailed({ message: `${wrong}.` }))

const search = Effect.fn(function* (input: Command.Command.Config.Infer<typeof searchFlags>) {
  const table = yield* Instruments
  const unnamed = input.broker._tag === "None" && input.user._tag === "None"
  const first = input.words[0]!.toLowerCase()
  const leads = unnamed && input.words.length > 1 && (yield* table.brokers).includes(first)
  const broker = leads ? first : yield* chosenBroker(input)
  const words = (leads ? input.words.slice(1) : input.words).join(" ")

  const written = Option.getOrUndefined
  const ranged = written(input.strike)
  if (ranged !== undefined && (input.strikeMin._tag === "Some" || input.strikeMax._tag === "Some")) {
    return yield* new CommandFailed({ message: "Give --strike, or --strike-min and --strike-max, not both." })
  }
  const today = indiaDay(yield* Clock.currentTimeMillis)
  const filters = yield* orFail(
    readFilters(
      {
        exchange: written(input.exchange),
        type: written(input.type),
        expiry: written(input.expiry),
        strikeMin: written(input.strikeMin),
        strikeMax: written(input.strikeMax)
      },
      today
    )
  )
  const strikes = ranged === undefined ? {} : yield* orFail(readStrikes(ranged))
  const found = yield* table.search(broker, {
    text: yield* orFail(readText(words)),
    ...filters,
    ...strikes,
    limit: input.limit,
    today,
    expired: input.expired
  })
  const absent = unnamed && !leads && (yield* (yield* BrokerRegistry).names).includes(first)
  yield* printRows(found, {
    json: input.json,
    header: [
      "EXCHANGE",
      "SYMBOL",
      "TOKEN",
      "BROKER SYMBOL",
      "TYPE",
      "EXPIRY",
      "STRIKE",
      "LOT",
      "TICK",
      "NAME"
    ],
    row: (i) => [
      i.exchange,
      i.symbol,
      i.token,
      i.brokerSymbol,
      i.type,
      i.expiry ?? "-",
      i.strike === undefined ? "-" : String(i.strike),
      String(i.lotSize),
      String(i.tickSize),
      i.name
    ],
    empty:
      `Nothing at ${broker} fits "${words}". Use fewer words or filters; --expired shows expired contracts.` +
      (absent ? ` There are no instruments of ${first}: algoways instruments import ${first}` : "")
  })
})

export const instrumentsSearch = Command.make("search", searchFlags, search).pipe(
  Command.withDescription(
    "Find instruments: the symbol itself first, then ordinary shares, other series, and contracts by expiry and strike"
  ),
  Command.withExamples([
    {
      command: "algoways instruments search hdfc bank",
      description: "By words of symbol or name, or their beginnings"
    },
    {
      command: "algoways instruments search zerodha nifty 25000 ce dec",
      description: "A contract, at a broker"
    },
    {
      command: "algoways instruments search nifty --type CE,PE --expiry next --strike 24000..26000",
      description: "The middle of the next expiry's chain"
    }
  ]),
  Command.provide((input) => storeLayer(input))
)
