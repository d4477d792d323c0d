/**
 * Samco's instrument master: one CSV of all segments, and for each index an answer of the API with its listing id.
 * Source: Samco's Trade API documentation (scrip master, index quote).
 */
import { isObject, parseObject } from "../../protocols/kit/text.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameInSeries } from "./kit/cash.ts"
import { optionAtEnd } from "./kit/contracts.ts"
import { addCsvRows } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isCash } from "./kit/exchanges.ts"
import { isToken, orNone } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { indexRow, listing, rowParser } from "./kit/rows.ts"
import { indexFile, samcoIndices } from "./kit/samcoIndices.ts"

/** Commodity contracts are under MFO. */
const exchanges: Exchanges = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  CDS: "CDS",
  MFO: "MCX"
}

const TITLE = "Samco's instrument master"
const REMEDY = "Fetch ScripMaster.csv again; a file of your own needs the same columns."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const builder = new MasterBuilder()
  const answers = files.filter((f) => f.text.trimStart().startsWith("{"))
  const tables = files.filter((f) => !answers.includes(f))
  if (tables.length === 0) throw new MalformedMaster(`${TITLE} is missing its CSV. ${REMEDY}`)
  for (const { name, text } of tables) {
    builder.file(name)
    addTable(text, builder)
  }
  for (const file of answers) {
    builder.file(file.name)
    builder.add(1, toIndex(file))
  }
  return builder.finish()
}

const addTable = (text: string, builder: MasterBuilder): void =>
  addCsvRows(
    { title: TITLE, text, columns: toRow.columns, optional: ["name", "symbolName"], remedy: REMEDY },
    builder,
    toRow
  )

/** The number in `1594_NSE`; some files have it alone. */
const codeOf = ({ exchange, symbolCode }: Fields<"exchange" | "symbolCode">): string =>
  symbolCode.endsWith(`_${exchange}`) ? symbolCode.slice(0, -exchange.length - 1) : symbolCode

const toRow = rowParser({
  also: ["exchange", "instrument"],
  listing: (f) => {
    const exchange = exchanges[f.exchange]
    if (exchange === undefined) return skipped(`exchange ${orNone(f.exchange)}`)
    if (f.instrument.startsWith("FUT")) return listing(exchange, f.exchange, "FUT")
    if (f.instrument.startsWith("OPT")) return listing(exchange, f.exchange, "OPT")
    return isCash(exchange)
      ? listing(exchange, f.exchange, "EQ")
      : skipped(`${f.instrument} of ${f.exchange}`)
  },
  token: {
    columns: "symbolCode",
    // The wire knows instruments by both: the same number exists in two segments.
    read: (_, f) => (isToken(codeOf(f)) ? `${codeOf(f)}_${f.exchange}` : undefined)
  },
  brokerSymbol: "tradingSymbol",
  name: ["name", "symbolName"],
  lotSize: "lotSize",
  tickSize: "tickSize",
  security: (f, { exchange }) => ({ ...nameInSeries(exchange, f.tradingSymbol), bseNumber: codeOf(f) }),
  expiry: "expiryDate",
  option: { columns: "tradingSymbol", read: optionAtEnd },
  strike: "strikePrice",
  reasons: {
    token: (text, column) => `${column} "${text}" is no code`,
    option: (text) => `option "${text}" ends in neither CE nor PE`
  }
})

/** An answer is known by the index that it names, or else by its file. */
const toIndex = ({ name, text }: MasterFile): Row => {
  const { id, indexName } = detailsIn(text)
  const index =
    samcoIndices.find((i) => sameName(i.name, indexName)) ??
    samcoIndices.find((i) => sameName(indexFile(i.name), name))
  if (index === undefined) return rejected(`${name} is the answer for an index that is not known`)
  if (id === undefined) return rejected(`${name} has no listing id`)
  return indexRow({
    symbol: index.symbol,
    exchange: index.exchange,
    brokerSymbol: index.name,
    brokerExchange: index.exchange.replace("_INDEX", ""),
    token: id,
    name: index.name
  })
}

const sameName = (a: string, b: string | undefined): boolean => a.toUpperCase() === b?.toUpperCase()

interface IndexDetails {
  readonly id?: string
  readonly indexName?: string
}

/** Listing ids are negative: `-23`. */
const detailsIn = (text: string): IndexDetails => {
  const details = parseObject(text)?.["indexDetails"]
  const first: unknown = Array.isArray(details) ? details[0] : undefined
  if (!isObject(first)) return {}
  const id = String(first["listingId"])
  const { indexName } = first
  return {
    ...(/^-\d+$/.test(id) ? { id } : {}),
    ...(typeof indexName === "string" ? { indexName } : {})
  }
}
