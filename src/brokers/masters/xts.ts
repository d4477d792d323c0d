/**
 * The instrument master of XTS servers: per segment a list of rows, `|` between fields and no header, and per
 * exchange a list of indices. Answers of the REST front as they come, or the rows alone.
 * Source: Symphony Fintech's market data API documentation ("Master", "GetIndexList").
 */
import { isObject } from "../../kit/isObject.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isCash } from "./kit/exchanges.ts"
import { beginning, dayIn, isToken, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import type { Row } from "./kit/row.ts"
import { carried, rejected, skipped } from "./kit/row.ts"
import type { Fields, Listing } from "./kit/rows.ts"
import { indexRow, listing, rowParser } from "./kit/rows.ts"

const segments: Exchanges = {
  NSECM: "NSE",
  NSEFO: "NFO",
  NSECD: "CDS",
  BSECM: "BSE",
  BSEFO: "BFO",
  BSECD: "BCD",
  MCXFO: "MCX",
  NCDEX: "NCDEX"
}

/** Places of the fields. A future's row ends two fields earlier: it has neither strike nor option type. */
const places = {
  ExchangeSegment: 0,
  ExchangeInstrumentID: 1,
  InstrumentType: 2,
  Name: 3,
  Description: 4,
  Series: 5,
  TickSize: 11,
  LotSize: 12,
  // Of cash rows.
  ISIN: 15,
  // And those of contracts.
  ContractExpiration: 16,
  StrikePrice: 17,
  OptionType: 18
} as const
type Column = keyof typeof places
const columns = Object.keys(places) as ReadonlyArray<Column>

/**
 * Symphony's kinds of instruments. A calendar spread, 4, has the series of the near future (`FUTSTK`, `FUTIDX`, `IF`), so
 * the series says nothing about it. Shares have 8, preference shares, debentures and warrants the last three.
 */
const FUTURE = "1"
const OPTION = "2"
const SPOT = "16"
const otherSecurities: ReadonlySet<string> = new Set(["32", "64", "128"])
/** 1 and 2 are said of BSE's options (UNCONFIRMED): they count where the trading symbol says the same. */
const optionTypes: Readonly<Record<string, "CE" | "PE">> = {
  "1": "CE",
  "2": "PE",
  "3": "CE",
  "4": "PE",
  CE: "CE",
  PE: "PE"
}

const REMEDY =
  "Each file is an answer of /instruments/master or /instruments/indexlist, or the rows of a segment as they are in it."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const builder = new MasterBuilder()
  const indices = new Set<string>()
  const spots: Array<readonly [row: number, instrument: Instrument]> = []
  for (const file of files) {
    const { exchange, list } = readFile(file)
    builder.file(file.name)
    if (exchange === undefined) {
      for (const [i, line] of list.entries()) {
        if (line.trim() === "") continue
        const row = toRow(line)
        if (row.tag === "instrument" && row.instrument.type === "INDEX") spots.push([i + 1, row.instrument])
        else builder.add(i + 1, row)
      }
      continue
    }
    for (const [i, entry] of list.entries()) {
      const row = toIndex(exchange, entry)
      if (row.tag === "instrument") indices.add(`${exchange}:${row.instrument.symbol}`)
      builder.add(i + 1, row)
    }
  }
  // The lists of indices name the ids that the wire knows; what they lack comes from the rows.
  for (const [row, instrument] of spots) {
    const listed = indices.has(`${instrument.exchange}:${instrument.symbol}`)
    builder.add(row, listed ? skipped("index that the list of indices has") : carried(instrument))
  }
  return builder.finish()
}

interface Content {
  /** Of a list of indices; absent for rows. */
  readonly exchange?: Exchange
  readonly list: ReadonlyArray<string>
}

const readFile = ({ name, text }: MasterFile): Content => {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const malformed = (what: string): MalformedMaster =>
    new MalformedMaster(`${name} is no XTS instrument master: ${what}. ${REMEDY}`)
  if (/^\s*[[{]/.test(plain)) {
    const result = readResult(plain, malformed)
    if (typeof result === "string") return rowsOf(result, malformed)
    const { exchangeSegment, indexList } = result as Readonly<Record<string, unknown>>
    if (!Array.isArray(indexList)) throw malformed("its result is neither rows nor a list of indices")
    return {
      exchange: indexExchange(exchangeSegment, name),
      list: indexList.filter((entry) => typeof entry === "string")
    }
  }
  return rowsOf(plain, malformed)
}

/** The documentation shows answers in a list of one, too. */
const readResult = (text: string, malformed: (what: string) => MalformedMaster): string | object => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed(`it is no JSON, or was cut off: it begins with ${beginning(text)}`)
  }
  const answer: unknown = Array.isArray(value) ? value[0] : value
  const fields = isObject(answer) ? answer : {}
  const { description, result, type } = fields
  if (type === "error") {
    throw malformed(
      `the broker refused it${typeof description === "string" ? ` (${description.slice(0, 100)})` : ""}`
    )
  }
  if (typeof result === "string" || (typeof result === "object" && result !== null)) return result
  throw malformed("it has no result")
}

