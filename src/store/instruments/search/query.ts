/** What is looked for, and what has been found of it: shared by the steps of a search. */
import type * as SqlClient from "effect/sql/SqlClient"
import type { Exchange } from "../../../market/exchange.ts"
import type { Instrument, InstrumentType } from "../../../market/instrument.ts"
import { nameOf } from "../../../market/instrument.ts"
import type { SearchBlock, Sql } from "./statements.ts"
import type { InstrumentRow } from "../instrumentTable.ts"
import { fromRow } from "../instrumentTable.ts"
import type { SearchText } from "./text.ts"

/** Instruments in one answer that anybody is shown. One more may be asked for, which tells that there are more. */
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
  /** `next`: the nearest expiry of what fits best. Of BANKNIFTY, should it expire earlier, `nifty` does not mean that. */
  readonly expiry?: ExpiryRange | "next"
  /** In rupees, both included. */
  readonly strikeMin?: number
  readonly strikeMax?: number
  /** At most MOST_FOUND + 1. */
  readonly limit: number
  /** `YYYY-MM-DD` in India: what expired before is left out. */
  readonly today: string
  /** Leaves in what has expired. */
  readonly expired?: boolean
}

export const contractTypes: ReadonlySet<InstrumentType> = new Set(["FUT", "CE", "PE"])

/** What is in both; undefined is everything. */
export const common = <A>(
  a: ReadonlyArray<A> | undefined,
  b: ReadonlyArray<A> | undefined
): ReadonlyArray<A> | undefined =>
  a === undefined ? b : b === undefined ? a : a.filter((x) => b.includes(x))

/** What is asked for, in the store's terms. */
export interface Plan {
  readonly broker: string
  readonly block: SearchBlock
  readonly text: SearchText
  readonly exchanges: ReadonlyArray<Exchange> | undefined
  readonly types: ReadonlyArray<InstrumentType> | undefined
  readonly query: InstrumentSearch
  readonly limit: number
}

/** Collects instruments in the order in which they are found, each once. */
export class Found {
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
export const expiryConditions = (
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

export const strikeConditions = (
  low: string,
  high: string,
  { strikeMax, strikeMin }: InstrumentSearch
): ReadonlyArray<Sql> => [
  ...(strikeMin === undefined ? [] : [{ sql: `${high} >= ?`, values: [strikeMin] }]),
  ...(strikeMax === undefined ? [] : [{ sql: `${low} <= ?`, values: [strikeMax] }])
]

export const read = (sql: SqlClient.SqlClient, statement: Sql) =>
  sql.unsafe<InstrumentRow>(statement.sql, statement.values)
