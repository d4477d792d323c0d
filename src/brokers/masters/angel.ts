/**
 * Angel One's instrument master: one JSON array of all exchanges, every field a text.
 * Source: SmartAPI documentation ("Instruments") and the file itself.
 */
import type { Exchange } from "../../market/exchange.ts"
import { expiryLabel } from "../../market/expiry.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { isToken, isoDate, monthOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"

const keys = [
  "token",
  "symbol",
  "name",
  "expiry",
  "strike",
  "lotsize",
  "instrumenttype",
  "exch_seg",
  "tick_size"
] as const
type Fields = Readonly<Record<(typeof keys)[number], string>>

const tradable: Readonly<Record<string, Exchange>> = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  MCX: "MCX",
  CDS: "CDS",
  NCDEX: "NCDEX"
}

const indices: Readonly<Record<string, Exchange>> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX", MCX: "MCX_INDEX" }

/** Prices in the file are in paise. */
const PAISE = 100

/** Strikes of currency options (OPTCUR, OPTIRC) are scaled by this in all. */
const CURRENCY = 10_000_000

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addJsonRows(
    {
      title: "Angel One's instrument master",
      text,
      keys,
      remedy: "Fetch OpenAPIScripMaster.json again; a file of your own needs the same fields."
    },
    builder,
    toRow
  )
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const kind = f.instrumenttype
  const isIndex = kind === "AMXIDX"
  const exchange = (isIndex ? indices : tradable)[f.exch_seg]
  if (exchange === undefined) {
    const segment = f.exch_seg === "" ? "(none)" : f.exch_seg
    return skipped(isIndex ? `index of ${segment}` : `segment ${segment}`)
  }
  const isCash = kind === "" && (exchange === "NSE" || exchange === "BSE")
  const isFuture = kind.startsWith("FUT")
  const isOption = kind.startsWith("OPT")
  if (!isIndex && !isCash && !isFuture && !isOption) {
    return skipped(kind === "" ? `(no instrumenttype) of ${f.exch_seg}` : kind)
  }
  if (!isToken(f.token)) return rejected(`token "${f.token}" is no plain number`)
  if (f.symbol === "") return rejected("symbol is empty")
  const paise = numberOf(f.tick_size)
  // UNCONFIRMED for currency, whose prices on the wire have another scale than its tick sizes here.
  const tickSize = paise === undefined || paise < 0 ? undefined : paise / PAISE
  if (tickSize === undefined) return rejected(`tick_size "${f.tick_size}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.symbol,
    brokerExchange: f.exch_seg,
    token: f.token,
    name: f.name,
    tickSize
  }
  if (isIndex) {
    const symbol = indexSymbol(exchange, f.name === "" ? f.symbol : f.name)
    return symbol === "" ? rejected("name is empty") : carried({ ...base, symbol, lotSize: 1, type: "INDEX" })
  }
  const lotSize = numberOf(f.lotsize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lotsize "${f.lotsize}" is no size`)
  if (isCash) {
    return cash({ ...base, ...nameInSeries(exchange, f.symbol), lotSize })
  }

  const expiry = readExpiry(f.expiry)
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  if (isFuture) {
    const symbol = derivative(f, exchange, expiry, "FUT")
    return symbol === undefined
      ? rejected("name is empty")
      : carried({ ...base, symbol, lotSize, expiry, type: "FUT" })
  }
  const type = f.symbol.endsWith("CE") ? "CE" : f.symbol.endsWith("PE") ? "PE" : undefined
  if (type === undefined) return rejected(`option "${f.symbol}" ends in neither CE nor PE`)
  const scaled = numberOf(f.strike)
  if (scaled === undefined || scaled <= 0) return rejected(`strike "${f.strike}" is no price`)
  const strike = scaled / (exchange === "CDS" ? CURRENCY : PAISE)
  // The shortest form: a whole strike has no decimals, another keeps its own.
  const symbol = derivative(f, exchange, expiry, `${strike}${type}`)
  return symbol === undefined
    ? rejected("name is empty")
    : carried({ ...base, symbol, lotSize, expiry, strike, type })
}

/**
 * NFO's symbols have the common form already; the others are built. That NCDEX is to be built like MCX is
 * UNCONFIRMED.
 */
const derivative = (f: Fields, exchange: Exchange, expiry: string, tail: string): string | undefined => {
  if (exchange === "NFO") return f.symbol
  return f.name === "" ? undefined : `${f.name}${expiryLabel(expiry)}${tail}`
}

const indexSymbol = (exchange: Exchange, name: string): string => {
  const upper = name.toUpperCase()
  const own = exchange === "BSE_INDEX" ? upper.replace(/^S&P /, "") : upper
  const plain = own.replace(/[ -]/g, "")
  if (exchange === "NSE_INDEX")
    return plain === "NIFTYMIDCAPSELECT" ? "MIDCPNIFTY" : (nseIndices[plain] ?? plain)
  return exchange === "BSE_INDEX" ? (bseIndices[plain] ?? plain) : plain
}

/** `28MAR2024`. */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{1,2})([A-Za-z]{3})(\d{4})$/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[3]), monthOf(parts[2]!), Number(parts[1]))
}
