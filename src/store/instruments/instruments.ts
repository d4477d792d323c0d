/** The instruments table: symbol to token, per broker. SQL runs when somebody subscribes, never per tick. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { Exchange } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { StoreError } from "../errors.ts"
import { InvalidInput } from "../errors.ts"
import type { InstrumentRow } from "./instrumentTable.ts"
import {
  ROWS_PER_INSERT,
  createInstrumentIndexes,
  dropInstrumentIndexes,
  exampleStatement,
  fromRow,
  insertRows,
  pushRow,
  resolveSeriesStatement,
  resolveStatement
} from "./instrumentTable.ts"
import { brokersStatement, everywhereStatement } from "./search/statements.ts"
import { brokerKey, checkBrokerName } from "./names.ts"
import { indexBroker } from "./search/searchIndex.ts"
import type { InstrumentSearch } from "./search/query.ts"
import { searchInstruments } from "./search/search.ts"
import { attempt, writeTransaction } from "../database/sql.ts"

/**
 * Building an index over all rows costs a fifth of adding one row to it, so `replace` drops and rebuilds the
 * indexes, unless the other brokers' rows outnumber the new ones by more than this.
 */
const REBUILD_RATIO = 4

/** A name that ends in one of NSE's series. */
const IN_SERIES = /.-[A-Z][A-Z0-9]$/

/** Whether this may be another name of a share that bears the bare symbol: only the table knows whether it is. */
export const mayNameSeries = ({ exchange, symbol }: InstrumentQuery): boolean =>
  exchange === "NSE" && IN_SERIES.test(symbol)

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

/** How many instruments the table has of one exchange. */
export interface Held {
  readonly exchange: Exchange
  readonly instruments: number
  /** Those that have not expired. */
  readonly current: number
}

export class Instruments extends Context.Service<
  Instruments,
  {
    /**
     * One answer per query, in order; undefined where the broker has no such instrument. A share of NSE that bears the bare
     * symbol is found under its series as well (`CENTRALBK-BE` is CENTRALBK where that is in the series BE): the answer
     * has the symbol of the table. One statement for all, and one for those names.
     */
    readonly resolve: (
      broker: string,
      queries: ReadonlyArray<InstrumentQuery>
    ) => Effect.Effect<ReadonlyArray<Instrument | undefined>, StoreError>
    /** Replaces the broker's whole table in one transaction. Returns the number of rows. */
    readonly replace: (
      broker: string,
      instruments: ReadonlyArray<Instrument>
    ) => Effect.Effect<number, StoreError>
    /**
     * Runs steps on the store in one transaction: all of them happen or none, and no other process writes between them.
     * `replace` among them keeps what was read before it.
     */
    readonly atomically: <A, E, R>(
      steps: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, Exclude<E, SqlError.SqlError> | StoreError, R>
    readonly count: (broker: string) => Effect.Effect<number, StoreError>
    /** @param today `YYYY-MM-DD` in India */
    readonly held: (broker: string, today: string) => Effect.Effect<ReadonlyArray<Held>, StoreError>
    /** All that has not expired of these exchanges. */
    readonly current: (
      broker: string,
      exchanges: ReadonlyArray<Exchange>,
      today: string
    ) => Effect.Effect<ReadonlyArray<Instrument>, StoreError>
    /** @param today `YYYY-MM-DD` in India */
    readonly segments: (broker: string, today: string) => Effect.Effect<ReadonlyArray<Segment>, StoreError>
    /** By words of symbol, name and contract, the best match first: see `search/search.ts`. */
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

      /** Fills in what was not found under a name that ends in its series. */
      const resolveBySeries = Effect.fnUntraced(function* (
        broker: string,
        queries: ReadonlyArray<InstrumentQuery>,
        found: Array<Instrument | undefined>
      ) {
        const places = queries.flatMap((query, i) =>
          found[i] === undefined && mayNameSeries(query) ? [i] : []
        )
        if (places.length === 0) return
        const pairs = JSON.stringify(places.map((i) => [queries[i]!.symbol, queries[i]!.exchange]))
        const rows = yield* sql
          .unsafe<InstrumentRow & { readonly position: number }>(resolveSeriesStatement, [
            pairs,
            brokerKey(broker)
          ])
          .pipe(attempt("resolve instruments"))
        for (const row of rows) found[places[row.position]!] = fromRow(row)
      })

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
        yield* resolveBySeries(broker, queries, found)
        return found
      })

      const count = Effect.fn("Instruments.count")(function* (broker: string) {
        const rows = yield* sql<{ readonly n: number }>`
          SELECT count(*) AS n FROM instruments WHERE broker = ${brokerKey(broker)}`.pipe(
          attempt("count instruments")
        )
        return rows[0]!.n
      })

      const held = Effect.fn("Instruments.held")(function* (broker: string, today: string) {
        return yield* sql<Held>`
          SELECT exchange, count(*) AS instruments, sum(expiry IS NULL OR expiry >= ${today}) AS current
          FROM instruments WHERE broker = ${brokerKey(broker)}
          GROUP BY exchange ORDER BY exchange`.pipe(attempt("count instruments"))
      })

      const current = Effect.fn("Instruments.current")(function* (
        broker: string,
        exchanges: ReadonlyArray<Exchange>,
        today: string
      ) {
        const rows = yield* sql<InstrumentRow>`
          SELECT * FROM instruments
          WHERE broker = ${brokerKey(broker)}
            AND exchange IN (SELECT value FROM json_each(${JSON.stringify(exchanges)}))
            AND (expiry IS NULL OR expiry >= ${today})
          ORDER BY rowid`.pipe(attempt("read instruments"))
        return rows.map(fromRow)
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

      const atomically = writeTransaction(sql, "replace instruments")

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

      return Instruments.of({
        resolve,
        replace,
        atomically,
        count,
        held,
        current,
        segments,
        search,
        everywhere,
        brokers
      })
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
