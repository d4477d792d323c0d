/**
 * Arrow's instrument master: a CSV of all exchanges, behind the login and renewed every morning at 8.
 * Source: Arrow's documentation ("Symbols"); what the file itself shows otherwise is said where it is read.
 */
import { csvMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { optionType } from "./kit/contracts.ts"
import { dayIn, orNone, uint32Token } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { skipped } from "./kit/row.ts"
import type { Listing } from "./kit/rows.ts"
import { listing, rowParser, scaled } from "./kit/rows.ts"

const cashExchanges: Exchanges = { NSECM: "NSE", BSECM: "BSE" }
const indices: Exchanges = {
  NSEIDX: "NSE_INDEX",
  BSEIDX: "BSE_INDEX",
  MCXIDX: "MCX_INDEX"
}
const derivatives: Exchanges = {
  NSEFO: "NFO",
  BSEFO: "BFO",
  NSECD: "CDS",
  BSECD: "BCD",
  MCXFO: "MCX",
  NSECO: "NCO"
}

/** The file has strikes and tick sizes in rupees, but for currency: strikes 100 000 times larger, tick sizes in paise. */
const CURRENCY_STRIKE = 100_000
const CURRENCY_TICK = 100
const isCurrency = ({ exchange }: Listing): boolean => exchange === "CDS" || exchange === "BCD"

const toRow = rowParser({
  also: ["ExchSeg", "OptionType", "Series", "ISIN"],
  listing: (f) => {
    const segment = f.ExchSeg.toUpperCase()
    const index = indices[segment]
    if (index !== undefined) return listing(index, segment, "INDEX")
    const cash = cashExchanges[segment]
    if (cash !== undefined) return listing(cash, segment, "EQ")
    const exchange = derivatives[segment]
    if (exchange === undefined) return skipped(`segment ${orNone(f.ExchSeg)}`)
    const kind = f.OptionType.toUpperCase()
    const type = kind === "XX" ? "FUT" : optionType(kind)
    return type === undefined
      ? skipped(`${orNone(kind, "no OptionType")} of ${segment}`)
      : listing(exchange, segment, type)
  },
  token: { columns: "Token", read: uint32Token },
  brokerSymbol: {
    columns: ["TradingSymbol", "Symbol"],
    read: (text, f, { type }) => (type === "INDEX" ? f.Symbol || text : text)
  },
  name: {
    columns: ["FullName", "Symbol"],
    read: (text, f, { type }) => (type === "INDEX" ? f.Symbol || f.TradingSymbol : text)
  },
  indexSymbol: indexSymbols({ likeZerodha: true }),
  lotSize: "LotSize",
  tickSize: {
    columns: "TickSize",
    read: (text, _, at) => scaled(text, isCurrency(at) ? CURRENCY_TICK : 1)
  },
  security: (f, { brokerSymbol, exchange }) => ({
    ...nameOfSeries(exchange, brokerSymbol, f.Series),
    isin: f.ISIN
  }),
  // `30-Jun-2026`
  expiry: {
    columns: "Expiry",
    read: dayIn(/^(?<day>\d{1,2})-(?<month>[A-Za-z]{3})-(?<year>\d{4})$/)
  },
  strike: {
    columns: "StrikePrice",
    read: (text, _, at) => scaled(text, isCurrency(at) ? CURRENCY_STRIKE : 1)
  },
  underlying: ["Underlying", "Symbol"]
})

export const parse = csvMaster(
  {
    title: "Arrow's instrument master",
    optional: ["FullName", "Series", "ISIN"],
    remedy:
      "Fetch https://edge.arrow.trade/all again, with your login; a file of your own needs the same columns."
  },
  toRow
)
