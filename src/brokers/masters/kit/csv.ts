/** Reads CSV masters with a header row: fields by the names of their columns, whatever their order. */
import { parse as parseCsv } from "csv-parse/sync"
import type { MasterFile, MasterParser, ParsedMaster } from "../../broker.ts"
import { MalformedMaster } from "../../broker.ts"
import type { BuilderOptions } from "./builder.ts"
import { MasterBuilder } from "./builder.ts"
import { beginning } from "./fields.ts"
import type { Row } from "./row.ts"
import { rejected } from "./row.ts"
import type { RowParser } from "./rows.ts"

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
 * @throws MalformedMaster for a text that lacks a column
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

/** A parser of a master that is one CSV. */
export const csvMaster =
  <C extends string>(
    source: Omit<CsvSource<C>, "text" | "columns">,
    toRow: RowParser<C>,
    options?: BuilderOptions
  ) =>
  (text: string): ParsedMaster => {
    const builder = new MasterBuilder(options)
    addCsvRows({ ...source, columns: toRow.columns, text }, builder, toRow)
    return builder.finish()
  }

/**
 * A parser of a master of several files, which `add` puts into the builder one by one.
 *
 * @param none what is wrong where there is no file
 */
export const filesMaster =
  (none: string, add: (file: MasterFile, builder: MasterBuilder) => void): MasterParser =>
  (files) => {
    if (files.length === 0) throw new MalformedMaster(none)
    const builder = new MasterBuilder()
    for (const file of files) {
      builder.file(file.name)
      add(file, builder)
    }
    return builder.finish()
  }

/**
 * All rows with their places, as a spreadsheet counts: the header is row 1. A text in place of fields says what is wrong
 * with the row. For masters in which one row decides about another.
 *
 * @throws MalformedMaster for a text that lacks a column
 */
export function* csvRows<C extends string>(
  source: CsvSource<C>
): Generator<readonly [row: number, fields: Fields<C> | string]> {
  const { columns, optional = [], remedy, text, title } = source
  const [header = [], ...rows] = readCsv(text, source.delimiter)
  const at = new Map(header.map((name, i) => [name.trim().toUpperCase(), i]))
  const places = columns.map((c) => [c, at.get(c.toUpperCase())] as const)
  const missing = places.filter(([c, place]) => place === undefined && !optional.includes(c))
  if (missing.length > 0) {
    throw new MalformedMaster(
      `${title} lacks the columns ${missing.map(([c]) => c).join(", ")}: it begins with ${beginning(text)}. ${remedy}`
    )
  }
  const needed = places.flatMap(([c, place]) => (place === undefined || optional.includes(c) ? [] : [place]))
  const width = Math.max(...needed) + 1
  // A separator inside a name shifts what is behind it. Where most rows are longer, the header is what is odd.
  const long = rows.filter((cells) => widthOf(cells) > header.length).length
  const most = long * 2 > rows.length ? Infinity : header.length
  for (const [i, cells] of rows.entries()) {
    const fields =
      cells.length < width || widthOf(cells) > most
        ? `the row has ${cells.length} fields where the header has ${header.length}`
        : (Object.fromEntries(
            places.map(([c, place]) => [c, place === undefined ? "" : (cells[place] ?? "").trim()])
          ) as Fields<C>)
    yield [i + 2, fields]
  }
}

/** The columns of a file, for masters whose files are told apart by them: of its first line that is not empty, in upper case. */
export const headerOf = (text: string): ReadonlyArray<string> =>
  /^[^\r\n]*/
    .exec(text.replace(/^\uFEFF?\s*/, ""))![0]
    .split(",")
    .map((name) => name.replaceAll('"', "").trim().toUpperCase())

/** Without the empty cells behind the last one. */
const widthOf = (cells: ReadonlyArray<string>): number => {
  let width = cells.length
  while (width > 0 && cells[width - 1]!.trim() === "") width--
  return width
}

/**
 * Rows of cells, the header with them.
 *
 * No field of a master has a line end. One that seems to has a stray quote at its beginning, which would swallow all rows up
 * to the next quote: such a file is read line by line instead, and a line whose quotes do not fit without regard to them.
 */
export const readCsv = (text: string, delimiter = ","): ReadonlyArray<ReadonlyArray<string>> => {
  try {
    const rows = parseRows(text, delimiter)
    if (!rows.some((cells) => cells.some((cell) => /[\r\n]/.test(cell)))) return rows
  } catch {
    // A quote that never ends.
  }
  return text
    .replace(/^\uFEFF/, "")
    .split(LINE_END)
    .filter((line) => line !== "")
    .map((line) => parseLine(line, delimiter))
}

const LINE_END = /\r\n|\n|\r/

/** A stray quote in a company's name is data, and a row of another width is that row's own trouble. */
const parseRows = (text: string, delimiter: string, quote = true): ReadonlyArray<ReadonlyArray<string>> =>
  parseCsv(text, {
    bom: true,
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    quote: quote ? '"' : false,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true
  })

const parseLine = (line: string, delimiter: string): ReadonlyArray<string> => {
  try {
    return parseRows(line, delimiter)[0] ?? []
  } catch {
    return parseRows(line, delimiter, false)[0] ?? []
  }
}
