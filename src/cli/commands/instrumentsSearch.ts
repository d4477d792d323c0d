/** `algoways instruments search`: finds symbols by what a person knows of them. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { indiaDay } from "../../kit/indiaTime.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { readFilters, readStrikes, readText } from "../../store/instruments/search/filters.ts"
import type { Filters } from "../../store/instruments/search/filters.ts"
import { MOST_FOUND } from "../../store/instruments/search/query.ts"
import { chosenBroker, noInstruments, requireInstruments } from "../chosenBroker.ts"
import * as flags from "../flags.ts"
import { existingStore } from "../service/layers.ts"
import { CommandFailed, printRows } from "../text/output.ts"

/** Instruments shown without `--limit`. */
const USUAL = 20

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
    "Expiring on 2026-12-29, in 2026-12 or DEC, or next: the nearest of what fits best"
  ),
  strike: text("strike", "24000..26000", "With a strike in this range, or with this strike"),
  strikeMin: text("strike-min", "rupees", "With a strike of at least so much"),
  strikeMax: text("strike-max", "rupees", "With a strike of at most so much"),
  expired: Flag.Boolean("expired").pipe(
    Flag.withDescription("Show contracts that have expired, too"),
    Flag.withDefault(false)
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withDescription(`Show at most this many, 1 to ${MOST_FOUND} (default ${USUAL})`),
    Flag.withDefault(USUAL)
  ),
  words: Argument.String("[broker] text").pipe(
    Argument.withDescription(
      "Words of symbol, name and contract, in any order. A first word that names a broker with instruments is the broker; it may be left out when there are instruments of one broker only. No words are needed beside a filter"
    ),
    Argument.atLeast(0)
  )
}

const orFail = <A>(result: Result.Result<A, string>) =>
  Effect.mapError(Effect.fromResult(result), (wrong) => new CommandFailed({ message: `${wrong}.` }))

type Input = Command.Command.Config.Infer<typeof searchFlags>

const writtenFilters = Effect.fnUntraced(function* (input: Input, today: string) {
  const written = Option.getOrUndefined
  const ranged = written(input.strike)
  if (ranged !== undefined && (input.strikeMin._tag === "Some" || input.strikeMax._tag === "Some")) {
    return yield* new CommandFailed({ message: "Give --strike, or --strike-min and --strike-max, not both." })
  }
  const filters: Filters = yield* orFail(
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
  return { ...filters, ...(ranged === undefined ? {} : yield* orFail(readStrikes(ranged))) }
})

/** Whose instruments, and the words without the broker's name among them. */
const asked = Effect.fnUntraced(function* (input: Input, hasFilter: boolean) {
  const [word, ...others] = input.words
  const named = input.broker._tag === "Some" || input.user._tag === "Some"
  const first = named ? undefined : word?.toLowerCase()
  const imported = yield* (yield* Instruments).brokers
  if (first !== undefined && imported.includes(first)) {
    if (others.length > 0 || hasFilter) return { broker: first, words: others.join(" "), absent: undefined }
    if (imported.length > 1) {
      return yield* new CommandFailed({
        message: `Give words to look for at ${first}: algoways instruments search ${first} WORDS. To look for "${first}" itself, name a broker with --broker.`
      })
    }
  }
  // The name of a broker without instruments may be a word of a company's, such as kotak.
  const isBroker = first !== undefined && (yield* (yield* BrokerRegistry).names).includes(first)
  const absent = isBroker && !imported.includes(first) ? first : undefined
  const broker = yield* chosenBroker(input).pipe(
    Effect.mapError((error) =>
      absent === undefined || imported.length === 0
        ? error
        : new CommandFailed({ message: `${noInstruments(absent)} ${error.message}` })
    ),
    Effect.flatMap(requireInstruments)
  )
  return { broker, words: input.words.join(" "), absent }
})

const search = Effect.fn(function* (input: Input) {
  const { limit } = input
  if (limit < 1 || limit > MOST_FOUND) {
    return yield* new CommandFailed({ message: `--limit must be 1 to ${MOST_FOUND}, not ${limit}.` })
  }
  const table = yield* Instruments
  const today = indiaDay(yield* Clock.currentTimeMillis)
  const filters = yield* writtenFilters(input, today)
  const hasFilter = Object.keys(filters).length > 0
  const { absent, broker, words } = yield* asked(input, hasFilter)
  if (words.trim() === "" && !hasFilter) {
    return yield* new CommandFailed({
      message:
        "Give words to look for, or a filter: --exchange, --type, --expiry, --strike, --strike-min or --strike-max."
    })
  }
  const query = { text: yield* orFail(readText(words)), ...filters, today, expired: input.expired }
  // One more than is shown tells that the list was cut.
  const fitting = yield* table.search(broker, { ...query, limit: limit + 1 })
  const found = fitting.slice(0, limit)
  const hasExpired =
    found.length === 0 &&
    !input.expired &&
    (yield* table.search(broker, { ...query, expired: true, limit: 1 })).length > 0
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
      `Nothing at ${broker} fits ${words === "" ? "these filters" : `"${words}"`}.` +
      (hasExpired ? " Expired contracts do: --expired shows them." : " Use fewer words or filters.") +
      (absent === undefined ? "" : ` ${noInstruments(absent)}`)
  })
  if (fitting.length > limit) {
    const more = limit < MOST_FOUND ? "--limit for more" : "add words or filters"
    yield* Console.error(`${limit} shown, more fit; ${more}.`)
  }
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
      command: "algoways instruments search zerodha nifty 24800 ce dec",
      description: "A contract, at a broker"
    },
    {
      command: "algoways instruments search nifty --type CE,PE --expiry next --strike 24000..26000",
      description: "The middle of the next expiry's chain"
    }
  ]),
  Command.provide((input) => existingStore(input))
)
