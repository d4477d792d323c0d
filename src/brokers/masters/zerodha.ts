/**
 * Zerodha's instrument master: a CSV of all exchanges, renewed every morning.
 * Source: Kite Connect v3 documentation ("Market quotes and instruments").
 */
import type { Exchange } from "../../market/exchange.ts"
import { nameInSeries } from "./kit/cash.ts"
import { contract, contractTail, underlyingOf } from "./kit/contracts.ts"
import { csvMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isCash } from "./kit/exchanges.ts"
import { isoDay, orNone, uint32Token } from "./kit/fields.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { mcxLot } from "./kit/mcxLots.ts"
import { rejected, skipped } from "./kit/row.ts"
import { listing, rowParser } from "./kit/rows.ts"

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

const indices: Exchanges = {
  NSE: "NSE_INDEX",
  BSE: "BSE_INDEX",
  MCX: "MCX_INDEX",
  CDS: "CDS_INDEX",
  GLOBAL: "GLOBAL_INDEX",
  NSEIX: "GLOBAL_INDEX"
}

/** The segment that a token names; a token that is none has other faults. */
const segmentIn = (token: string): number | undefined =>
  uint32Token(token) === undefined ? undefined : Number(token) & 0xff

const types = ["EQ", "FUT", "CE", "PE"] as const

const toRow = rowParser({
  listing: (f) => {
    const segment = segmentIn(f.instrument_token)
    if (f.segment === "INDICES") {
      const exchange = indices[f.exchange]
      if (exchange === undefined) return skipped(`index of ${orNone(f.exchange)}`)
      return segment === undefined || segment === INDEX_SEGMENT
        ? listing(exchange, f.exchange, "INDEX")
        : rejected(`token ${f.instrument_token} is of segment ${segment}, and indices are ${INDEX_SEGMENT}`)
    }
    const place = tradable[f.exchange]
    if (place === undefined) return skipped(`exchange ${orNone(f.exchange)}`)
    if (segment !== undefined && segment !== place.segment) {
      return rejected(
        `token ${f.instrument_token} is of segment ${segment}, and ${f.exchange} is ${place.segment}`
      )
    }
    const type = types.find((t) => t === f.instrument_type)
    if (type === undefined) return skipped(orNone(f.instrument_type, "no instrument_type"))
    return type === "EQ" && !isCash(place.exchange)
      ? skipped(`${type} of ${f.exchange}`)
      : listing(place.exchange, f.exchange, type)
  },
  token: { columns: "instrument_token", read: uint32Token },
  brokerSymbol: "tradingsymbol",
  name: "name",
  expiry: { columns: "expiry", read: isoDay },
  indexName: "tradingsymbol",
  indexSymbol: (exchange, name) => indexSymbol(exchange, name),
  tickSize: "tick_size",
  indicesTick: true,
  lotSize: "lot_size",
  // NSE's series EQ is the one that is not written: `SBIN`, `CENTRALBK-BE`, `SGBAUG27-GB`.
  security: (f, { exchange, token }) => {
    const { root, series } = nameInSeries(exchange, f.tradingsymbol)
    const bseNumber = String(Number(token) >>> 8)
    return { root, series: series === "" && exchange === "NSE" ? "EQ" : series, bseNumber }
  },
  strike: "strike",
  also: ["instrument_type", "segment", "exchange"],
  underlying: ({ name, tradingsymbol }, { expiry, strike, type }) =>
    name ||
    (underlyingOf(tradingsymbol, expiry, contractTail(type, strike)) ??
      rejected(`name is empty and "${tradingsymbol}" does not tell it`)),
  // The file counts MCX in contracts, everybody else in units.
  contract: (base, { expiry, strike, type }) => {
    const isCounted = base.exchange === "MCX" && base.lotSize === 1
    const units = isCounted ? mcxLot(base.name.toUpperCase(), expiry) : undefined
    return contract({ ...base, lotSize: units ?? base.lotSize }, type, expiry, strike)
  }
})

const indexSymbol = (exchange: Exchange, tradingSymbol: string): string => {
  const plain = tradingSymbol.replaceAll(" ", "")
  if (exchange === "NSE_INDEX") return nseIndices[plain] ?? plain
  if (exchange === "BSE_INDEX") return zerodhaBseIndices[tradingSymbol] ?? bseIndices[plain] ?? plain
  return plain
}

export const parse = csvMaster(
  {
    title: "Zerodha's instrument master",
    remedy: "Fetch https://api.kite.trade/instruments again; a file of your own needs the same columns."
  },
  toRow
)
