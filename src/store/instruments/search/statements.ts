/**
 * The SQL of finding instruments: its tables and its statements, SQLite's dialect in one place.
 *
 * `instrument_search` (FTS5) holds words. Its rows are *entries*: a share, an index, or a group of contracts that differ
 * by strike and type alone; 200 000 instruments make some 20 000 of them. Entries are numbered in the order in which
 * results are shown, each broker's together, so that FTS5, which answers by number, stops after the first few. Every
 * word begins with two characters that stand for the broker, so that the others' entries cost a search nothing.
 */

export const createSearchTables = [
  // contentless: the words are not kept a second time. detail = none: where in an entry a word stands says nothing.
  // prefix: the broker and one letter, which most words of a broker may begin with; longer beginnings are rarer.
  `CREATE VIRTUAL TABLE instrument_search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '3', tokenize = "ascii tokenchars '^~.'"
  )`,
  // first: a symbol; with last, a group's are all from the one to the other.
  // numbers: the words of a group that are numbers and no strikes. low, high: of its strikes, a JSON array.
  `CREATE TABLE instrument_search_entries (
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT,
    expiry TEXT,
    numbers TEXT NOT NULL DEFAULT '',
    low REAL,
    high REAL,
    strikes TEXT NOT NULL DEFAULT '[]'
  ) STRICT`,
  // Where a broker's entries of each kind begin, in the order of the kinds, and where the last kind ends.
  `CREATE TABLE instrument_search_brokers (
    broker TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    ordinary INTEGER NOT NULL,
    indices INTEGER NOT NULL,
    series INTEGER NOT NULL,
    contracts INTEGER NOT NULL,
    finish INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`
] as const

export interface SearchBlock {
  /** The broker's. */
  readonly number: number
  /** Shares under their bare symbols. */
  readonly ordinary: number
  readonly indices: number
  /** Shares of other series, and debt. */
  readonly series: number
  readonly contracts: number
  readonly finish: number
}

export const hasFts5Statement = "SELECT count(*) AS n FROM pragma_module_list WHERE name = 'fts5'"

export const blockStatement = `SELECT number, ordinary, indices, series, contracts, finish
  FROM instrument_search_brokers WHERE broker = ?`
export const writeBlockStatement = `INSERT OR REPLACE INTO instrument_search_brokers
  (broker, number, ordinary, indices, series, contracts, finish) VALUES (?, ?, ?, ?, ?, ?, ?)`
export const nextStatement = `SELECT coalesce(max(finish), 1) AS entry, coalesce(max(number), 0) + 1 AS number
  FROM instrument_search_brokers`

/** Numbers are written with these digits, two of them: enough for 1296 brokers. */
const RADIX = 36

const markOf = (broker: number): string => broker.toString(RADIX).padStart(2, "0")

/** Words with blanks between as a broker's. */
export const ofBroker = (broker: number, words: string): string => {
  const mark = markOf(broker)
  return mark + words.replaceAll(" ", ` ${mark}`)
}

/** Parameters: the first, the one after the last. */
export const deleteEntriesStatements = [
  "DELETE FROM instrument_search WHERE rowid >= ? AND rowid < ?",
  "DELETE FROM instrument_search_entries WHERE id >= ? AND id < ?"
] as const

const rows = (count: number, row: string): string => Array.from({ length: count }, () => row).join(", ")

/** Parameters of each: number, words. */
export const insertWords = (count: number): string =>
  `INSERT INTO instrument_search (rowid, words) VALUES ${rows(count, "(?, ?)")}`

/** Parameters of each: number, exchange, symbol. */
export const insertSymbols = (count: number): string =>
  `INSERT INTO instrument_search_entries (id, exchange, first) VALUES ${rows(count, "(?, ?, ?)")}`

/** Parameters of each: number, exchange, first, last, expiry, numbers, low, high, strikes. */
export const insertGroups = (count: number): string =>
  `INSERT INTO instrument_search_entries (id, exchange, first, last, expiry, numbers, low, high, strikes)
   VALUES ${rows(count, "(?, ?, ?, ?, ?, ?, ?, ?, ?)")}`

/** Parameter: the broker. */
export const countStatement = "SELECT count(*) AS n FROM instruments WHERE broker = ?"
/** Parameter: the broker. As they lie: an index only slows down reading all. */
export const readAllStatement = "SELECT * FROM instruments NOT INDEXED WHERE broker = ?"

/** A statement, or a part of its condition, with what stands at its question marks. */
export interface Sql {
  readonly sql: string
  readonly values: ReadonlyArray<string | number>
}

const allOf = (conditions: ReadonlyArray<Sql>): Sql => ({
  sql: conditions.map(({ sql }) => sql).join(" AND "),
  values: conditions.flatMap(({ values }) => values)
})

