/**
 * IIFL Capital's instrument master: a CSV per segment, and one of indices.
 * Source: IIFL Capital's developer documentation ("Contract files").
 */
import type { Exchange } from "../../market/exchange.ts"
import { isBseGroup, nameOfSeries, otherKinds } from "./kit/cash.ts"
import { contractType } from "./kit/contracts.ts"
import { addCsvRows, filesMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isCash } from "./kit/exchanges.ts"
import { dayIn, orNone } from "./kit/fields.ts"
import { nseIndices } from "./kit/indices.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields, Listing } from "./kit/rows.ts"
import { indexParser, listing, rowParser } from "./kit/rows.ts"

const columns = [
  "Exchange",
  "Instrument ID",
  "Underlying Instrument Symbol",
  "Underlying Instrument Name",
  "Trading Symbol",
  "Instrument Type",
  "Option Type",
  "Strike Price",
  "Expiry",
  "Lot Size",
  "Tick Size"
] as const
type Column = (typeof columns)[number]

/** What a file of indices must have: they have nothing of contracts, and their names may be in either column. */
const ofIndices: ReadonlyArray<string> = ["Exchange", "Instrument ID"]

const segments: Exchanges = {
  NSEEQ: "NSE",
  BSEEQ: "BSE",
  NSEFO: "NFO",
  BSEFO: "BFO",
  NSECURR: "CDS",
  BSECURR: "BCD",
  MCXCOMM: "MCX",
  NSECOMM: "NCO",
  NCDEXCOMM: "NCDEX"
}

const REMEDY =
  "Fetch the files of https://api.iiflcapital.com/v1/contractfiles/ again (NSEEQ.csv, NSEFO.csv, INDICES.csv, ...); " +
  "files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = filesMaster(
  `IIFL Capital's instrument master has no file. ${REMEDY}`,
  ({ name, text }, builder) => {
    const isOfIndices = /indices/i.test(name)
    const source = {
      title: `${name} of IIFL Capital's instrument master`,
      text,
      columns,
      optional: isOfIndices ? columns.filter((c) => !ofIndices.includes(c)) : [],
      remedy: REMEDY
    }
    addCsvRows(source, builder, isOfIndices ? toIndex : toRow)
  }
)

const kindOf = (f: Fields<Column>): string => f["Instrument Type"].toUpperCase()

const listingOf = (f: Fields<Column>): Listing | Row => {
  const segment = f.Exchange.toUpperCase()
  const exchange = segments[segment]
  if (exchange === undefined) return skipped(`exchange ${orNone(segment)}`)
  const kind = kindOf(f)
  // Indices are in a file of their own, under names that people know.
  if (kind === "INDEX") return skipped(`index in ${segment}`)
  if (isCash(exchange)) return listing(exchange, segment, "EQ")
  const type = contractType(f["Option Type"].toUpperCase(), kind)
  return type === undefined
    ? skipped(`${orNone(kind, "no Instrument Type")} of ${segment}`)
    : listing(exchange, segment, type)
}

const toRow = rowParser<Column>({
  listing: listingOf,
  token: "Instrument ID",
  brokerSymbol: ["Trading Symbol", "Underlying Instrument Symbol"],
  name: "Underlying Instrument Symbol",
  lotSize: "Lot Size",
  tickSize: "Tick Size",
  // The series stands behind the trading symbol, or else in the column of types: neither is documented (UNCONFIRMED).
  security: (f, { brokerSymbol, exchange, name }) => {
    if (name === "") return rejected("Underlying Instrument Symbol is empty")
    const kind = kindOf(f)
    const ordinary = !otherKinds.has(kind)
    const isSeries = exchange === "BSE" ? isBseGroup(kind) : /^[A-Z][A-Z0-9]$/.test(kind)
    const told = isSeries && ordinary && kind !== "ES" ? kind : ""
    const { series } = nameOfSeries(exchange, brokerSymbol, told)
    return { root: name, series, ordinary, name: f["Underlying Instrument Name"] }
  },
  // `30-Apr-2026`, and with a time behind it.
  expiry: {
    columns: "Expiry",
    read: dayIn(/^(?<day>\d{1,2})-(?<month>[A-Za-z]{3})-(?<year>\d{4})(?: |$)/)
  },
  strike: "Strike Price"
})

const toIndex = indexParser<Column>({
  // The segment is that under which an index is published, which is not always that of shares.
  listing: (f) => {
    const segment = f.Exchange.toUpperCase()
    if (segment.startsWith("NSE")) return listing("NSE_INDEX", segment, "INDEX")
    if (segment.startsWith("BSE")) return listing("BSE_INDEX", segment, "INDEX")
    return skipped(`index of ${orNone(segment)}`)
  },
  token: "Instrument ID",
  brokerSymbol: ["Trading Symbol", "Underlying Instrument Name"],
  indexSymbol: (exchange, name) => indexSymbol(exchange, name)
})

const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/\s/g, "")
  if (exchange !== "NSE_INDEX") return plain
  return plain === "NIFTYMIDCAPSELECT" ? "MIDCPNIFTY" : (nseIndices[plain] ?? plain)
}
