/**
 * Dhan's instrument master, the compact one: a CSV of all exchanges.
 * Source: DhanHQ's documentation ("Instrument List") and the file itself.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { otherKinds } from "./kit/cash.ts"
import { contract } from "./kit/contracts.ts"
import { isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { isSpread } from "./kit/rowChecks.ts"

const columns = [
  "SEM_EXM_EXCH_ID",
  "SEM_SEGMENT",
  "SEM_SMST_SECURITY_ID",
  "SEM_INSTRUMENT_NAME",
  "SEM_TRADING_SYMBOL",
  "SEM_LOT_UNITS",
  "SEM_CUSTOM_SYMBOL",
  "SEM_EXPIRY_DATE",
  "SEM_STRIKE_PRICE",
  "SEM_OPTION_TYPE",
  "SEM_TICK_SIZE",
  "SEM_EXCH_INSTRUMENT_TYPE",
  "SEM_SERIES",
  "SM_SYMBOL_NAME"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** Where an instrument is: our exchange, and Dhan's name of the segment. */
interface Place {
  readonly exchange: Exchange
  readonly segment: string
}

const cashPlaces: Readonly<Record<string, Place>> = {
  NSE: { exchange: "NSE", segment: "NSE_EQ" },
  BSE: { exchange: "BSE", segment: "BSE_EQ" }
}
const indices: Readonly<Record<string, Place>> = {
  NSE: { exchange: "NSE_INDEX", segment: "IDX_I" },
  BSE: { exchange: "BSE_INDEX", segment: "IDX_I" }
}
const derivatives: Readonly<Record<string, Place>> = {
  NSE: { exchange: "NFO", segment: "NSE_FNO" },
  BSE: { exchange: "BFO", segment: "BSE_FNO" }
}
const commodities: Readonly<Record<string, Place>> = {
  MCX: { exchange: "MCX", segment: "MCX_COMM" },
  NSE: { exchange: "NCO", segment: "NSE_COMM" }
}
const currency: Readonly<Record<string, Place>> = {
  NSE: { exchange: "CDS", segment: "NSE_CURRENCY" },
  BSE: { exchange: "BCD", segment: "BSE_CURRENCY" }
}

/** Tick sizes are in paise, strikes in rupees. */
const PAISE = 100

const MAX_ID = 0xffff_ffff

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows(
    {
      title: "Dhan's instrument master",
      text,
      columns,
      optional: ["SEM_EXCH_INSTRUMENT_TYPE", "SM_SYMBOL_NAME"],
      remedy:
        "Fetch https://images.dhan.co/api-data/api-scrip-master.csv again (the compact file, not the detailed one); " +
        "a file of your own needs the same columns."
    },
    builder,
    toRow
  )
  return builder.finish()
}

type Kind = "EQ" | "INDEX" | "FUT" | "OPT"

const kindOf = (name: string): Kind | undefined => {
  if (name === "EQUITY") return "EQ"
  if (name === "INDEX") return "INDEX"
  return name.startsWith("FUT") ? "FUT" : name.startsWith("OPT") ? "OPT" : undefined
}

const placeOf = (f: Fields, kind: Kind): Place | undefined => {
  const exchange = f.SEM_EXM_EXCH_ID
  if (kind === "EQ") return cashPlaces[exchange]
  if (kind === "INDEX") return indices[exchange]
  if (f.SEM_SEGMENT === "C" || f.SEM_INSTRUMENT_NAME.endsWith("CUR")) return currency[exchange]
  return f.SEM_SEGMENT === "M" ? commodities[exchange] : derivatives[exchange]
}

const toRow = (f: Fields): Row => {
  const name = f.SEM_INSTRUMENT_NAME
  const kind = kindOf(name)
  const place = kind === undefined ? undefined : placeOf(f, kind)
  if (kind === undefined || place === undefined) {
    return skipped(`${name === "" ? "(none)" : name} of ${f.SEM_EXM_EXCH_ID} ${f.SEM_SEGMENT}`.trim())
  }
  const token = f.SEM_SMST_SECURITY_ID
  if (!isToken(token) || Number(token) > MAX_ID) {
    return rejected(`SEM_SMST_SECURITY_ID "${token}" is no security id`)
  }
  const brokerSymbol = f.SEM_TRADING_SYMBOL
  if (brokerSymbol === "") return rejected("SEM_TRADING_SYMBOL is empty")
  const { exchange, segment } = place
  const base = { exchange, brokerSymbol, brokerExchange: segment, token }
  if (kind === "INDEX") {
    const symbol = indexSymbol(exchange, brokerSymbol)
    return carried({ ...base, symbol, name: fullName(f), lotSize: 1, tickSize: 0, type: "INDEX" })
  }
  const paise = numberOf(f.SEM_TICK_SIZE)
  if (paise === undefined || paise < 0) return rejected(`SEM_TICK_SIZE "${f.SEM_TICK_SIZE}" is no size`)
  const lotSize = numberOf(f.SEM_LOT_UNITS)
  if (lotSize === undefined || lotSize <= 0) return rejected(`SEM_LOT_UNITS "${f.SEM_LOT_UNITS}" is no size`)
  const sized = { ...base, lotSize, tickSize: paise / PAISE }
  if (kind === "EQ") {
    const ordinary = !otherKinds.has(f.SEM_EXCH_INSTRUMENT_TYPE.toUpperCase())
    return cash({ ...sized, root: brokerSymbol, series: f.SEM_SERIES, ordinary, name: fullName(f) })
  }

  const expiry = readExpiry(f.SEM_EXPIRY_DATE)
  if (expiry === undefined) return rejected(`SEM_EXPIRY_DATE "${f.SEM_EXPIRY_DATE}" is no date`)
  if (isSpread(f.SEM_CUSTOM_SYMBOL)) return skipped(`spread of ${exchange}`)
  const underlying = underlyingOf(f)
  if (underlying === "") return rejected(`"${brokerSymbol}" does not tell its underlying`)
  if (kind === "FUT") return contract({ ...sized, name: underlying }, "FUT", expiry, undefined)
  const type = f.SEM_OPTION_TYPE
  if (type !== "CE" && type !== "PE") return rejected(`SEM_OPTION_TYPE "${type}" is neither CE nor PE`)
  const strike = numberOf(f.SEM_STRIKE_PRICE)
  if (strike === undefined || strike <= 0)
    return rejected(`SEM_STRIKE_PRICE "${f.SEM_STRIKE_PRICE}" is no price`)
  return contract({ ...sized, name: underlying }, type, expiry, strike)
}

const fullName = (f: Fields): string => (f.SM_SYMBOL_NAME === "" ? f.SEM_CUSTOM_SYMBOL : f.SM_SYMBOL_NAME)

/** `NIFTY 28 MAR 20800 CALL`, and where that is empty `NIFTY-Mar2024-20800-CE`. */
const underlyingOf = (f: Fields): string =>
  f.SEM_CUSTOM_SYMBOL === ""
    ? (/^(.+?)-[A-Za-z]{3}\d{4}-/.exec(f.SEM_TRADING_SYMBOL)?.[1] ?? "")
    : f.SEM_CUSTOM_SYMBOL.split(" ")[0]!

const indexSymbol = (exchange: Exchange, tradingSymbol: string): string => {
  const upper = tradingSymbol.toUpperCase()
  const plain = upper.replaceAll(" ", "")
  if (exchange === "NSE_INDEX") return nseIndices[plain] ?? plain
  return zerodhaBseIndices[upper] ?? bseIndices[plain] ?? plain
}

/** `2024-03-28 14:30:00`; the time of day says nothing. */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?: |$)/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
