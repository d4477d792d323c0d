/**
 * Groww's instrument master: a public CSV of all exchanges.
 * Source: Groww's API documentation ("Instruments") and the official Python SDK.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows } from "./kit/csv.ts"
import { nseIndices } from "./kit/indices.ts"

const columns = [
  "exchange",
  "exchange_token",
  "trading_symbol",
  "name",
  "instrument_type",
  "segment",
  "underlying_symbol",
  "expiry_date",
  "strike_price",
  "lot_size",
  "tick_size",
  "series",
  "isin"
] as const
const optional = ["series", "isin"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const cashExchanges: Readonly<Record<string, Exchange>> = { NSE: "NSE", BSE: "BSE" }
const contracts: Readonly<Record<string, Exchange>> = { NSE: "NFO", BSE: "BFO" }
const contractTypes = ["FUT", "CE", "PE"] as const
const indices: Readonly<Record<string, Exchange>> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX" }

/** Groww's own names, where they differ from the common ones. */
const growwIndices: Readonly<Record<string, string>> = { NIFTYJR: "NIFTYNXT50" }

const REMEDY =
  "Fetch https://growwapi-assets.groww.in/instruments/instrument.csv again; a file of your own needs the same columns."

/** @throws MalformedMaster */
export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows({ title: "Groww's instrument master", text, columns, optional, remedy: REMEDY }, builder, toRow)
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const type = f.instrument_type
  const isIndex = type === "IDX" && f.segment === "CASH"
  const isCash = (type === "EQ" || type === "ETF") && f.segment === "CASH"
  const kind = f.segment === "FNO" ? contractTypes.find((t) => t === type) : undefined
  if (!isIndex && !isCash && kind === undefined)
    return skipped(`${type || "(no type)"} of ${f.segment || "(none)"}`)
  const exchange = (isIndex ? indices : isCash ? cashExchanges : contracts)[f.exchange]
  if (exchange === undefined) return skipped(`exchange ${f.exchange || "(none)"}`)
  // NSE's indices have their symbol for a token.
  const isGood = isIndex ? /^\S+$/.test(f.exchange_token) : isToken(f.exchange_token)
  if (!isGood) return rejected(`exchange_token "${f.exchange_token}" is no token`)
  if (f.trading_symbol === "") return rejected("trading_symbol is empty")
  const base = {
    exchange,
    brokerSymbol: f.trading_symbol,
    brokerExchange: f.exchange,
    token: f.exchange_token,
    name: f.name
  }
  if (isIndex) {
    return carried({ ...base, symbol: indexSymbol(f.trading_symbol), lotSize: 1, tickSize: 0, type: "INDEX" })
  }
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  return kind === undefined
    ? cash({ ...base, root: f.trading_symbol, series: f.series, isin: f.isin, lotSize, tickSize })
    : toContract(f, { ...base, name: f.underlying_symbol, lotSize, tickSize }, kind)
}

const toContract = (f: Fields, base: Parameters<typeof contract>[0], type: "FUT" | "CE" | "PE"): Row => {
  if (base.name === "") return rejected("underlying_symbol is empty")
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(f.expiry_date)
  const expiry = parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
  if (expiry === undefined) return rejected(`expiry_date "${f.expiry_date}" is no date`)
  if (type === "FUT") return contract(base, type, expiry, undefined)
  const strike = numberOf(f.strike_price)
  return strike === undefined || strike <= 0
    ? rejected(`strike_price "${f.strike_price}" is no price`)
    : contract(base, type, expiry, strike)
}

const indexSymbol = (name: string): string => {
  const plain = name.toUpperCase().replaceAll(" ", "")
  return growwIndices[plain] ?? nseIndices[plain] ?? plain
}
