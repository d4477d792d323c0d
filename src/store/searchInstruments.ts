/**
 * Finds a broker's instruments by what a person types. In this order, each of them once: the symbol itself; an index of
 * this name; shares whose symbol begins with the text, shares in which all words begin a word, shares with a word inside
 * their symbol (in each ordinary shares first, then indices, then other series); then contracts by expiry and strike, those
 * of exactly this underlying first.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { exchanges as allExchanges } from "../market/exchange.ts"
import type { Exchange } from "../market/exchange.ts"
import type { Instrument, InstrumentType } from "../market/instrument.ts"
import { nameOf } from "../market/instrument.ts"
import { blockStatement, entriesStatement, isOneOf, rangesStatement } from "./instrumentSearch.ts"
import type { EntryRow, SearchBlock, Sql, SymbolRange } from "./instrumentSearch.ts"
import type { InstrumentRow } from "./instrumentTable.ts"
import { fromRow } from "./instrumentTable.ts"
import { BEHIND_ALL } from "./searchIndex.ts"
import type { Closeness, SearchText } from "./searchText.ts"
import { groupQuestion, isOpen, nameQuestion, readSearchText, symbolQuestion } from "./searchText.ts"

/** Instruments in one answer. */
export const MOST_FOUND = 1000

/** Days of expiry, `YYYY-MM-DD`, both included. */
export interface ExpiryRange {
  readonly from: string
  readonly to: string
}

export interface InstrumentSearch {
  /** Words in any order, or a symbol; empty finds everything that the rest lets through. */
  readonly text: string
  readonly exchanges?: ReadonlyArray<Exchange>
  readonly types?: ReadonlyArray<InstrumentType>
  /** `next`: the nearest expiry of what is found. */
  readonly expiry?: ExpiryRange | "next"
  /** In rupees, both included. */
  readonly strikeMin?: number
  readonly strikeMax?: number
  /** At most MOST_FOUND. */
  readonly limit: number
  /** `YYYY-MM-DD` in India: what expired before is left out. */
  readonly today: string
  /** Leaves in what has expired. */
  readonly expired?: boolean
}

const contractTypes: ReadonlySet<InstrumentType> = new Set(["FUT", "CE", "PE"])

/** What is in both; undefined is everything. */
const common = <A>(
  a: ReadonlyArray<A> | undefined,
  b: ReadonlyArray<A> | undefined
): ReadonlyArray<A> | undefined =>
  a === undefined ? b : b === undefined ? a : a.filter((x) => b.includes(x))

/** What is asked for, in the store's terms. */
interface Plan {
  readonly broker: string
  readonly block: SearchBlock
  readonly text: SearchText
  readonly exchanges: ReadonlyArray<Exchange> | undefined
  readonly types: ReadonlyArray<InstrumentType> | undefined
  readonly query: InstrumentSearch
  readonly limit: number
}

/** Collects instruments in the order in which they are found, each once. */
class Found {
  readonly #rows = new Map<string, Instrument>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  add(rows: ReadonlyArray<InstrumentRow>): void {
    for (const row of rows) {
      if (this.full) return
      const key = nameOf(row)
      if (!this.#rows.has(key)) this.#rows.set(key, fromRow(row))
    }
  }

  get full(): boolean {
    return this.#rows.size >= this.#limit
  }

  /** Rows to ask for: those that are there already may come once more. */
  get room(): number {
    return this.#limit + this.#rows.size
  }

