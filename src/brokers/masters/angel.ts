/**
 * Angel One's instrument master: one JSON array of all exchanges, every field a text.
 * Source: SmartAPI documentation ("Instruments") and the file itself.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, optionAtEnd } from "./kit/contracts.ts"
import { isCash, sameNames } from "./kit/exchanges.ts"
import { dayIn, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"
import { carried, rejected, skipped } from "./kit/row.ts"
import { inPaise, listing, rowParser, scaled } from "./kit/rows.ts"

const tradable = sameNames("NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "NCDEX")

const indices: Readonly<Record<string, Exchange>> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX", MCX: "MCX_INDEX" }

/** Strikes are in paise as all prices are; those of currency options (OPTCUR, OPTIRC) are scaled by this in all. */
const CURRENCY = 10_000_000
const PAISE = 100

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addJsonRows(
    {
      title: "Angel One's instrument master",
      text,
      keys: toRow.columns,
      remedy: "Fetch OpenAPIScripMaster.json again; a file of your own needs the same fields."
    },
    builder,
    toRow
  )
  return builder.finish()
}

const symbols = indexSymbols({ without: /[ -]/g, nse: { NIFTYMIDCAPSELECT: "MIDCPNIFTY" } })

const toRow = rowParser({
  also: ["instrumenttype", "exch_seg"],
  listing: (f) => {
    const kind = f.instrumenttype
    const isIndex = kind === "AMXIDX"
    const exchange = (isIndex ? indices : tradable)[f.exch_seg]
    if (exchange === undefined) return skipped(`${isIndex ? "index of" : "segment"} ${orNone(f.exch_seg)}`)
    if (isIndex) return listing(exchange, f.exch_seg, "INDEX")
    if (kind === "" && isCash(exchange)) return listing(exchange, f.exch_seg, "EQ")
    if (kind.startsWith("FUT")) return listing(exchange, f.exch_seg, "FUT")
    if (kind.startsWith("OPT")) return listing(exchange, f.exch_seg, "OPT")
    return skipped(kind === "" ? `(no instrumenttype) of ${f.exch_seg}` : kind)
  },
  token: "token",
  brokerSymbol: "symbol",
  name: "name",
  indexName: ["name", "symbol"],
  indexSymbol: (exchange, name) =>
    symbols(exchange, exchange === "BSE_INDEX" ? name.replace(/^S&P /i, "") : name),
  lotSize: "lotsize",
  // UNCONFIRMED for currency, whose prices on the wire have another scale than its tick sizes here.
  tickSize: { columns: "tick_size", read: inPaise },
  indicesTick: true,
  // `28MAR2024`
  expiry: {
    columns: "expiry",
    read: dayIn(/^(?<day>\d{1,2})(?<month>[A-Za-z]{3})(?<year>\d{4})$/)
  },
  option: { columns: "symbol", read: optionAtEnd },
  strike: {
    columns: "strike",
    read: (text, _, { exchange }) => scaled(text, exchange === "CDS" ? CURRENCY : PAISE)
  },
  underlying: (f, { exchange }) => (f.name === "" && exchange !== "NFO" ? rejected("name is empty") : f.name),
  // NFO's symbols have the common form already. That NCDEX is to be built like MCX is UNCONFIRMED.
  contract: (base, { expiry, strike, type }) =>
    base.exchange === "NFO"
      ? carried({
          ...base,
          symbol: base.brokerSymbol,
          expiry,
          ...(strike === undefined ? {} : { strike }),
          type
        })
      : contract(base, type, expiry, strike),
  reasons: {
    token: (text) => `token "${text}" is no plain number`,
    option: (text) => `option "${text}" ends in neither CE nor PE`
  }
})
