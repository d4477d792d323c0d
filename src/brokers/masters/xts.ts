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
import { contract } from "./kit/contracts.ts"
import { beginning, isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const segments: Readonly<Record<string, Exchange>> = {
  NSECM: "NSE",
  NSEFO: "NFO",
  NSECD: "CDS",
  BSECM: "BSE",
  BSEFO: "BFO",
  BSECD: "BCD",
  MCXFO: "MCX",
  NCDEX: "NCDEX"
}

/** Places of the fields that all rows have. */
const SEGMENT = 0
const TOKEN = 1
const KIND = 2
const NAME = 3
const DESCRIPTION = 4
const SERIES = 5
const TICK_SIZE = 11
const LOT_SIZE = 12
/** Of cash rows. */
const ISIN = 15
/** And those of contracts. A future's row ends two fields earlier: it has neither strike nor option type. */
const EXPIRY = 16
const STRIKE = 17
const OPTION_TYPE = 18

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
  return isToken(token)
    ? carried(index(exchange, name, entry.trim(), exchange, token))
    : rejected(`"${entry}" ends in no plain number`)
}

const index = (
  exchange: Exchange,
  name: string,
  brokerSymbol: string,
  brokerExchange: string,
  token: string
): Instrument => ({
  symbol: indexSymbol(exchange, name),
  exchange,
  brokerSymbol,
  brokerExchange,
  token,
  name,
  lotSize: 1,
  tickSize: 0,
  type: "INDEX"
})

const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/[\s-]/g, "")
  return (exchange === "BSE_INDEX" ? bseIndices : nseIndices)[plain] ?? plain
}

const toRow = (line: string): Row => {
  const f = line.split("|").map((field) => field.trim().replace(/^"(.*)"$/, "$1"))
  const brokerExchange = f[SEGMENT]!
  const exchange = segments[brokerExchange]
  if (exchange === undefined) return skipped(`segment ${brokerExchange === "" ? "(none)" : brokerExchange}`)
  if (f.length <= LOT_SIZE) return rejected(`the row has ${f.length} fields`)
  const token = f[TOKEN]!
  if (!isToken(token)) return rejected(`ExchangeInstrumentID "${token}" is no plain number`)
  const name = f[NAME]!
  if (name === "") return rejected("Name is empty")
  if (/^(?:ZZZ|DUMMY)|^SCRIP$/.test(name)) return skipped(`test of ${brokerExchange}`)
  const series = f[SERIES]!
  if (exchange === "BSE" && series === "SPOT") {
    return carried(index("BSE_INDEX", name, name, brokerExchange, token))
  }
  const tickSize = numberOf(f[TICK_SIZE]!)
  if (tickSize === undefined || tickSize < 0) return rejected(`TickSize "${f[TICK_SIZE]}" is no size`)
  const lotSize = numberOf(f[LOT_SIZE]!)
  if (lotSize === undefined || lotSize <= 0) return rejected(`LotSize "${f[LOT_SIZE]}" is no size`)
  const base = { exchange, brokerExchange, token, name, tickSize, lotSize }
  if (exchange === "NSE" || exchange === "BSE") {
    const kind = f[KIND]!
    // NSE's rows without a series are no securities.
    if (kind === SPOT || (exchange === "NSE" && series === "")) {
      return skipped(`${brokerExchange} ${kind === SPOT ? "spot" : "without a series"}`)
    }
    const ordinary = !otherSecurities.has(kind)
    return cash({ ...base, root: name, series, ordinary, isin: f[ISIN] ?? "", brokerSymbol: name })
  }
  return toContract(f, { ...base, brokerSymbol: f[DESCRIPTION] === "" ? name : f[DESCRIPTION]! })
}

const toContract = (
  f: ReadonlyArray<string>,
  base: Omit<Instrument, "symbol" | "type" | "expiry" | "strike">
): Row => {
  const kind = f[KIND]!
  if (kind !== FUTURE && kind !== OPTION) return skipped(`${f[SEGMENT]} instrument type ${kind}`)
  // MCX lists commodities that contracts are on.
  if (f[EXPIRY] === "1") return skipped(`${f[SEGMENT]} without an expiry`)
  const expiry = readExpiry(f[EXPIRY] ?? "")
  if (expiry === undefined) return rejected(`ContractExpiration "${f[EXPIRY] ?? ""}" is no date`)
  if (kind === FUTURE) return contract(base, "FUT", expiry, undefined)
  const type = optionTypes[f[OPTION_TYPE] ?? ""]
  if (type === undefined) return rejected(`OptionType "${f[OPTION_TYPE] ?? ""}" is neither 3 nor 4`)
  const spelled = /(CE|PE)$/i.exec(base.brokerSymbol)?.[1]?.toUpperCase()
  if (spelled === undefined ? /^[12]$/.test(f[OPTION_TYPE]!) : spelled !== type) {
    return rejected(
      `OptionType "${f[OPTION_TYPE]!}" and Description "${base.brokerSymbol}" do not say the same`
    )
  }
  const strike = numberOf(f[STRIKE] ?? "")
  if (strike === undefined || strike <= 0) return rejected(`StrikePrice "${f[STRIKE] ?? ""}" is no price`)
  return contract(base, type, expiry, strike)
}

/** `2025-03-27T14:30:00` */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:T|$)/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