  get instruments(): ReadonlyArray<Instrument> {
    return [...this.#rows.values()]
  }
}

/** Of `i` or `e`, which both have an expiry. */
const expiryConditions = (
  table: "i" | "e",
  { expired, expiry, today }: InstrumentSearch
): ReadonlyArray<Sql> => [
  ...(expired === true
    ? []
    : [{ sql: `(${table}.expiry IS NULL OR ${table}.expiry >= ?)`, values: [today] }]),
  ...(expiry === "next" ? [{ sql: `${table}.expiry IS NOT NULL`, values: [] }] : []),
  ...(typeof expiry === "object"
    ? [{ sql: `${table}.expiry BETWEEN ? AND ?`, values: [expiry.from, expiry.to] }]
    : [])
]

const strikeConditions = (
  low: string,
  high: string,
  { strikeMax, strikeMin }: InstrumentSearch
): ReadonlyArray<Sql> => [
  ...(strikeMin === undefined ? [] : [{ sql: `${high} >= ?`, values: [strikeMin] }]),
  ...(strikeMax === undefined ? [] : [{ sql: `${low} <= ?`, values: [strikeMax] }])
]

const read = (sql: SqlClient.SqlClient, statement: Sql) =>
  sql.unsafe<InstrumentRow>(statement.sql, statement.values)

/** The text as a symbol, in the case in which it was typed and in capitals. */
const exactly = (sql: SqlClient.SqlClient, { broker, exchanges, query, text, types }: Plan, found: Found) => {
  const spellings = [...new Set([text.typed, text.typed.toUpperCase()])]
  return read(
    sql,
    rangesStatement({
      broker,
      ranges: (exchanges ?? allExchanges).flatMap((exchange) =>
        spellings.map((symbol): SymbolRange => [exchange, symbol, symbol, null])
      ),
      conditions: [
        ...(types === undefined ? [] : [isOneOf("i.type", types)]),
        ...expiryConditions("i", query),
        ...strikeConditions("i.strike", "i.strike", query)
      ],
      limit: found.room
    })
  ).pipe(Effect.map((rows) => found.add(rows)))
}

type Span = readonly [from: number, to: number]

/** Where the entries are that may be shares or indices of these types. */
const shareSpans = ({ block, types }: Plan): ReadonlyArray<Span> => {
  const equity = types?.includes("EQ") ?? true
  const index = types?.includes("INDEX") ?? true
  if (equity && index) return [[block.ordinary, block.contracts]]
  if (index) return [[block.indices, block.series]]
  return equity
    ? [
        [block.ordinary, block.indices],
        [block.series, block.contracts]
      ]
    : []
}

const shares = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, plan: Plan, found: Found) {
  const { block, broker, exchanges, text } = plan
  const conditions = exchanges === undefined ? [] : [isOneOf("e.exchange", exchanges)]
  const look = Effect.fnUntraced(function* (match: string | undefined, [from, to]: Span) {
    if (found.full || from >= to) return
    const question = entriesStatement({ match, from, to, conditions, limit: found.room })
    const entries = yield* sql.unsafe<EntryRow>(question.sql, question.values)
    if (entries.length === 0) return
    const ranges = entries.map((e): SymbolRange => [e.exchange, e.first, e.first, null])
    found.add(yield* read(sql, rangesStatement({ broker, ranges, conditions: [], limit: entries.length })))
  })
  const spans = shareSpans(plan)
  if (text.chunks.length === 0) {
    for (const span of spans) yield* look(undefined, span)
    return
  }
  if (plan.types?.includes("INDEX") ?? true) {
    yield* look(symbolQuestion(text, "whole"), [block.indices, block.series])
  }
  // Short words are not looked for inside symbols, and the last two are the same then.
  const questions = new Set([
    symbolQuestion(text, "beginning"),
    nameQuestion(text, "beginning"),
    nameQuestion(text, "inside")
  ])
  for (const question of questions) {
    for (const span of spans) yield* look(question, span)
  }
})

/**
 * Those of a group's contracts that have the numbers of the text: a number that is not the group's own must be the strike.
 * Undefined where none can have them all.
 */
