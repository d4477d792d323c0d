/** Keeps the search index in step with the instruments table: rebuilds one broker's entries within the writer's transaction. */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { exchanges } from "../../../market/exchange.ts"
import type { Exchange } from "../../../market/exchange.ts"
import type { Instrument } from "../../../market/instrument.ts"
import { DatabaseFailed } from "../../errors.ts"
import {
  blockStatement,
  countStatement,
  createSearchTables,
  deleteEntriesStatements,
  hasFts5Statement,
  insertGroups,
  insertSymbols,
  insertWords,
  nextStatement,
  ofBroker,
  readAllStatement,
  writeBlockStatement
} from "./statements.ts"
import type { SearchBlock } from "./statements.ts"
import type { InstrumentRow } from "../instrumentTable.ts"
import { fromRow } from "../instrumentTable.ts"
import type { Group } from "./contractGroups.ts"
import { groupsOf, isContract } from "./contractGroups.ts"
import { numbersOfGroup, wordsOfGroup, wordsOfInstrument } from "./words.ts"

/** Rows in one INSERT statement: beyond, the time per row no longer falls. */
const ROWS_PER_INSERT = 100

/** Behind every letter, digit and sign that a contract's symbol may go on with. */
export const BEHIND_ALL = "~"

/**
 * Whether a share stands under its bare symbol. Other series have theirs behind it (`RELIANCE-BE`), one or two letters or
 * digits; `BAJAJ-AUTO` is bare.
 */
export const isOrdinary = ({ series, symbol }: Pick<Instrument, "symbol" | "series">): boolean =>
  series === undefined || series === "" ? !/-[A-Z0-9]{1,2}$/.test(symbol) : !symbol.endsWith(`-${series}`)

const place = new Map(exchanges.map((exchange, i): [Exchange, number] => [exchange, i]))
const byExchange = (a: Exchange, b: Exchange): number => place.get(a)! - place.get(b)!
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Short symbols first: RELIANCE before RELIANCEPP, and at NSE before BSE. */
const bySymbol = (a: Instrument, b: Instrument): number =>
  a.symbol.length - b.symbol.length || byText(a.symbol, b.symbol) || byExchange(a.exchange, b.exchange)

/** The next to expire first, then short names: NIFTY before NIFTYNXT50. */
const byExpiry = (a: Group, b: Group): number =>
  byText(a.expiry ?? "", b.expiry ?? "") ||
  a.start.length - b.start.length ||
  byText(a.start, b.start) ||
  byExchange(a.exchange, b.exchange)

/** What shares and indices are called, by symbol: their contracts are found by it too. */
const namesOf = (shares: ReadonlyArray<Instrument>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const names = new Map<string, Array<string>>()
  for (const { brokerSymbol, name, symbol, type } of shares) {
    const its = type === "INDEX" ? [name, brokerSymbol] : [name]
    const known = names.get(symbol)
    if (known === undefined) names.set(symbol, its)
    else known.push(...its)
  }
  return names
}

type Value = string | number | null

/** Rows by the hundred. */
const insertAll = Effect.fnUntraced(function* <A>(
  sql: SqlClient.SqlClient,
  items: ReadonlyArray<A>,
  insert: (count: number) => string,
  rowOf: (item: A, i: number) => ReadonlyArray<Value>
) {
  for (let at = 0; at < items.length; at += ROWS_PER_INSERT) {
    const end = Math.min(at + ROWS_PER_INSERT, items.length)
    const values: Array<Value> = []
    for (let i = at; i < end; i++) values.push(...rowOf(items[i]!, i))
    yield* sql.unsafe(insert(end - at), values)
    yield* Effect.yieldNow
  }
})

const groupRow = (
  id: number,
  { exchange, expiry, open, start, strikes }: Group,
  numbers: ReadonlyArray<string>
) => {
  let low: number | null = null
  let high: number | null = null
  for (const strike of strikes) {
    if (low === null || strike < low) low = strike
    if (high === null || strike > high) high = strike
  }
  const last = open ? start + BEHIND_ALL : null
  return [
    id,
    exchange,
    start,
    last,
    expiry ?? null,
    numbers.join(" "),
    low,
    high,
    JSON.stringify([...strikes])
  ]
}

/** All of the broker's: those that were just written, when they are all, else what the table holds. */
const listed = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  broker: string,
  written: ReadonlyArray<Instrument>
) {
  const { n } = (yield* sql.unsafe<{ readonly n: number }>(countStatement, [broker]))[0]!
  if (n === written.length) return written
  return (yield* sql.unsafe<InstrumentRow>(readAllStatement, [broker])).map(fromRow)
})

/**
 * Rebuilds the broker's entries. Run it in the transaction that changes the table, after the change.
 *
 * @param written what was inserted: where that is all of the broker's, it need not be read back
 */
export const indexBroker = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  broker: string,
  written: ReadonlyArray<Instrument>
) {
  const old = (yield* sql.unsafe<SearchBlock>(blockStatement, [broker]))[0]
  if (old !== undefined) {
    for (const statement of deleteEntriesStatements) yield* sql.unsafe(statement, [old.ordinary, old.finish])
  }
  const all = yield* listed(sql, broker, written)
  const shares = all.filter((instrument) => !isContract(instrument))
  const groups = groupsOf(all).sort(byExpiry)
  yield* Effect.yieldNow

  const names = namesOf(shares)
  const kinds = [
    shares.filter((share) => share.type !== "INDEX" && isOrdinary(share)).sort(bySymbol),
    shares.filter(({ type }) => type === "INDEX").sort(bySymbol),
    shares.filter((share) => share.type !== "INDEX" && !isOrdinary(share)).sort(bySymbol)
  ]
  const next = (yield* sql.unsafe<{ readonly entry: number; readonly number: number }>(nextStatement))[0]!
  const number = old?.number ?? next.number
  const starts = [next.entry]
  for (const kind of kinds) starts.push(starts.at(-1)! + kind.length)
  const singles = kinds.flat()
  const from = starts.at(-1)!
  const named = groups.map((group) => ({ ...group, names: names.get(group.underlying) ?? [] }))

  // Words come after all rows: FTS5 writes what it has gathered before a statement on another table.
  yield* insertAll(sql, singles, insertSymbols, ({ exchange, symbol }, i) => [
    next.entry + i,
    exchange,
    symbol
  ])
  yield* insertAll(sql, named, insertGroups, (group, i) => groupRow(from + i, group, numbersOfGroup(group)))
  yield* sql.unsafe(writeBlockStatement, [broker, number, ...starts, from + groups.length])
  yield* insertAll(sql, singles, insertWords, (share, i) => [
    next.entry + i,
    ofBroker(number, wordsOfInstrument(share))
  ])
  yield* insertAll(sql, named, insertWords, (group, i) => [from + i, ofBroker(number, wordsOfGroup(group))])
})

/** The tables of the search, with what the instruments table holds already. */
export const createSearchIndex = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const { n } = (yield* sql.unsafe<{ readonly n: number }>(hasFts5Statement))[0]!
  if (n === 0) {
    return yield* new DatabaseFailed({
      operation: "migrate",
      detail: `the SQLite of Node ${process.versions.node} lacks FTS5, which finding instruments needs; use a Node of nodejs.org, 22.16 or later`
    })
  }
  for (const statement of createSearchTables) yield* sql.unsafe(statement)
  const brokers = yield* sql<{ readonly broker: string }>`SELECT DISTINCT broker FROM instruments`
  for (const { broker } of brokers) yield* indexBroker(sql, broker, [])
})
