/**
 * Upstox' instrument master: one gzipped JSON array of all exchanges. The instrument key is what the feed calls an
 * instrument. Strikes are in rupees, tick sizes in paise, expiries in epoch milliseconds.
 * Source: Upstox' developer documentation ("Instruments") and the file itself.
 */
import { indiaDay } from "../../kit/indiaTime.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isoDate, monthOf, numberOf, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"
import { rejected, skipped } from "./kit/row.ts"
import { inPaise, listing, rowParser } from "./kit/rows.ts"

/** What only contracts have, and what indices may lack. */
const optional = ["name", "expiry", "strike_price", "lot_size", "tick_size"] as const

const cashExchanges: Exchanges = { NSE_EQ: "NSE", BSE_EQ: "BSE" }

const contracts: Exchanges = {
  NSE_FO: "NFO",
  BSE_FO: "BFO",
  NCD_FO: "CDS",
  BCD_FO: "BCD",
  MCX_FO: "MCX",
  // UNCONFIRMED: that its contracts are spelled like the others'.
  NSE_COM: "NCO"
}

const indices: Exchanges = {
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

const REMEDY =
  "Fetch https://assets.upstox.com/market-quote/instruments/exchange/complete.json.gz again; a file of your own needs the same fields."

/** @throws MalformedMaster */
export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  const title = "Upstox' instrument master"
  addJsonRows({ title, text, keys: toRow.columns, optional, remedy: REMEDY }, builder, toRow)
  return builder.finish()
}

const exchangeOf = (segment: string): Exchange | undefined =>
  cashExchanges[segment] ?? contracts[segment] ?? indices[segment]

const contractTypes = ["FUT", "CE", "PE"] as const

/** `NIFTY FUT 28 MAR 24`, `NIFTY 20800 CE 28 MAR 24`. */
const TRADING_SYMBOL = /^(\S.*?) (?:FUT|(\d+(?:\.\d+)?) (?:CE|PE)) (\d{1,2}) ([A-Za-z]{3}) (\d{2})$/

const dayIn = (tradingSymbol: string): string | undefined => {
  const [, , , day, month = "", year] = TRADING_SYMBOL.exec(tradingSymbol) ?? []
  return isoDate(2000 + Number(year), monthOf(month), Number(day))
}

const toRow = rowParser({
  also: ["segment", "expiry", "instrument_type"],
  listing: (f) => {
    const { segment } = f
    const exchange = exchangeOf(segment)
    if (exchange === undefined) return skipped(`segment ${orNone(segment)}`)
    const [prefix = "", ...name] = f.instrument_key.split("|")
    if (exchangeOf(prefix) !== exchange || name.join("") === "") {
      return rejected(`instrument_key "${f.instrument_key}" is no key of ${segment}`)
    }
    if (indices[segment] !== undefined) return listing(exchange, segment, "INDEX")
    if (cashExchanges[segment] !== undefined) return listing(exchange, segment, "EQ")
    const type = contractTypes.find((t) => t === f.instrument_type)
    if (type === undefined) return skipped(`${orNone(f.instrument_type, "no type")} of ${segment}`)
    return TRADING_SYMBOL.test(f.trading_symbol) && f.trading_symbol.includes(` ${type} `)
      ? listing(exchange, segment, type)
      : rejected(`trading_symbol "${f.trading_symbol}" is not spelled like a contract`)
  },
  token: { columns: "instrument_key", read: (text) => text },
  brokerSymbol: ["trading_symbol", "name"],
  name: "name",
  indexName: ["trading_symbol", "name"],
  indexSymbol: (exchange, name) =>
    (exchange === "GLOBAL_INDEX" ? globalIndices[name.toUpperCase()] : undefined) ?? symbols(exchange, name),
  lotSize: "lot_size",
  tickSize: { columns: "tick_size", read: inPaise },
  // The kind of a cash row is its series or group, and its key its ISIN.
  security: (f, { brokerSymbol }) => ({
    root: brokerSymbol,
    series: f.instrument_type,
    isin: f.instrument_key.split("|").slice(1).join("")
  }),
  expiry: { columns: "trading_symbol", read: dayIn },
  strike: {
    columns: "strike_price",
    read: (text, f) => numberOf(text) ?? Number(TRADING_SYMBOL.exec(f.trading_symbol)?.[2])
  },
  underlying: (f, terms) => {
    const expiry = expiryOf(f.expiry)
    return expiry === undefined || expiry === terms.expiry
      ? TRADING_SYMBOL.exec(f.trading_symbol)![1]!.replaceAll(" ", "")
      : rejected(`trading_symbol "${f.trading_symbol}" and expiry ${expiry} are of different days`)
  },
  reasons: { expiry: (text) => `trading_symbol "${text}" holds no date` }
})

const symbols = indexSymbols({ without: /\s+/g, likeZerodha: true })

/** The day in India. */
const expiryOf = (millis: string): string | undefined => {
  const time = numberOf(millis)
  if (time === undefined || Math.abs(time) > 8e15) return undefined
  return indiaDay(time)
}
