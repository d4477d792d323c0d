/**
 * INDmoney's instrument master: CSVs of equities, of derivatives, and of indices with three columns only.
 * Source: INDstocks' API documentation (instruments).
 */
import { otherKinds } from "./kit/cash.ts"
import { addCsvRows, filesMaster, headerOf } from "./kit/csv.ts"
import { cashExchanges, derivativeExchanges, indexExchanges } from "./kit/exchanges.ts"
import { orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import { indexParser, listing, rowParser } from "./kit/rows.ts"

const optional = ["SEM_EXCH_INSTRUMENT_TYPE", "SERIES"] as const

const TITLE = "INDmoney's instrument master"
const REMEDY = "Fetch the instruments of source equity, fno and index again."

export const parse = filesMaster(`${TITLE} has no file. ${REMEDY}`, ({ text }, builder) => {
  const source = { title: TITLE, text, remedy: REMEDY }
  if (headerOf(text).includes("INSTRUMENT_NAME"))
    addCsvRows({ ...source, columns: toRow.columns, optional }, builder, toRow)
  else addCsvRows({ ...source, columns: toIndex.columns }, builder, toIndex)
})

const kinds = { EQUITY: "EQ", FUT: "FUT", OPT: "OPT" } as const

const toRow = rowParser({
  also: ["EXCH", "INSTRUMENT_NAME", "SEM_EXCH_INSTRUMENT_TYPE", "SERIES"],
  listing: ({ EXCH, INSTRUMENT_NAME }) => {
    const [, kind] = /^(EQUITY$|FUT|OPT)/.exec(INSTRUMENT_NAME) ?? []
    if (kind === undefined) return skipped(INSTRUMENT_NAME || "(no INSTRUMENT_NAME)")
    const type = kinds[kind as keyof typeof kinds]
    const exchange = (type === "EQ" ? cashExchanges : derivativeExchanges)[EXCH]
    return exchange === undefined ? skipped(`exchange ${orNone(EXCH)}`) : listing(exchange, EXCH, type)
  },
  token: "SECURITY_ID",
  brokerSymbol: "TRADING_SYMBOL",
  lotSize: "LOT_UNITS",
  tickSize: "TICK_SIZE",
  security: (f) => ({
    root: f.TRADING_SYMBOL,
    series: f.SERIES,
    ordinary: !otherKinds.has(f.SEM_EXCH_INSTRUMENT_TYPE.toUpperCase())
  }),
  expiry: "EXPIRY_DATE",
  option: "OPTION_TYPE",
  strike: "STRIKE_PRICE",
  // `NIFTY-Aug2026-18500-CE`, `BAJAJ-AUTO-Apr2024-FUT`: names of companies may hold a hyphen.
  underlying: ({ TRADING_SYMBOL }, { type }) =>
    TRADING_SYMBOL.split("-")
      .slice(0, type === "FUT" ? -2 : -3)
      .join("-") || rejected(`TRADING_SYMBOL "${TRADING_SYMBOL}" does not tell the underlying`)
})

/** Whether the stream wants this file's number is UNCONFIRMED: the protocol's `names` tell it another. */
const toIndex = indexParser({
  also: ["EXCH"],
  listing: ({ EXCH }) => {
    const exchange = indexExchanges[EXCH]
    return exchange === undefined ? skipped(`index of ${orNone(EXCH)}`) : listing(exchange, EXCH, "INDEX")
  },
  brokerSymbol: "SEGMENT",
  token: "SECURITY_ID",
  indexSymbol: indexSymbols({ without: /[ -]/g }),
  reasons: { symbol: () => "SEGMENT, the index's name, is empty" }
})
