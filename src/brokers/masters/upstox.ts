/**
 * Upstox' instrument master: one gzipped JSON array of all exchanges. The instrument key is what the feed calls an
 * instrument. Strikes are in rupees, tick sizes in paise, expiries in epoch milliseconds.
 * Source: Upstox' developer documentation ("Instruments") and the file itself.
 */
import { indiaDay } from "../../kit/indiaTime.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { isoDate, monthOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"

const keys = [
  "instrument_key",
  "segment",
  "trading_symbol",
  "name",
  "expiry",
  "strike_price",
  "lot_size",
  "instrument_type",
  "tick_size"
] as const
type Fields = Readonly<Record<(typeof keys)[number], string>>

/** What only contracts have, and what indices may lack. */
const optional = ["name", "expiry", "strike_price", "lot_size", "tick_size"] as const

const cashExchanges: Readonly<Record<string, Exchange>> = { NSE_EQ: "NSE", BSE_EQ: "BSE" }

const contracts: Readonly<Record<string, Exchange>> = {
  NSE_FO: "NFO",
  BSE_FO: "BFO",
  NCD_FO: "CDS",
  BCD_FO: "BCD",
  MCX_FO: "MCX",
  // UNCONFIRMED: that its contracts are spelled like the others'.
  NSE_COM: "NCO"
}

const indices: Readonly<Record<string, Exchange>> = {
  NSE_INDEX: "NSE_INDEX",
  BSE_INDEX: "BSE_INDEX",
  GLOBAL_INDEX: "GLOBAL_INDEX",
  GLOBAL_INDICATOR: "GLOBAL_INDEX"
}

/** World indices, rates and commodities; after OpenAlgo, as no source of the broker lists them. */
const globalIndices: Readonly<Record<string, string>> = {
  "^HSI": "HANGSENG",
  "^DJI": "DOWJONES",
  "^FTSE": "UK100",
  "^GSPC": "US500",
  "^GDAXI": "GERMANY40",
  "^FCHI": "FRANCE40",
  "^N225": "JAPAN225",
  IXIX: "US100",
  "GIFT NIFTY": "GIFTNIFTY",
  "DOW FUTURES": "US30",
  BZUSD: "BRENTOIL",
  CLUSD: "WTIOIL"
}

const PAISE = 100

const REMEDY =
  "Fetch https://assets.upstox.com/market-quote/instruments/exchange/complete.json.gz again; a file of your own needs the same fields."

/** @throws MalformedMaster */
export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  const title = "Upstox' instrument master"
  addJsonRows({ title, text, keys, optional, remedy: REMEDY }, builder, toRow)
  return builder.finish()
}

const exchangeOf = (segment: string): Exchange | undefined =>
  cashExchanges[segment] ?? contracts[segment] ?? indices[segment]

const toRow = (f: Fields): Row => {
  const { segment } = f
  const exchange = exchangeOf(segment)
  if (exchange === undefined) return skipped(`segment ${segment || "(none)"}`)
  const [prefix = "", ...name] = f.instrument_key.split("|")
  if (exchangeOf(prefix) !== exchange || name.join("") === "") {
    return rejected(`instrument_key "${f.instrument_key}" is no key of ${segment}`)
  }
  const brokerSymbol = f.trading_symbol || f.name
  if (brokerSymbol === "") return rejected("trading_symbol is empty")
  const base = {
    exchange,
    brokerSymbol,
    brokerExchange: segment,
    token: f.instrument_key,
    name: f.name
  }
  if (indices[segment] !== undefined) {
    const symbol = indexSymbol(exchange, brokerSymbol)
    return carried({ ...base, symbol, lotSize: 1, tickSize: 0, type: "INDEX" })
  }
  const paise = numberOf(f.tick_size)
  if (paise === undefined || paise < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  const sized = { ...base, lotSize, tickSize: paise / PAISE }
  // The kind of a cash row is its series or group, and its key its ISIN.
  if (cashExchanges[segment] !== undefined) {
    return cash({ ...sized, root: brokerSymbol, series: f.instrument_type, isin: name.join("") })
  }
  const type = f.instrument_type
  if (type === "FUT" || type === "CE" || type === "PE") return toContract(f, sized, type)
  return skipped(`${type || "(no type)"} of ${segment}`)
}

/** `NIFTY FUT 28 MAR 24`, `NIFTY 20800 CE 28 MAR 24`. */
const TRADING_SYMBOL = /^(\S.*?) (?:FUT|(\d+(?:\.\d+)?) (?:CE|PE)) (\d{1,2}) ([A-Za-z]{3}) (\d{2})$/

const toContract = (f: Fields, base: Parameters<typeof contract>[0], type: "FUT" | "CE" | "PE"): Row => {
  const parts = TRADING_SYMBOL.exec(f.trading_symbol)
  if (parts === null || !f.trading_symbol.includes(` ${type} `)) {
    return rejected(`trading_symbol "${f.trading_symbol}" is not spelled like a contract`)
  }
  const [, underlying, spelled, day, month, year] = parts
  const date = isoDate(2000 + Number(year), monthOf(month!), Number(day))
  if (date === undefined) return rejected(`trading_symbol "${f.trading_symbol}" holds no date`)
  const expiry = expiryOf(f.expiry)
  if (expiry !== undefined && expiry !== date) {
    return rejected(`trading_symbol "${f.trading_symbol}" and expiry ${expiry} are of different days`)
  }
  const name = underlying!.replaceAll(" ", "")
  if (type === "FUT") return contract({ ...base, name }, type, date, undefined)
  const strike = numberOf(f.strike_price) ?? Number(spelled)
  return strike > 0
    ? contract({ ...base, name }, type, date, strike)
    : rejected(`strike_price "${f.strike_price}" is no price`)
}

/** The day in India. */
const expiryOf = (millis: string): string | undefined => {
  const time = numberOf(millis)
  if (time === undefined || Math.abs(time) > 8e15) return undefined
  return indiaDay(time)
}

const indexSymbol = (exchange: Exchange, name: string): string => {
  const upper = name.toUpperCase()
  const plain = upper.replace(/\s+/g, "")
  switch (exchange) {
    case "NSE_INDEX":
      return nseIndices[plain] ?? plain
    case "BSE_INDEX":
      return zerodhaBseIndices[upper] ?? bseIndices[plain] ?? plain
    default:
      return globalIndices[upper] ?? plain
  }
}
