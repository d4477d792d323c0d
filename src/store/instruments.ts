/** The instruments table: symbol to token, per broker. SQL runs when somebody subscribes, never per tick. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Exchange } from "../market/exchange.ts"
import type { Instrument } from "../market/instrument.ts"
import { nameOf } from "../market/instrument.ts"
import type { StoreError } from "./errors.ts"
import { InvalidInput } from "./errors.ts"
import type { InstrumentRow } from "./instrumentTable.ts"
import {
  ROWS_PER_INSERT,
  createInstrumentIndexes,
  dropInstrumentIndexes,
  exampleStatement,
  fromRow,
  insertRows,
  pushRow,
  resolveStatement
} from "./instrumentTable.ts"
import { brokersStatement, everywhereStatement } from "./instrumentSearch.ts"
import { brokerKey, checkBrokerName } from "./names.ts"
import { indexBroker } from "./searchIndex.ts"
import type { InstrumentSearch } from "./searchQuery.ts"
import { searchInstruments } from "./searchInstruments.ts"
import { attempt, writeTransaction } from "./sql.ts"

/**
 * Building an index over all rows costs a fifth of adding one row to it, so `replace` drops and rebuilds the
 * indexes, unless the other brokers' rows outnumber the new ones by more than this.
 */
const REBUILD_RATIO = 4

export interface InstrumentQuery {
  readonly symbol: string
  readonly exchange: string
}

/** What the table has of one exchange. */
export interface Segment {
  readonly exchange: Exchange
  readonly instruments: number
  /** One that has not expired, the next to expire where they do; absent: all have. */
  readonly example?: Instrument
}

export class Instruments extends Context.Service<
  Instruments,
  {
    /** One answer per query, in order; undefined where the broker has no such instrument. One statement for all. */
    readonly resolve: (
      broker: string,
      queries: ReadonlyArray<InstrumentQuery>
    ) => Effect.Effect<ReadonlyArray<Instrument | undefined>, StoreError>
    /** Replaces the broker's whole table in one transaction. Returns the number of rows. */
    readonly replace: (
      broker: string,
      instruments: ReadonlyArray<Instrument>
    ) => Effect.Effect<number, StoreError>
    readonly count: (broker: string) => Effect.Effect<number, StoreError>
    /** @param today `YYYY-MM-DD` in India */
    readonly segments: (broker: string, today: string) => Effect.Effect<ReadonlyArray<Segment>, StoreError>
    /** By words of symbol, name and contract, the best match first: see `searchInstruments.ts`. */
    readonly search: (
      broker: string,
      query: InstrumentSearch
    ) => Effect.Effect<ReadonlyArray<Instrument>, StoreError>
    /** The same instrument at every broker that has it. */
    readonly everywhere: (
      query: InstrumentQuery
    ) => Effect.Effect<ReadonlyArray<Instrument & { readonly broker: string }>, StoreError>
    /** Those of which the table has instruments. */
    readonly brokers: Effect.Effect<ReadonlyArray<string>, StoreError>
  }
