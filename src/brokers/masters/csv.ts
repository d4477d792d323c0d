/** Reads CSV masters with a header row: fields by the names of their columns, whatever their order. */
import { parse as parseCsv } from "csv-parse/sync"
import { MalformedMaster } from "../broker.ts"
import type { MasterBuilder, Row } from "./builder.ts"
import { beginning, rejected } from "./builder.ts"

export interface CsvSource<C extends string> {
  /** For errors: `Zerodha's instrument master`. */
  readonly title: string
  readonly text: string
  readonly columns: ReadonlyArray<C>
  /** Columns that may be missing; their fields are empty then. */
  readonly optional?: ReadonlyArray<C>
  /** What to do when the file is not what it should be. */
  readonly remedy: string
  readonly delimiter?: string
}

type Fields<C extends string> = Readonly<Record<C, string>>

/**
 * Puts every row through `toRow` into the builder. Cells are trimmed, and so are the names of columns.
 *
 * @throws MalformedMaster for a text that is no CSV or lacks a column
 */
export const addCsvRows = <C extends string>(
  source: CsvSource<C>,
  builder: MasterBuilder,
  toRow: (fields: Fields<C>) => Row
): void => {
  for (const [row, fields] of csvRows(source)) {
    builder.add(row, typeof fields === "string" ? rejected(fields) : toRow(fields))
  }
}

/**
 * All rows with their places, as a spreadsheet counts: the header is row 1. A text in place of fields says what is wrong
 * with the row. For masters in which one row decides about another.
 *
 * @throws MalformedMaster for a text that is no CSV or lacks a column
 */
export function* csvRows<C extends string>(
  source: CsvSource<C>
): Generator<readonly [row: number, fields: Fields<C> | string]> {
  const { columns, optional = [], remedy, text, title } = source
  const [header, ...rows] = readCsv(source)
  const at = new Map((header ?? []).map((name, i) => [name.trim(), i]))
  const missing = columns.filter((c) => !at.has(c) && !optional.includes(c))
  if (missing.length > 0) {
    throw new MalformedMaster(
      `${title} lacks the columns ${missing.join(", ")}: it begins with ${beginning(text)}. ${remedy}`
    )
  }
  const places = columns.map((c) => [c, at.get(c)] as const)
  const width = Math.max(...places.map(([, place]) => place ?? 0)) + 1
  for (const [i, cells] of rows.entries()) {
    const fields =
      cells.length < width
        ? `the row has ${cells.length} fields where the header has ${header?.length}`
        : (Object.fromEntries(
            places.map(([c, place]) => [c, place === undefined ? "" : cells[place]!.trim()])
          ) as Fields<C>)
    yield [i + 2, fields]
  }
}

/** Rows of cells, the header with them. @throws MalformedMaster */
export const readCsv = ({
  delimiter = ",",
  remedy,
  text,
  title
}: Omit<CsvSource<string>, "columns">): ReadonlyArray<ReadonlyArray<string>> => {
  try {
    // A stray quote in a company's name is data, and a row of another width is that row's own trouble.
    return parseCsv(text, {
      bom: true,
      delimiter,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true
    })
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new MalformedMaster(`${title} is no CSV (${detail}): it begins with ${beginning(text)}. ${remedy}`)
  }
}
