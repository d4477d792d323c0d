/**
 * Fyers' symbol master: a file per exchange and segment, as CSV without a header or as one JSON object of objects.
 * Source: Fyers' API documentation ("Symbol Master").
 */
import { indiaClock } from "../../kit/indiaTime.ts"
import type { Exchange } from "../../market/exchange.ts"
import { segmentOf } from "../../protocols/fyers-hsm/subject.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractType } from "./kit/contracts.ts"
import { beginning, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { readCsv } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

/** Places in a CSV row, and keys of a JSON entry. */
const columns = {
  token: [0, "fyToken"],
  details: [1, "symDetails"],
  type: [2, "exInstType"],
  lot: [3, "minLotSize"],
  tick: [4, "tickSize"],
  isin: [5, "isin"],
  expiry: [8, "expiryDate"],
  ticker: [9, "symTicker"],
  underlying: [13, "underSym"],
  strike: [15, "strikePrice"],
  option: [16, "optType"]
} as const
type Column = keyof typeof columns
type Fields = Readonly<Record<Column, string>>
const names = Object.keys(columns) as ReadonlyArray<Column>

/** The last place that is read. */
const WIDTH = 17

const REMEDY =
  "Fetch the files of https://public.fyers.in/sym_details/ again (NSE_CM.csv, NSE_FO.csv, ...); " +
  "files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) throw new MalformedMaster(`Fyers' symbol master has no file. ${REMEDY}`)
  const builder = new MasterBuilder()
  for (const file of files) {
    builder.file(file.name)
    for (const [row, fields] of rowsOf(file)) {
      builder.add(row, typeof fields === "string" ? rejected(fields) : toRow(fields))
    }
  }
  return builder.finish()
}

const cashSegments: Readonly<Record<string, "NSE" | "BSE">> = { nse_cm: "NSE", bse_cm: "BSE" }

/**
 * Fyers' numbers of kinds ("Exchange Instrument Types" of its documentation) for what AlgoWays carries. Cash: preference
 * shares, debentures and warrants. The commodity kinds from 33 on are newer than public lists of them (UNCONFIRMED).
 */
const otherSecurities: ReadonlySet<string> = new Set(["1", "2", "3"])
const INDEX_TYPE = "10"
const contractKinds: Readonly<Record<string, string>> = {
  11: "FUTIDX",
  12: "FUTIVX",
  13: "FUTSTK",
  14: "OPTIDX",
  15: "OPTSTK",
  16: "FUTCUR",
  17: "FUTIRT",
  18: "FUTIRC",
  19: "OPTCUR",
  25: "FUTIRD",
  30: "FUTCOM",
  31: "OPTFUT",
  32: "OPTCOM",
  33: "FUTBAS",
  34: "FUTBLN",
  35: "FUTENR",
  36: "OPTBLN",
  37: "OPTFUT"
}

/** Places count from 1. A text in place of fields says what is wrong with the row. */
const rowsOf = (file: MasterFile): ReadonlyArray<readonly [row: number, fields: Fields | string]> => {
  const rows = file.text.trimStart().startsWith("{") ? jsonRows(file) : csvRows(file)
  if (rows.some(([, fields]) => typeof fields !== "string")) return rows
  throw new MalformedMaster(
    `${file.name} has no row of Fyers' symbol master: it begins with ${beginning(file.text)}. ${REMEDY}`
  )
}

const csvRows = ({ text }: MasterFile) =>
  readCsv(text).map((cells, i) => {
    const fields =
      cells.length < WIDTH
        ? `the row has ${cells.length} fields, and ${WIDTH} are needed`
        : fieldsBy((column) => cells[columns[column][0]]!.trim())
    return [i + 1, fields] as const
  })

const jsonRows = ({ name, text }: MasterFile) => {
  let entries: Readonly<Record<string, unknown>>
  try {
    entries = JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    throw new MalformedMaster(
      `${name} is no JSON, or was cut off: it begins with ${beginning(text)}. ${REMEDY}`
    )
  }
  return Object.values(entries).map((entry, i) => {
    const own = entry as Readonly<Record<string, unknown>> | null
    const fields =
      typeof own !== "object" || own === null || own["fyToken"] === undefined
        ? "the entry has no fyToken"
        : fieldsBy((column) => {
            const value = column === "lot" ? lotIn(own) : own[columns[column][1]]
            return typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : ""
          })
    return [i + 1, fields] as const
  })
}

