/**
 * Zerodha's instrument master: a CSV of all exchanges, renewed every morning.
 * Source: Kite Connect v3 documentation ("Market quotes and instruments").
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractTail, underlyingOf } from "./kit/contracts.ts"
import { isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { carried, cash, rejected, skipped } from "./kit/row.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { mcxLot } from "./kit/mcxLots.ts"

const columns = [
  "instrument_token",
  "tradingsymbol",
  "name",
  "expiry",
  "strike",
  "tick_size",
  "lot_size",
  "instrument_type",
  "segment",
  "exchange"
] as const
type Column = (typeof columns)[number]
type Fields = Readonly<Record<Column, string>>

/** Kite's exchanges, with the segment that the low byte of their tokens must name. */
const tradable: Readonly<Record<string, { readonly exchange: Exchange; readonly segment: number }>> = {
  NSE: { exchange: "NSE", segment: 1 },
  NFO: { exchange: "NFO", segment: 2 },
  CDS: { exchange: "CDS", segment: 3 },
  BSE: { exchange: "BSE", segment: 4 },
  BFO: { exchange: "BFO", segment: 5 },
  BCD: { exchange: "BCD", segment: 6 },
  MCX: { exchange: "MCX", segment: 7 },
  NCO: { exchange: "NCO", segment: 12 }
}

const INDEX_SEGMENT = 9

const indices: Readonly<Record<string, Exchange>> = {
  NSE: "NSE_INDEX",
  BSE: "BSE_INDEX",
  MCX: "MCX_INDEX",
  CDS: "CDS_INDEX",
  GLOBAL: "GLOBAL_INDEX",
  NSEIX: "GLOBAL_INDEX"
}

const REMEDY = "Fetch https://api.kite.trade/instruments again; a file of your own needs the same columns."

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows({ title: "Zerodha's instrument master", text, columns, remedy: REMEDY }, builder, toRow)
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const token = f.instrument_token
  if (!isToken(token) || Number(token) > 0xffff_ffff)
    return rejected(`instrument_token "${token}" is no token`)
  if (f.tradingsymbol === "") return rejected("tradingsymbol is empty")
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  if (f.segment === "INDICES") return toIndex(f, tickSize)

  const place = tradable[f.exchange]
  if (place === undefined) return skipped(`exchange ${f.exchange === "" ? "(none)" : f.exchange}`)
  const { exchange, segment } = place
  if ((Number(token) & 0xff) !== segment) {
    return rejected(`token ${token} is of segment ${Number(token) & 0xff}, and ${f.exchange} is ${segment}`)
  }
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.tradingsymbol,
    brokerExchange: f.exchange,
    token,
    name: f.name,
    lotSize,
    tickSize
  }
  const type = f.instrument_type
  switch (type) {
    case "EQ":
      return exchange === "NSE" || exchange === "BSE"
        ? cash({
            ...base,
            ...nameAtZerodha(exchange, f.tradingsymbol),
            bseNumber: String(Number(token) >>> 8)
          })
        : skipped(`${type} of ${f.exchange}`)
    case "FUT":
    case "CE":
    case "PE": {
      const expiry = readExpiry(f.expiry)
      if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
      const strike = type === "FUT" ? undefined : numberOf(f.strike)
      if (type !== "FUT" && (strike === undefined || strike <= 0)) {
        return rejected(`strike "${f.strike}" is no price`)
      }
      const tail = contractTail(type, strike)
      const name = f.name === "" ? underlyingOf(f.tradingsymbol, expiry, tail) : f.name
      if (name === undefined) return rejected(`name is empty and "${f.tradingsymbol}" does not tell it`)
      // The file counts MCX in contracts, everybody else in units.
      const units = exchange === "MCX" && lotSize === 1 ? mcxLot(name.toUpperCase(), expiry) : undefined
      return contract({ ...base, name, lotSize: units ?? lotSize }, type, expiry, strike)
    }
    default:
      return skipped(type === "" ? "(no instrument_type)" : type)
  }
}

/** NSE's series EQ is the one that is not written: `SBIN`, `CENTRALBK-BE`, `SGBAUG27-GB`. */
const nameAtZerodha = (exchange: Exchange, tradingSymbol: string) => {
  const { root, series } = nameInSeries(exchange, tradingSymbol)
  return { root, series: series === "" && exchange === "NSE" ? "EQ" : series }
}

const toIndex = (f: Fields, tickSize: number): Row => {
  const exchange = indices[f.exchange]
  if (exchange === undefined) return skipped(`index of ${f.exchange === "" ? "(none)" : f.exchange}`)
  const segment = Number(f.instrument_token) & 0xff
  if (segment !== INDEX_SEGMENT) {
    return rejected(`token ${f.instrument_token} is of segment ${segment}, and indices are ${INDEX_SEGMENT}`)
  }
  return carried({
    symbol: indexSymbol(exchange, f.tradingsymbol),
    exchange,
    brokerSymbol: f.tradingsymbol,
    brokerExchange: f.exchange,
    token: f.instrument_token,
    name: f.name,
    // The file has 0 or 1; nobody trades an index in lots.
    lotSize: 1,
    tickSize,
    type: "INDEX"
  })
}

const indexSymbol = (exchange: Exchange, tradingSymbol: string): string => {
  const plain = tradingSymbol.replaceAll(" ", "")
  if (exchange === "NSE_INDEX") return nseIndices[plain] ?? plain
  if (exchange === "BSE_INDEX") return zerodhaBseIndices[tradingSymbol] ?? bseIndices[plain] ?? plain
  return plain
}

const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
