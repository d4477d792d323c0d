/**
 * Definedge's instrument master: one CSV of all exchanges, without a header. Prices are in paise.
 * Source: Definedge's API documentation and the file itself.
 */
import type { ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { readCsv } from "./kit/csv.ts"
import { beginning, dayIn } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { inPaise, listing, rowParser } from "./kit/rows.ts"
import { allIndices, norenListing, norenQuirks } from "./kit/norenRows.ts"

/** In their places; more may follow. */
const columns = [
  "exchange",
  "token",
  "name",
  "tradingSymbol",
  "kind",
  "expiry",
  "tick",
  "lot",
  "optionType",
  "strike"
] as const
type Column = (typeof columns)[number]

const REMEDY = "Fetch allmaster.zip again; a file of your own needs the same columns."

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  let recognised = 0
  for (const [i, cells] of readCsv(text).entries()) {
    const row = toRow(cells.map((cell) => cell.trim()))
    if (row.tag === "instrument" || row.tag === "security") recognised++
    builder.add(i + 1, row)
  }
  if (recognised === 0) {
    throw new MalformedMaster(
      `No row of Definedge's instrument master is an instrument: it begins with ${beginning(text)}. ${REMEDY}`
    )
  }
  return builder.finish()
}

const toRow = (cells: ReadonlyArray<string>): Row =>
  cells.length < columns.length
    ? rejected(`the row has ${cells.length} fields, and ${columns.length} are needed`)
    : toInstrument(Object.fromEntries(columns.map((column, i) => [column, cells[i]!])) as Fields<Column>)

const readDay = dayIn(/^(?<day>\d{2})(?<month>\d{2})(?<year>\d{4})$/)

const toInstrument = rowParser<Column>({
  ...norenQuirks,
  listing: (f) => {
    if (f.kind !== "IDX" && f.kind !== "INDEX") {
      return norenListing(f.exchange, f.optionType, f.kind, "kind")
    }
    const exchange = allIndices[f.exchange]
    return exchange === undefined ? skipped(`index of ${f.exchange}`) : listing(exchange, f.exchange, "INDEX")
  },
  token: "token",
  brokerSymbol: {
    columns: "tradingSymbol",
    read: (text, f, { type }) => (type === "INDEX" ? text || f.name : text)
  },
  name: "name",
  lotSize: "lot",
  tickSize: { columns: "tick", read: inPaise },
  // The kind is NSE's series or BSE's group.
  security: (f, { exchange }) => nameOfSeries(exchange, f.tradingSymbol, f.kind),
  // `28032024`; a leading zero may be lost.
  expiry: { columns: "expiry", read: (text) => readDay(text.padStart(8, "0")) },
  strike: { columns: "strike", read: inPaise }
})