/** A file is rows when any of its lines begins with a segment. */
const rowsOf = (text: string, malformed: (what: string) => MalformedMaster): Content => {
  const list = text.split(/\r?\n/)
  if (!list.some((line) => /^\s*"?[A-Za-z]{2,10}"?\s*\|/.test(line))) {
    throw malformed(`no line begins with a segment and a bar: it begins with ${beginning(text)}`)
  }
  return { list }
}

const NSE_CASH = 1
const BSE_CASH = 11

/** By what the answer says, else by the file's name, where the segment is the last number. */
const indexExchange = (segment: unknown, name: string): Exchange => {
  const number = Number(segment ?? /(\d+)\D*$/.exec(name)?.[1] ?? NSE_CASH)
  return number === BSE_CASH ? "BSE_INDEX" : "NSE_INDEX"
}

/** `NIFTY 50_26000`: name and id. */
const toIndex = (exchange: Exchange, entry: string): Row => {
  const at = entry.lastIndexOf("_")
  const name = entry.slice(0, at).trim()
  const token = entry.slice(at + 1).trim()
  if (at <= 0 || name === "") return rejected(`"${entry}" is no name with an id`)
  const symbol = indexSymbol(exchange, name)
  return isToken(token)
    ? indexRow({ symbol, exchange, brokerSymbol: entry.trim(), brokerExchange: exchange, token, name })
    : rejected(`"${entry}" ends in no plain number`)
}

const indexSymbol = indexSymbols({ without: /[\s-]/g })

const toRow = (line: string): Row => {
  const cells = line.split("|").map((field) => field.trim().replace(/^"(.*)"$/, "$1"))
  const segment = cells[0]!
  if (segments[segment] === undefined) return skipped(`segment ${orNone(segment)}`)
  if (cells.length <= places.LotSize) return rejected(`the row has ${cells.length} fields`)
  return toInstrument(
    Object.fromEntries(columns.map((column) => [column, cells[places[column]] ?? ""])) as Fields<Column>
  )
}

const listingOf = (f: Fields<Column>): Listing | Row => {
  const { ExchangeSegment: segment, InstrumentType: kind, Name: name, Series: series } = f
  const exchange = segments[segment]!
  if (name === "") return rejected("Name is empty")
  if (/^(?:ZZZ|DUMMY)|^SCRIP$/.test(name)) return skipped(`test of ${segment}`)
  if (exchange === "BSE" && series === "SPOT") return listing("BSE_INDEX", segment, "INDEX")
  if (isCash(exchange)) {
    // NSE's rows without a series are no securities.
    return kind === SPOT || (exchange === "NSE" && series === "")
      ? skipped(`${segment} ${kind === SPOT ? "spot" : "without a series"}`)
      : listing(exchange, segment, "EQ")
  }
  if (kind !== FUTURE && kind !== OPTION) return skipped(`${segment} instrument type ${kind}`)
  // MCX lists commodities that contracts are on.
  if (f.ContractExpiration === "1") return skipped(`${segment} without an expiry`)
  return listing(exchange, segment, kind === FUTURE ? "FUT" : "OPT")
}

/** The option type, unless the trading symbol says otherwise. */
const agreedType = (text: string, brokerSymbol: string): "CE" | "PE" | undefined => {
  const type = optionTypes[text]
  const spelled = /(CE|PE)$/i.exec(brokerSymbol)?.[1]?.toUpperCase()
  return (spelled === undefined ? /^[12]$/.test(text) : spelled !== type) ? undefined : type
}

const toInstrument = rowParser<Column>({
  listing: listingOf,
  token: "ExchangeInstrumentID",
  brokerSymbol: {
    columns: ["Description", "Name"],
    read: (text, f, { type }) => (type === "EQ" || type === "INDEX" ? f.Name : text)
  },
  name: "Name",
  indexSymbol,
  tickSize: "TickSize",
  lotSize: "LotSize",
  security: (f) => ({
    root: f.Name,
    series: f.Series,
    ordinary: !otherSecurities.has(f.InstrumentType),
    isin: f.ISIN
  }),
  // `2025-03-27T14:30:00`
  expiry: {
    columns: "ContractExpiration",
    read: dayIn(/^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:T|$)/)
  },
  option: { columns: "OptionType", read: (text, f) => agreedType(text, f.Description || f.Name) },
  strike: "StrikePrice",
  reasons: {
    token: (text, column) => `${column} "${text}" is no plain number`,
    option: (text, _, { brokerSymbol }) =>
      optionTypes[text] === undefined
        ? `OptionType "${text}" is neither 3 nor 4`
        : `OptionType "${text}" and Description "${brokerSymbol}" do not say the same`
  }
})
