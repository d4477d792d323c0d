/**
 * Finds a broker's instruments by what a person types. In this order, each of them once: the symbol itself; an index of
 * this name; shares whose symbol begins with the text, shares in which all words begin a word, shares with a word inside
 * their symbol (in each ordinary shares first, then indices, then other series); then contracts by expiry and strike, those
 * of exactly this underlying first.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { exchanges as allExchanges } from "../../../market/exchange.ts"
import { blockStatement, entriesStatement, isOneOf, rangesStatement } from "./statements.ts"
import type { EntryRow, SearchBlock, SymbolRange } from "./statements.ts"
import { findContracts } from "./contracts.ts"
import {
  Found,
  MOST_FOUND,
  common,
  contractTypes,
  expiryConditions,
  read,
  strikeConditions
} from "./query.ts"
import type { InstrumentSearch, Plan } from "./query.ts"
import { nameQuestion, readingsOf, symbolQuestion, whyNoSearch } from "./text.ts"

/** The text as a symbol, in the case in which it was typed and in capitals. */
const findSymbol = (
  sql: SqlClient.SqlClient,
  { broker, exchanges, query, text, types }: Plan,
  found: Found
) => {
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

const findShares = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, plan: Plan, found: Found) {
  const { block, broker, exchanges, text } = plan
  const conditions = exchanges === undefined ? [] : [isOneOf("e.exchange", exchanges)]
  const look = Effect.fnUntraced(function* (match: string | undefined, [from, to]: Span) {
    if (found.full || from >= to) return
    const question = entriesStatement({
      match,
      broker: block.number,
      from,
      to,
      conditions,
      limit: found.room
    })
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

const findIn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, plan: Plan) {
  const { query, text } = plan
  const expiring =
    query.expiry !== undefined || query.strikeMin !== undefined || query.strikeMax !== undefined
  const tooCostly = whyNoSearch(text.chunks) !== undefined
  const look = Effect.fnUntraced(function* (wanted: Plan) {
    const found = new Found(wanted.limit)
    if (text.chunks.length > 0) yield* findSymbol(sql, wanted, found)
    if (tooCostly) return found.instruments
    if (!expiring) yield* findShares(sql, wanted, found)
    if (wanted.types?.some((type) => contractTypes.has(type)) ?? true)
      yield* findContracts(sql, wanted, found)
    return found.instruments
  })
  if (query.expiry !== "next") return yield* look(plan)
  const nearest = (yield* look({ ...plan, limit: 1 }))[0]?.expiry
  if (nearest === undefined) return []
  return yield* look({ ...plan, query: { ...query, expiry: { from: nearest, to: nearest } } })
})

const findAll = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  broker: string,
  query: InstrumentSearch
) {
  const limit = Math.min(Math.floor(query.limit), MOST_FOUND + 1)
  const block = (yield* sql.unsafe<SearchBlock>(blockStatement, [broker]))[0]
  if (block === undefined || !(limit > 0)) return []
  for (const text of readingsOf(query.text)) {
    // A text without a letter or a digit is in no word.
    if (text.typed !== "" && text.chunks.length === 0) continue
    const exchanges = common(query.exchanges, text.exchange === undefined ? undefined : [text.exchange])
    const found = yield* findIn(sql, { broker, block, text, exchanges, types: query.types, query, limit })
    if (found.length > 0) return found
  }
  return []
})

/**
 * In one transaction that only reads: all statements see the table as it was at the first, whatever an import in another
 * process commits between them.
 *
 * @param broker as its rows are stored
 */
export const searchInstruments = (sql: SqlClient.SqlClient, broker: string, query: InstrumentSearch) =>
  sql.withTransaction(findAll(sql, broker, query))