/** One of the two is the size, and the other 1: the multiplier of currency and commodities, the least lot of the others. */
const lotIn = ({ minLotSize, qtyMultiplier }: Readonly<Record<string, unknown>>): unknown => {
  const sizes = [minLotSize, qtyMultiplier]
    .map((size) => numberOf(String(size ?? "")))
    .filter((n) => n !== undefined)
  return sizes.length === 0 ? undefined : Math.max(...sizes)
}

const fieldsBy = (read: (column: Column) => string): Fields =>
  Object.fromEntries(names.map((column) => [column, read(column)])) as Fields

const derivatives: Readonly<Record<string, Exchange>> = {
  nse_fo: "NFO",
  cde_fo: "CDS",
  nse_com: "NCO",
  bse_fo: "BFO",
  mcx_fo: "MCX"
}

const toRow = (f: Fields): Row => {
  const segment = segmentOf(f.token)
  if (segment === undefined) return rejected(`"${f.token}" is no Fytoken`)
  if (f.ticker === "") return rejected("the symbol ticker is empty")
  const tickSize = numberOf(f.tick)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick size "${f.tick}" is no size`)
  const exchange = derivatives[segment]
  if (exchange !== undefined) return toContract(f, exchange, tickSize)
  const cashExchange = cashSegments[segment]
  if (cashExchange === undefined) return skipped(`segment ${segment}`)
  if (f.type === INDEX_TYPE) return toIndex(f, cashExchange === "NSE")
  const lotSize = numberOf(f.lot)
  if (lotSize === undefined || lotSize <= 0) return rejected(`minimum lot "${f.lot}" is no size`)
  if (f.underlying === "") return rejected("the underlying symbol is empty")
  return cash({
    root: f.underlying,
    // `NSE:CHOLAFIN-D1`, `BSE:SBIN-A`
    series: /-([A-Z][A-Z0-9]?)$/.exec(f.ticker)?.[1] ?? "",
    ordinary: !otherSecurities.has(f.type),
    isin: f.isin,
    bseNumber: f.token.slice(-6),
    exchange: cashExchange,
    brokerSymbol: f.ticker,
    brokerExchange: cashExchange,
    token: f.token,
    name: f.details,
    lotSize,
    tickSize
  })
}

const toIndex = (f: Fields, nse: boolean): Row => {
  const plain = f.underlying.replace(/[ -]/g, "").toUpperCase()
  if (plain === "") return rejected("the underlying symbol is empty")
  return carried({
    symbol: (nse ? nseIndices : bseIndices)[plain] ?? plain,
    exchange: nse ? "NSE_INDEX" : "BSE_INDEX",
    brokerSymbol: f.ticker,
    brokerExchange: nse ? "NSE" : "BSE",
    token: f.token,
    name: f.underlying,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

const toContract = (f: Fields, exchange: Exchange, tickSize: number): Row => {
  const kind = f.type === "" ? "" : (contractKinds[f.type] ?? `type ${f.type}`)
  const type = contractType(f.option, kind)
  if (type === undefined) return skipped(`${kind || "(no type)"} of ${exchange}`)
  const lotSize = numberOf(f.lot)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot "${f.lot}" is no size`)
  const expiry = expiryOf(f.expiry)
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  // `NIFTY 28 Mar 24 20800 CE`: the date is told better by its own column.
  const name = /^(\S+) \d{1,2} [A-Za-z]{3} \d{2} /.exec(f.details)?.[1] ?? f.underlying
  if (name === "") return rejected(`"${f.details}" does not tell the underlying`)
  const strike = type === "FUT" ? undefined : numberOf(f.strike)
  if (type !== "FUT" && (strike === undefined || strike <= 0))
    return rejected(`strike "${f.strike}" is no price`)
  const base = {
    exchange,
    brokerSymbol: f.ticker,
    brokerExchange: exchange,
    token: f.token,
    name,
    lotSize,
    tickSize
  }
  return contract(base, type, expiry, strike)
}

/** Epoch seconds to the day in India. */
const expiryOf = (text: string): string | undefined => {
  const seconds = numberOf(text)
  if (seconds === undefined || seconds <= 0 || seconds > 4.2e9) return undefined
  const date = indiaClock(seconds * 1000)
  return isoDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}
