/**
 * HDFC Sky's instrument master: one CSV of all exchanges in a zip archive. Prices and tick sizes are in rupees.
 * Source: the file's columns and their use in OpenAlgo, HDFC Sky's developer documentation.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractTail, contractType, underlyingOf } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInGroup, nameInSeries, nameOfSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const columns = [
  "exchange_token",
  "trading_symbol",
  "company_name",
  "expiry",
  "strike",
  "tick_size",
  "lot_size",
  "option_type",
  "segment",
  "exchange",
  "instrument_name",
  "isin"
] as const
const optional = ["instrument_name", "isin"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const exchanges: Readonly<Record<string, Exchange>> = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  CDS: "CDS",
  MCX: "MCX"
}

const REMEDY =
  "Fetch https://hdfcsky.com/api/v1/contract/Compact?info=download again; a file of your own needs the same columns."

/** @throws MalformedMaster */
export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows(
    { title: "HDFC Sky's instrument master", text, columns, optional, remedy: REMEDY },
    builder,
    toRow
  )
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const exchange = exchanges[f.exchange.toUpperCase()]
  if (exchange === undefined) return skipped(`exchange ${f.exchange || "(none)"}`)
  const isCash = exchange === "NSE" || exchange === "BSE"
  // Indices are rows of their cash exchange.
  const isIndex = isCash && f.segment === (exchange === "NSE" ? "INDICES" : "IDX")
  const type = isCash ? undefined : typeOf(f)
  // The commodities that MCX's contracts are on.
  if (!isCash && type === undefined) return skipped(`${f.segment || "(no segment)"} of ${f.exchange}`)
  if (!isToken(f.exchange_token)) return rejected(`exchange_token "${f.exchange_token}" is no token`)
  if (f.trading_symbol === "") return rejected("trading_symbol is empty")
  const base = {
    exchange,
    brokerSymbol: f.trading_symbol,
    brokerExchange: f.exchange,
    token: f.exchange_token,
    name: f.company_name
  }
  if (isIndex) {
    const symbol = indexSymbol(exchange, f.trading_symbol)
    const place = exchange === "NSE" ? "NSE_INDEX" : "BSE_INDEX"
    return carried({ ...base, exchange: place, symbol, lotSize: 1, tickSize: 0, type: "INDEX" })
  }
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  if (isCash) {
    return cash({ ...base, ...cashName(exchange, f), isin: f.isin, lotSize, tickSize })
  }
  return toContract(f, { ...base, lotSize, tickSize }, type!)
}

/** Where the column of kinds is missing, a future is known by its symbol's ending. */
const typeOf = (f: Fields): "FUT" | "CE" | "PE" | undefined => {
  if (f.instrument_name === "" && f.trading_symbol.endsWith("FUT")) return "FUT"
  return contractType(f.option_type.toUpperCase(), f.instrument_name.toUpperCase())
}

const toContract = (f: Fields, base: Parameters<typeof contract>[0], type: "FUT" | "CE" | "PE"): Row => {
  // What does not expire has the year 1, which is no date.
  const expiry = dateOf(f.expiry)
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  const strike = type === "FUT" ? undefined : numberOf(f.strike)
  if (type !== "FUT" && (strike === undefined || strike <= 0)) {
    return rejected(`strike "${f.strike}" is no price`)
  }
  // The company's name is empty on MCX, and on CDS it repeats the trading symbol.
  const name = underlyingOf(f.trading_symbol, expiry, contractTail(type, strike)) ?? f.company_name
  if (name === "" || name === f.trading_symbol) {
    return rejected(`"${f.trading_symbol}" does not tell its underlying`)
  }
  return contract({ ...base, name }, type, expiry, strike)
}

/** NSE's series stands behind the symbol. BSE's group is the row's segment, and stands there too. */
const cashName = (exchange: Exchange, { segment, trading_symbol }: Fields) => {
  if (exchange === "NSE") return nameInSeries(exchange, trading_symbol)
  const named = nameInGroup(trading_symbol)
  return named.series === "" ? nameOfSeries(exchange, trading_symbol, segment) : named
}

/** Shared by both of HDFC's masters. */
export const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/\s+/g, "")
  return (exchange.startsWith("NSE") ? nseIndices : bseIndices)[plain] ?? plain
}
