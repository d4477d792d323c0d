/**
 * Pocketful's instrument master: a zip archive with a CSV per exchange, all with the same columns. Every row names its
 * exchange, so the files' names do not matter.
 * Source: the files themselves.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterParser } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractType } from "./kit/contracts.ts"
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
  "instrument_name",
  "option_type",
  "segment",
  "exchange"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const exchanges: Readonly<Record<string, Exchange>> = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  CDS: "CDS",
  MCX: "MCX"
}

/** Segments of rows that are indices. */
const indexSegments: Readonly<Record<string, Exchange>> = { INDICES: "NSE_INDEX", IDX: "BSE_INDEX" }

const REMEDY = "Fetch the archive of contracts again; files of your own need the same columns."

export const parse: MasterParser = (files) => {
  const builder = new MasterBuilder()
  if (files.length === 0) throw new MalformedMaster(`There is no file. ${REMEDY}`)
  for (const { name, text } of files) {
    builder.file(name)
    addCsvRows({ title: `Pocketful's file ${name}`, text, columns, remedy: REMEDY }, builder, toRow)
  }
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const place = exchanges[f.exchange]
  const isCash = place === "NSE" || place === "BSE"
  const indexExchange = isCash ? indexSegments[f.segment] : undefined
  const exchange = indexExchange ?? place
  if (exchange === undefined) return skipped(`exchange ${f.exchange === "" ? "(none)" : f.exchange}`)
  const type =
    indexExchange === undefined ? (isCash ? "EQ" : contractType(f.option_type, f.instrument_name)) : "INDEX"
  if (type === undefined) {
    return skipped(
      `${f.instrument_name === "" ? "(no instrument_name)" : f.instrument_name} of ${f.exchange}`
    )
  }
  if (!isToken(f.exchange_token) || Number(f.exchange_token) > 0xffff_ffff) {
    return rejected(`exchange_token "${f.exchange_token}" is no token`)
  }
  if (f.trading_symbol === "") return rejected("trading_symbol is empty")
  const base = {
    exchange,
    brokerSymbol: f.trading_symbol,
    brokerExchange: f.exchange,
    token: f.exchange_token,
    name: f.company_name === "" ? f.trading_symbol : f.company_name
  }
  if (type === "INDEX") {
    return carried({
      ...base,
      symbol: indexSymbol(f.trading_symbol, exchange),
      lotSize: 1,
      tickSize: 0,
      type
    })
  }
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  if (type === "EQ") {
    return cash({ ...base, ...cashName(exchange, f), lotSize, tickSize })
  }
  const name = underlying(f, exchange)
  if (name === "") return rejected(`the underlying of "${f.trading_symbol}" is not told`)
  const expiry = dateOf(f.expiry)
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  const strike = type === "FUT" ? undefined : numberOf(f.strike)
  if (type !== "FUT" && (strike === undefined || strike <= 0)) {
    return rejected(`strike "${f.strike}" is no price`)
  }
  return contract({ ...base, name, lotSize, tickSize }, type, expiry, strike)
}

/** Behind the last hyphen: NSE's series, which is the kind of the row as well, or BSE's group. */
const cashName = (exchange: Exchange, { instrument_name, trading_symbol }: Fields) => {
  if (exchange !== "NSE") return nameInGroup(trading_symbol)
  const named = nameInSeries(exchange, trading_symbol)
  return named.series === "" ? nameOfSeries(exchange, trading_symbol, instrument_name) : named
}

/** MCX's companies are descriptions; its symbols begin with the underlying. So for currency (UNCONFIRMED). */
const underlying = (f: Fields, exchange: Exchange): string =>
  exchange === "MCX" || exchange === "CDS"
    ? (/^[A-Z]+/.exec(f.trading_symbol.toUpperCase())?.[0] ?? "")
    : f.company_name

const indexSymbol = (name: string, exchange: Exchange): string => {
  const plain = name.toUpperCase().replaceAll(" ", "")
  return (exchange === "NSE_INDEX" ? nseIndices : bseIndices)[plain] ?? plain
}