export interface EntryQuestion {
  /** In FTS5's language, its words quoted; undefined: every entry. */
  readonly match: string | undefined
  /** Number of the broker. */
  readonly broker: number
  /** The first entry, and the one after the last. */
  readonly from: number
  readonly to: number
  /** Of the entry `e`. */
  readonly conditions: ReadonlyArray<Sql>
  readonly limit: number
}

export interface EntryRow {
  readonly id: number
  readonly exchange: string
  readonly first: string
  /** Null: the first is the only one. */
  readonly last: string | null
  readonly expiry: string | null
  readonly numbers: string
  /** A JSON array. */
  readonly strikes: string
}

/** The entries that fit, in their order. */
export const entriesStatement = ({ broker, conditions, from, limit, match, to }: EntryQuestion): Sql => {
  const id = match === undefined ? "e.id" : "s.rowid"
  const source =
    match === undefined
      ? "instrument_search_entries AS e"
      : "instrument_search AS s CROSS JOIN instrument_search_entries AS e ON e.id = s.rowid"
  const where = allOf([
    ...(match === undefined
      ? []
      : [
          {
            sql: "s.instrument_search MATCH ?",
            values: [match.replace(/"([^"]+)"/g, `"${markOf(broker)}$1"`)]
          }
        ]),
    { sql: `${id} >= ? AND ${id} < ?`, values: [from, to] },
    ...conditions
  ])
  return {
    sql: `SELECT e.id, e.exchange, e.first, e.last, e.expiry, e.numbers, e.strikes FROM ${source}
      WHERE ${where.sql} ORDER BY ${id} LIMIT ?`,
    values: [...where.values, limit]
  }
}

/** Symbols from the first to the last, of one exchange, and the strike they must have if there is one. */
export type SymbolRange = readonly [exchange: string, first: string, last: string, strike: number | null]

/** The instruments of ranges, range by range, futures before options, those by strike. */
export const rangesStatement = (question: {
  readonly broker: string
  readonly ranges: ReadonlyArray<SymbolRange>
  /** Of the instrument `i`. */
  readonly conditions: ReadonlyArray<Sql>
  readonly limit: number
}): Sql => {
  const { broker, conditions, limit, ranges } = question
  const where = allOf([
    { sql: "(g.value ->> 3 IS NULL OR i.strike = g.value ->> 3)", values: [] },
    ...conditions
  ])
  return {
    sql: `SELECT i.* FROM json_each(?) AS g
      CROSS JOIN instruments AS i INDEXED BY instruments_symbol
      ON i.broker = ? AND i.exchange = g.value ->> 0 AND i.symbol BETWEEN g.value ->> 1 AND g.value ->> 2
      WHERE ${where.sql}
      ORDER BY g.key, i.strike, i.type, i.symbol
      LIMIT ?`,
    values: [JSON.stringify(ranges), broker, ...where.values, limit]
  }
}

/** Contracts whose symbols begin so, of the first exchange first, by expiry, futures before options, those by strike. */
export const beginningStatement = (question: {
  readonly broker: string
  readonly exchanges: ReadonlyArray<string>
  readonly from: string
  readonly to: string
  /** Of the instrument `i`. */
  readonly conditions: ReadonlyArray<Sql>
  readonly limit: number
}): Sql => {
  const { broker, conditions, exchanges, from, limit, to } = question
  const where = allOf(conditions)
  return {
    sql: `SELECT i.* FROM json_each(?) AS x
      CROSS JOIN instruments AS i INDEXED BY instruments_symbol
      ON i.broker = ? AND i.exchange = x.value AND i.symbol BETWEEN ? AND ?
      WHERE ${where.sql}
      ORDER BY x.key, i.expiry, i.strike, i.type, i.symbol
      LIMIT ?`,
    values: [JSON.stringify(exchanges), broker, from, to, ...where.values, limit]
  }
}

/** `column` is one of the texts. */
export const isOneOf = (column: string, texts: ReadonlyArray<string>): Sql => ({
  sql: `${column} IN (SELECT value FROM json_each(?))`,
  values: [JSON.stringify(texts)]
})

/** Parameters: exchange, symbol. The same instrument at every broker that has it, with `broker`. */
export const everywhereStatement = `
  SELECT i.* FROM instrument_search_brokers AS b
  CROSS JOIN instruments AS i INDEXED BY instruments_symbol
  ON i.broker = b.broker AND i.exchange = ? AND i.symbol = ?
  ORDER BY i.broker`

/** Brokers with instruments. */
export const brokersStatement =
  "SELECT broker FROM instrument_search_brokers WHERE finish > ordinary ORDER BY broker"
