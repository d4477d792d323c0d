/**
 * Dhan's instrument master, the compact one: a CSV of all exchanges.
 * Source: DhanHQ's documentation ("Instrument List") and the file itself.
 */
import type { Exchange } from "../../market/exchange.ts"
import { otherKinds } from "./kit/cash.ts"
import { csvMaster } from "./kit/csv.ts"
import { dayIn, orNone, uint32Token } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import { isSpread } from "./kit/rowChecks.ts"
import type { Fields } from "./kit/rows.ts"
import { inPaise, listing, rowParser } from "./kit/rows.ts"

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

type Kind = "EQ" | "INDEX" | "FUT" | "OPT"

const kindOf = (name: string): Kind | undefined => {
  if (name === "EQUITY") return "EQ"
  if (name === "INDEX") return "INDEX"
  return name.startsWith("FUT") ? "FUT" : name.startsWith("OPT") ? "OPT" : undefined
}

const placeOf = (
  f: Fields<"SEM_EXM_EXCH_ID" | "SEM_SEGMENT" | "SEM_INSTRUMENT_NAME">,
  kind: Kind
): Place | undefined => {
  const exchange = f.SEM_EXM_EXCH_ID
  if (kind === "EQ") return cashPlaces[exchange]
  if (kind === "INDEX") return indices[exchange]
  if (f.SEM_SEGMENT === "C" || f.SEM_INSTRUMENT_NAME.endsWith("CUR")) return currency[exchange]
  return f.SEM_SEGMENT === "M" ? commodities[exchange] : derivatives[exchange]
}

/** Tick sizes are in paise, strikes in rupees. */
const toRow = rowParser({
  also: ["SEM_EXM_EXCH_ID", "SEM_SEGMENT", "SEM_INSTRUMENT_NAME", "SEM_EXCH_INSTRUMENT_TYPE", "SEM_SERIES"],
  listing: (f) => {
    const name = f.SEM_INSTRUMENT_NAME
    const kind = kindOf(name)
    const place = kind === undefined ? undefined : placeOf(f, kind)
    if (kind === undefined || place === undefined) {
      return skipped(`${orNone(name)} of ${f.SEM_EXM_EXCH_ID} ${f.SEM_SEGMENT}`.trim())
    }
    if ((kind === "FUT" || kind === "OPT") && isSpread(f.SEM_CUSTOM_SYMBOL)) {
      return skipped(`spread of ${place.exchange}`)
    }
    return listing(place.exchange, place.segment, kind)
  },
  token: { columns: "SEM_SMST_SECURITY_ID", read: uint32Token },
  brokerSymbol: "SEM_TRADING_SYMBOL",
  name: ["SM_SYMBOL_NAME", "SEM_CUSTOM_SYMBOL"],
  indexSymbol: indexSymbols({ likeZerodha: true }),
  lotSize: "SEM_LOT_UNITS",
  tickSize: { columns: "SEM_TICK_SIZE", read: inPaise },
  security: (f) => ({
    root: f.SEM_TRADING_SYMBOL,
    series: f.SEM_SERIES,
    ordinary: !otherKinds.has(f.SEM_EXCH_INSTRUMENT_TYPE.toUpperCase())
  }),
  // `2024-03-28 14:30:00`; the time of day says nothing.
  expiry: {
    columns: "SEM_EXPIRY_DATE",
    read: dayIn(/^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?: |$)/)
  },
  option: "SEM_OPTION_TYPE",
  strike: "SEM_STRIKE_PRICE",
  // `NIFTY 28 MAR 20800 CALL`, and where that is empty `NIFTY-Mar2024-20800-CE`.
  underlying: ({ SEM_CUSTOM_SYMBOL, SEM_TRADING_SYMBOL }) => {
    const name =
      SEM_CUSTOM_SYMBOL === ""
        ? /^(.+?)-[A-Za-z]{3}\d{4}-/.exec(SEM_TRADING_SYMBOL)?.[1]
        : SEM_CUSTOM_SYMBOL.split(" ")[0]
    return name || rejected(`"${SEM_TRADING_SYMBOL}" does not tell its underlying`)
  },
  reasons: { token: (text, column) => `${column} "${text}" is no security id` }
})

export const parse = csvMaster(
  {
    title: "Dhan's instrument master",
    optional: ["SEM_EXCH_INSTRUMENT_TYPE", "SM_SYMBOL_NAME"],
    remedy:
      "Fetch https://images.dhan.co/api-data/api-scrip-master.csv again (the compact file, not the detailed one); " +
      "a file of your own needs the same columns."
  },
  toRow
)
