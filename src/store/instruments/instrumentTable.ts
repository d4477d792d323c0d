/** The SQL of the instruments table: its indexes, its columns, and rows to instruments and back. */
import type { Instrument } from "../../market/instrument.ts"

/** By name for people, by token for the wire. The first makes (broker, exchange, symbol) unique. */
export const createInstrumentIndexes = [
  "CREATE UNIQUE INDEX instruments_symbol ON instruments (broker, exchange, symbol)",
  "CREATE INDEX instruments_token ON instruments (broker, broker_exchange, token)"
] as const

export const dropInstrumentIndexes = [
  "DROP INDEX instruments_symbol",
  "DROP INDEX instruments_token"
] as const

const columns = [
  "broker",
  "exchange",
  "symbol",
  "broker_symbol",
  "broker_exchange",
  "token",
  "name",
  "expiry",
  "strike",
  "lot_size",
  "tick_size",
  "type",
  "series"
] as const

/** Rows in one INSERT statement: 1300 parameters, where the time per row no longer falls. */
export const ROWS_PER_INSERT = 100

export const insertRows = (count: number): string => {
  const row = `(${columns.map(() => "?").join(", ")})`
  return `INSERT INTO instruments (${columns.join(", ")}) VALUES ${Array.from({ length: count }, () => row).join(", ")}`
}

/** Appends one row's parameters, in the order of the columns. */
export const pushRow = (parameters: Array<string | number | null>, broker: string, i: Instrument): void => {
  parameters.push(
    broker,
    i.exchange,
    i.symbol,
    i.brokerSymbol,
    i.brokerExchange,
    i.token,
    i.name,
    i.expiry ?? null,
    i.strike ?? null,
    i.lotSize,
    i.tickSize,
    i.type,
    i.series ?? null
  )
}

/**
 * Parameters: a JSON array of [symbol, exchange] pairs, the broker. Each row carries the position of its pair.
 * CROSS JOIN keeps SQLite from scanning the instruments first.
 */
export const resolveStatement = `
  SELECT q.key AS position, i.*
  FROM json_each(?) AS q
  CROSS JOIN instruments AS i INDEXED BY instruments_symbol
  ON i.broker = ? AND i.exchange = q.value ->> 1 AND i.symbol = q.value ->> 0`

/**
 * The same for names that the table has not: a share that bears the bare symbol, under its series (`CENTRALBK-BE`), as
 * many clients know it. NSE's series have two characters.
 */
export const resolveSeriesStatement = `
  SELECT q.key AS position, i.*
  FROM json_each(?) AS q
  CROSS JOIN instruments AS i INDEXED BY instruments_symbol
  ON i.broker = ? AND i.exchange = q.value ->> 1 AND i.symbol = substr(q.value ->> 0, 1, length(q.value ->> 0) - 3)
    AND i.series = substr(q.value ->> 0, -2)`

/** Parameters: broker, today. Of a group with min(), SQLite gives the other columns of the row that has the least. */
export const exampleStatement = `
  SELECT *, min(coalesce(expiry, '')) AS soonest FROM instruments
  WHERE broker = ?1 AND (expiry IS NULL OR expiry >= ?2)
  GROUP BY exchange`

export interface InstrumentRow {
  readonly exchange: Instrument["exchange"]
  readonly symbol: string
  readonly broker_symbol: string
  readonly broker_exchange: string
  readonly token: string
  readonly name: string
  readonly expiry: string | null
  readonly strike: number | null
  readonly lot_size: number
  readonly tick_size: number
  readonly type: Instrument["type"]
  readonly series: string | null
}

/** Only `replace` writes this table, and it takes Instruments: rows are not checked again. */
export const fromRow = (row: InstrumentRow): Instrument => ({
  symbol: row.symbol,
  exchange: row.exchange,
  brokerSymbol: row.broker_symbol,
  brokerExchange: row.broker_exchange,
  token: row.token,
  name: row.name,
  ...(row.expiry === null ? {} : { expiry: row.expiry }),
  ...(row.strike === null ? {} : { strike: row.strike }),
  lotSize: row.lot_size,
  tickSize: row.tick_size,
  type: row.type,
  ...(row.series === null ? {} : { series: row.series })
})
