/**
 * Samco's instrument master: one CSV of all segments, and for each index an answer of the API with its listing id.
 * Source: Samco's Trade API documentation (scrip master, index quote).
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { isObject, parseObject } from "../../protocols/kit/text.ts"
import { addCsvRows } from "./kit/csv.ts"
import { indexFile, samcoIndices } from "./kit/samcoIndices.ts"

const columns = [
  "exchange",
  "symbolCode",
  "tradingSymbol",
  "name",
  // The name's other name, of other editions of the file.
  "symbolName",
  "instrument",
  "lotSize",
  "tickSize",
  "expiryDate",
  "strikePrice"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** Commodity contracts are under MFO. */
const exchanges: Readonly<Record<string, Exchange>> = {
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
    { title: TITLE, text, columns, optional: ["name", "symbolName"], remedy: REMEDY },
    builder,
    toRow
  )

const toRow = (f: Fields): Row => {
  const name = f.name === "" ? f.symbolName : f.name
  const exchange = exchanges[f.exchange]
  if (exchange === undefined) return skipped(`exchange ${f.exchange === "" ? "(none)" : f.exchange}`)
  const suffix = `_${f.exchange}`
  const code = f.symbolCode.endsWith(suffix) ? f.symbolCode.slice(0, -suffix.length) : f.symbolCode
  if (!isToken(code)) return rejected(`symbolCode "${f.symbolCode}" is no code`)
  const lotSize = numberOf(f.lotSize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lotSize "${f.lotSize}" is no size`)
  const tickSize = numberOf(f.tickSize)
  if (tickSize === undefined || tickSize < 0) return rejected(`tickSize "${f.tickSize}" is no size`)
  if (f.tradingSymbol === "") return rejected("tradingSymbol is empty")
  const base = {
    exchange,
    brokerSymbol: f.tradingSymbol,
    brokerExchange: f.exchange,
    // The wire knows instruments by both: the same number exists in two segments.
    token: `${code}${suffix}`,
    name,
    lotSize,
    tickSize
  }
  const isFuture = f.instrument.startsWith("FUT")
  const isOption = f.instrument.startsWith("OPT")
  if (!isFuture && !isOption) {
    if (exchange !== "NSE" && exchange !== "BSE") return skipped(`${f.instrument} of ${f.exchange}`)
    return cash({ ...base, ...nameInSeries(exchange, f.tradingSymbol), bseNumber: code })
  }
  const expiry = dateOf(f.expiryDate)
  if (expiry === undefined) return rejected(`expiryDate "${f.expiryDate}" is no date`)
  if (name === "") return rejected("name is empty")
  if (isFuture) return contract(base, "FUT", expiry, undefined)
  const type = f.tradingSymbol.endsWith("CE") ? "CE" : f.tradingSymbol.endsWith("PE") ? "PE" : undefined
  if (type === undefined) return rejected(`option "${f.tradingSymbol}" ends in neither CE nor PE`)
  const strike = numberOf(f.strikePrice)
  if (strike === undefined || strike <= 0) return rejected(`strikePrice "${f.strikePrice}" is no price`)
  return contract(base, type, expiry, strike)
}

/** An answer is known by the index that it names, or else by its file. */
const toIndex = ({ name, text }: MasterFile): Row => {
  const { id, indexName } = detailsIn(text)
  const index =
    samcoIndices.find((i) => sameName(i.name, indexName)) ??
    samcoIndices.find((i) => sameName(indexFile(i.name), name))
  if (index === undefined) return rejected(`${name} is the answer for an index that is not known`)
  if (id === undefined) return rejected(`${name} has no listing id`)
  return carried({
    symbol: index.symbol,
    exchange: index.exchange,
    brokerSymbol: index.name,
    brokerExchange: index.exchange.replace("_INDEX", ""),
    token: id,
    name: index.name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
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