const rangeIn = (
  entry: EntryRow,
  numbers: ReadonlyArray<string>,
  closeness: Closeness
): SymbolRange | undefined => {
  const own = entry.numbers.split(" ")
  const strikes = numbers.filter((number) =>
    isOpen(number, closeness) ? !own.some((word) => word.startsWith(number)) : !own.includes(number)
  )
  if (strikes.length === 0) return [entry.exchange, entry.first, entry.last ?? entry.first, null]
  if (entry.last === null) return undefined
  const closed = strikes.find((number) => !isOpen(number, closeness))
  const longest = closed ?? strikes.reduce((a, b) => (b.length > a.length ? b : a))
  const fit = strikes.every((number) =>
    isOpen(number, closeness) ? longest.startsWith(number) : Number(number) === Number(longest)
  )
  if (!fit) return undefined
  const strike = closed === undefined ? longest : String(Number(longest))
  const begins = entry.first + strike
  return [entry.exchange, begins, begins + BEHIND_ALL, closed === undefined ? null : Number(closed)]
}

const closenesses: ReadonlyArray<Closeness> = ["whole", "beginning", "inside"]

/** Groups that are read at once: few at first, since few are enough for most. */
const FIRST_PAGE = 4
const LARGEST_PAGE = 1024

const contracts = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, plan: Plan, found: Found) {
  const { block, broker, exchanges, query, text } = plan
  const chosen = plan.types?.filter((type) => contractTypes.has(type))
  const types = common(chosen, text.types.length === 0 ? undefined : text.types)
  if (types?.length === 0) return
  const ofGroup = [
    ...(exchanges === undefined ? [] : [isOneOf("e.exchange", exchanges)]),
    ...expiryConditions("e", query),
    ...strikeConditions("e.low", "e.high", query)
  ]
  const ofContract = [
    ...(types === undefined ? [] : [isOneOf("i.type", types)]),
    ...strikeConditions("i.strike", "i.strike", query)
  ]
  const asked = new Set<string | undefined>()
  for (const closeness of closenesses) {
    const match = groupQuestion({ words: text.words, types: types ?? [] }, closeness)
    if (asked.has(match)) continue
    asked.add(match)
    let from = block.contracts
    for (let page = FIRST_PAGE; !found.full; page = Math.min(4 * page, LARGEST_PAGE)) {
      const question = entriesStatement({
        match,
        from,
        to: block.finish,
        conditions: ofGroup,
        limit: page
      })
      const entries = yield* sql.unsafe<EntryRow>(question.sql, question.values)
      const ranges = entries.flatMap((entry) => {
        const range = rangeIn(entry, text.numbers, closeness)
        return range === undefined ? [] : [range]
      })
      const limit = found.room
      if (ranges.length > 0) {
        found.add(yield* read(sql, rangesStatement({ broker, ranges, conditions: ofContract, limit })))
      }
      if (entries.length < page) break
      from = entries.at(-1)!.id + 1
    }
  }
})

/** @param broker as its rows are stored */
export const searchInstruments = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  broker: string,
  query: InstrumentSearch
) {
  const limit = Math.min(Math.floor(query.limit), MOST_FOUND)
  const text = readSearchText(query.text)
  const block = (yield* sql.unsafe<SearchBlock>(blockStatement, [broker]))[0]
  // A text without a letter or a digit is in no word.
  if (block === undefined || !(limit > 0) || (text.typed !== "" && text.chunks.length === 0)) return []
  const plan: Plan = {
    broker,
    block,
    text,
    exchanges: common(query.exchanges, text.exchange === undefined ? undefined : [text.exchange]),
    types: query.types,
    query,
    limit
  }
  const expiring =
    query.expiry !== undefined || query.strikeMin !== undefined || query.strikeMax !== undefined
  const look = Effect.fnUntraced(function* (wanted: Plan) {
    const found = new Found(wanted.limit)
    if (text.chunks.length > 0) yield* exactly(sql, wanted, found)
    if (!expiring) yield* shares(sql, wanted, found)
    if (wanted.types?.some((type) => contractTypes.has(type)) ?? true) yield* contracts(sql, wanted, found)
    return found.instruments
  })
  if (query.expiry !== "next") return yield* look(plan)
  const nearest = (yield* look({ ...plan, limit: 1 }))[0]?.expiry
  if (nearest === undefined) return []
  return yield* look({ ...plan, query: { ...query, expiry: { from: nearest, to: nearest } } })
})