>()("algoways/store/Instruments") {
  static readonly layer: Layer.Layer<Instruments, never, SqlClient.SqlClient> = Layer.effect(
    Instruments,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const resolve = Effect.fn("Instruments.resolve")(function* (
        broker: string,
        queries: ReadonlyArray<InstrumentQuery>
      ) {
        const found = Array.from<Instrument | undefined>({ length: queries.length })
        if (queries.length === 0) return found
        const pairs = JSON.stringify(queries.map((query) => [query.symbol, query.exchange]))
        const rows = yield* sql
          .unsafe<InstrumentRow & { readonly position: number }>(resolveStatement, [pairs, brokerKey(broker)])
          .pipe(attempt("resolve instruments"))
        for (const row of rows) found[row.position] = fromRow(row)
        return found
      })

      const count = Effect.fn("Instruments.count")(function* (broker: string) {
        const rows = yield* sql<{ readonly n: number }>`
          SELECT count(*) AS n FROM instruments WHERE broker = ${brokerKey(broker)}`.pipe(
          attempt("count instruments")
        )
        return rows[0]!.n
      })

      const segments = Effect.fn("Instruments.segments")(function* (broker: string, today: string) {
        const name = brokerKey(broker)
        const counts = yield* sql<{ readonly exchange: Exchange; readonly n: number }>`
          SELECT exchange, count(*) AS n FROM instruments WHERE broker = ${name}
          GROUP BY exchange ORDER BY exchange`.pipe(attempt("count instruments"))
        const examples = yield* sql
          .unsafe<InstrumentRow>(exampleStatement, [name, today])
          .pipe(attempt("read instruments"))
        return counts.map(({ exchange, n }): Segment => {
          const example = examples.find((row) => row.exchange === exchange)
          return { exchange, instruments: n, ...(example === undefined ? {} : { example: fromRow(example) }) }
        })
      })

      const insert = Effect.fnUntraced(function* (broker: string, instruments: ReadonlyArray<Instrument>) {
        const full = insertRows(ROWS_PER_INSERT)
        for (let at = 0; at < instruments.length; at += ROWS_PER_INSERT) {
          const end = Math.min(at + ROWS_PER_INSERT, instruments.length)
          const parameters: Array<string | number | null> = []
          for (let i = at; i < end; i++) pushRow(parameters, broker, instruments[i]!)
          yield* sql.unsafe(end - at === ROWS_PER_INSERT ? full : insertRows(end - at), parameters)
          yield* Effect.yieldNow
        }
      })

      const replace = Effect.fn("Instruments.replace")(function* (
        broker: string,
        instruments: ReadonlyArray<Instrument>
      ) {
        const name = yield* checkBrokerName(broker)
        const twice = firstDuplicate(instruments)
        if (twice !== undefined) {
          return yield* new InvalidInput({
            detail: `The instruments of "${name}" hold ${nameOf(twice)} more than once (last with token ${twice.token}). Each symbol may be there once per exchange.`
          })
        }
        yield* Effect.gen(function* () {
          const others = yield* sql<{ readonly n: number }>`
            SELECT count(*) AS n FROM instruments WHERE broker <> ${name}`
          const rebuild = others[0]!.n <= instruments.length * REBUILD_RATIO
          if (rebuild) for (const statement of dropInstrumentIndexes) yield* sql.unsafe(statement)
          yield* sql`DELETE FROM instruments WHERE broker = ${name}`
          yield* insert(name, instruments)
          if (rebuild) for (const statement of createInstrumentIndexes) yield* sql.unsafe(statement)
          yield* indexBroker(sql, name, instruments)
        }).pipe(writeTransaction(sql, "replace instruments"))
        return instruments.length
      })

      const search = Effect.fn("Instruments.search")((broker: string, query: InstrumentSearch) =>
        searchInstruments(sql, brokerKey(broker), query).pipe(attempt("search instruments"))
      )

      const everywhere = Effect.fn("Instruments.everywhere")(({ exchange, symbol }: InstrumentQuery) =>
        sql.unsafe<InstrumentRow & { readonly broker: string }>(everywhereStatement, [exchange, symbol]).pipe(
          attempt("search instruments"),
          Effect.map((rows) => rows.map((row) => ({ broker: row.broker, ...fromRow(row) })))
        )
      )

      const brokers = sql.unsafe<{ readonly broker: string }>(brokersStatement).pipe(
        attempt("list brokers"),
        Effect.map((rows) => rows.map(({ broker }) => broker))
      )

      return Instruments.of({ resolve, replace, count, segments, search, everywhere, brokers })
    })
  )
}

const firstDuplicate = (instruments: ReadonlyArray<Instrument>): Instrument | undefined => {
  const seen = new Set<string>()
  for (const instrument of instruments) {
    const size = seen.size
    if (seen.add(nameOf(instrument)).size === size) return instrument
  }
  return undefined
}
