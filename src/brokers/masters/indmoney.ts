/**
 * INDmoney's instrument master: CSVs of equities, of derivatives, and of indices with three columns only.
 * Source: INDstocks' API documentation (instruments).
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { otherKinds } from "./kit/cash.ts"
import { contract } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows, headerOf } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const columns = [
  "EXCH",
  "SECURITY_ID",
  "INSTRUMENT_NAME",
  "TRADING_SYMBOL",
  "LOT_UNITS",
  "EXPIRY_DATE",
  "STRIKE_PRICE",
  "OPTION_TYPE",
  "TICK_SIZE",
  "SEM_EXCH_INSTRUMENT_TYPE",
  "SERIES"
] as const
const optional = ["SEM_EXCH_INSTRUMENT_TYPE", "SERIES"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** The segment is the index's name. */
const indexColumns = ["EXCH", "SEGMENT", "SECURITY_ID"] as const
type IndexFields = Readonly<Record<(typeof indexColumns)[number], string>>

const cashExchanges: Readonly<Record<string, Exchange>> = { NSE: "NSE", BSE: "BSE" }
const derivatives: Readonly<Record<string, Exchange>> = { NSE: "NFO", BSE: "BFO" }

const TITLE = "INDmoney's instrument master"
const REMEDY = "Fetch the instruments of source equity, fno and index again."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) throw new MalformedMaster(`${TITLE} has no file. ${REMEDY}`)
  const builder = new MasterBuilder()
  for (const { name, text } of files) {
    builder.file(name)
    const source = { title: TITLE, text, remedy: REMEDY }
    if (headerOf(text).includes("INSTRUMENT_NAME"))
      addCsvRows({ ...source, columns, optional }, builder, toRow)
    else addCsvRows({ ...source, columns: indexColumns }, builder, toIndex)
  }
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const isFuture = f.INSTRUMENT_NAME.startsWith("FUT")
  const isOption = f.INSTRUMENT_NAME.startsWith("OPT")
  if (!isFuture && !isOption && f.INSTRUMENT_NAME !== "EQUITY") {
    return skipped(f.INSTRUMENT_NAME === "" ? "(no INSTRUMENT_NAME)" : f.INSTRUMENT_NAME)
  }
  const exchange = (isFuture || isOption ? derivatives : cashExchanges)[f.EXCH]
  if (exchange === undefined) return skipped(`exchange ${f.EXCH === "" ? "(none)" : f.EXCH}`)
  if (!isToken(f.SECURITY_ID)) return rejected(`SECURITY_ID "${f.SECURITY_ID}" is no token`)
  if (f.TRADING_SYMBOL === "") return rejected("TRADING_SYMBOL is empty")
  const lotSize = numberOf(f.LOT_UNITS)
  if (lotSize === undefined || lotSize <= 0) return rejected(`LOT_UNITS "${f.LOT_UNITS}" is no size`)
  const tickSize = numberOf(f.TICK_SIZE)
  if (tickSize === undefined || tickSize < 0) return rejected(`TICK_SIZE "${f.TICK_SIZE}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.TRADING_SYMBOL,
    brokerExchange: f.EXCH,
    token: f.SECURITY_ID,
    name: f.TRADING_SYMBOL,
    lotSize,
    tickSize
  }
  if (!isFuture && !isOption) {
    const ordinary = !otherKinds.has(f.SEM_EXCH_INSTRUMENT_TYPE.toUpperCase())
    return cash({ ...base, root: f.TRADING_SYMBOL, series: f.SERIES, ordinary })
  }
  const expiry = dateOf(f.EXPIRY_DATE)
  if (expiry === undefined) return rejected(`EXPIRY_DATE "${f.EXPIRY_DATE}" is no date`)
  // `NIFTY-Aug2026-18500-CE`, `BAJAJ-AUTO-Apr2024-FUT`: names of companies may hold a hyphen.
  const parts = f.TRADING_SYMBOL.split("-")
  const name = parts.slice(0, isFuture ? -2 : -3).join("-")
  if (name === "") return rejected(`TRADING_SYMBOL "${f.TRADING_SYMBOL}" does not tell the underlying`)
  if (isFuture) return contract({ ...base, name }, "FUT", expiry, undefined)
  if (f.OPTION_TYPE !== "CE" && f.OPTION_TYPE !== "PE") {
    return rejected(`OPTION_TYPE "${f.OPTION_TYPE}" is neither CE nor PE`)
  }
  const strike = numberOf(f.STRIKE_PRICE)
  if (strike === undefined || strike <= 0) return rejected(`STRIKE_PRICE "${f.STRIKE_PRICE}" is no price`)
  return contract({ ...base, name }, f.OPTION_TYPE, expiry, strike)
}

/** Whether the stream wants this file's number is UNCONFIRMED: the protocol's `names` tell it another. */
const toIndex = (f: IndexFields): Row => {
  if (f.EXCH !== "NSE" && f.EXCH !== "BSE") {
    return skipped(`index of ${f.EXCH === "" ? "(none)" : f.EXCH}`)
  }
  if (!isToken(f.SECURITY_ID)) return rejected(`SECURITY_ID "${f.SECURITY_ID}" is no token`)
  const plain = f.SEGMENT.toUpperCase().replace(/[ -]/g, "")
  if (plain === "") return rejected("SEGMENT, the index's name, is empty")
  return carried({
    symbol: (f.EXCH === "NSE" ? nseIndices : bseIndices)[plain] ?? plain,
    exchange: f.EXCH === "NSE" ? "NSE_INDEX" : "BSE_INDEX",
    brokerSymbol: f.SEGMENT,
    brokerExchange: f.EXCH,
    token: f.SECURITY_ID,
    name: f.SEGMENT,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}
