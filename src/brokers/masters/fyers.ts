/**
 * Fyers' symbol master: a file per exchange and segment, as CSV without a header or as one JSON object of objects.
 * Source: Fyers' API documentation ("Symbol Master").
 */
import { indiaClock } from "../../kit/indiaTime.ts"
import { segmentOf } from "../../protocols/fyers-hsm/subject.ts"
import type { MasterFile } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { contractType } from "./kit/contracts.ts"
import { filesMaster, readCsv } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { indexExchanges, isCash } from "./kit/exchanges.ts"
import { beginning, isoDate, numberOf, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { listing, rowParser } from "./kit/rows.ts"

/** Places in a CSV row, and keys of a JSON entry. */
const columns = {
  token: [0, "fyToken"],
  details: [1, "symDetails"],
  type: [2, "exInstType"],
  lot: [3, "minLotSize"],
  tick: [4, "tickSize"],
  isin: [5, "isin"],
  expiry: [8, "expiryDate"],
  ticker: [9, "symTicker"],
  underlying: [13, "underSym"],
  strike: [15, "strikePrice"],
  option: [16, "optType"]
} as const
type Column = keyof typeof columns
const names = Object.keys(columns) as ReadonlyArray<Column>

/** The last place that is read. */
const WIDTH = 17

const REMEDY =
  "Fetch the files of https://public.fyers.in/sym_details/ again (NSE_CM.csv, NSE_FO.csv, ...); " +
  "files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = filesMaster(`Fyers' symbol master has no file. ${REMEDY}`, (file, builder) => {
  for (const [row, fields] of rowsOf(file)) {
    builder.add(row, typeof fields === "string" ? rejected(fields) : toRow(fields))
  }
})

const cashSegments: Exchanges<"NSE" | "BSE"> = { nse_cm: "NSE", bse_cm: "BSE" }

/**
 * Fyers' numbers of kinds ("Exchange Instrument Types" of its documentation) for what AlgoWays carries. Cash: preference
 * shares, debentures and warrants. The commodity kinds from 33 on are newer than public lists of them (UNCONFIRMED).
 */
const otherSecurities: ReadonlySet<string> = new Set(["1", "2", "3"])
const INDEX_TYPE = "10"
const contractKinds: Readonly<Record<string, string>> = {
  11: "FUTIDX",
  12: "FUTIVX",
  13: "FUTSTK",
  14: "OPTIDX",
  15: "OPTSTK",
  16: "FUTCUR",
  17: "FUTIRT",
  18: "FUTIRC",
  19: "OPTCUR",
  25: "FUTIRD",
  30: "FUTCOM",
  31: "OPTFUT",
  32: "OPTCOM",
  33: "FUTBAS",
  34: "FUTBLN",
  35: "FUTENR",
  36: "OPTBLN",
  37: "OPTFUT"
}

/** Places count from 1. A text in place of fields says what is wrong with the row. */
const rowsOf = (file: MasterFile): ReadonlyArray<readonly [row: number, fields: Fields<Column> | string]> => {
  const rows = file.text.trimStart().startsWith("{") ? jsonRows(file) : csvRows(file)
  if (rows.some(([, fields]) => typeof fields !== "string")) return rows
  throw new MalformedMaster(
    `${file.name} has no row of Fyers' symbol master: it begins with ${beginning(file.text)}. ${REMEDY}`
  )
}

const csvRows = ({ text }: MasterFile) =>
  readCsv(text).map((cells, i) => {
    const fields =
      cells.length < WIDTH
        ? `the row has ${cells.length} fields, and ${WIDTH} are needed`
        : fieldsBy((column) => cells[columns[column][0]]!.trim())
    return [i + 1, fields] as const
  })

const jsonRows = ({ name, text }: MasterFile) => {
  let entries: Readonly<Record<string, unknown>>
  try {
    entries = JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    throw new MalformedMaster(
      `${name} is no JSON, or was cut off: it begins with ${beginning(text)}. ${REMEDY}`
    )
  }
  return Object.values(entries).map((entry, i) => {
    const own = entry as Readonly<Record<string, unknown>> | null
    const fields =
      typeof own !== "object" || own === null || own["fyToken"] === undefined
        ? "the entry has no fyToken"
        : fieldsBy((column) => {
            const value = column === "lot" ? lotIn(own) : own[columns[column][1]]
            return typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : ""
          })
    return [i + 1, fields] as const
  })
}

/** One of the two is the size, and the other 1: the multiplier of currency and commodities, the least lot of the others. */
const lotIn = ({ minLotSize, qtyMultiplier }: Readonly<Record<string, unknown>>): unknown => {
  const sizes = [minLotSize, qtyMultiplier]
    .map((size) => numberOf(String(size ?? "")))
    .filter((n) => n !== undefined)
  return sizes.length === 0 ? undefined : Math.max(...sizes)
}

const fieldsBy = (read: (column: Column) => string): Fields<Column> =>
  Object.fromEntries(names.map((column) => [column, read(column)])) as Fields<Column>

const derivatives: Exchanges = {
  nse_fo: "NFO",
  cde_fo: "CDS",
  nse_com: "NCO",
  bse_fo: "BFO",
  mcx_fo: "MCX"
}

const toRow = rowParser<Column>({
  listing: (f) => {
    const segment = segmentOf(f.token)
    if (segment === undefined) return rejected(`"${f.token}" is no Fytoken`)
    const exchange = derivatives[segment]
    if (exchange !== undefined) {
      const kind = f.type === "" ? "" : (contractKinds[f.type] ?? `type ${f.type}`)
      const type = contractType(f.option, kind)
      return type === undefined
        ? skipped(`${orNone(kind, "no type")} of ${exchange}`)
        : listing(exchange, exchange, type)
    }
    const cash = cashSegments[segment]
    if (cash === undefined) return skipped(`segment ${segment}`)
    return f.type === INDEX_TYPE ? listing(indexExchanges[cash]!, cash, "INDEX") : listing(cash, cash, "EQ")
  },
  token: { columns: "token", read: (text) => text },
  brokerSymbol: "ticker",
  name: { columns: "details", read: (text, f, { type }) => (type === "INDEX" ? f.underlying : text) },
  indexName: "underlying",
  indexSymbol: indexSymbols({ without: /[ -]/g }),
  lotSize: "lot",
  tickSize: "tick",
  security: (f) =>
    f.underlying === ""
      ? rejected("the underlying symbol is empty")
      : {
          root: f.underlying,
          // `NSE:CHOLAFIN-D1`, `BSE:SBIN-A`
          series: /-([A-Z][A-Z0-9]?)$/.exec(f.ticker)?.[1] ?? "",
          ordinary: !otherSecurities.has(f.type),
          isin: f.isin,
          bseNumber: f.token.slice(-6)
        },
  expiry: { columns: "expiry", read: (text) => expiryOf(text) },
  strike: "strike",
  // `NIFTY 28 Mar 24 20800 CE`: the date is told better by its own column.
  underlying: ({ details, underlying }) =>
    (/^(\S+) \d{1,2} [A-Za-z]{3} \d{2} /.exec(details)?.[1] ?? underlying) ||
    rejected(`"${details}" does not tell the underlying`),
  reasons: {
    symbol: () => "the symbol ticker is empty",
    lotSize: (text, _, { exchange }) => `${isCash(exchange) ? "minimum lot" : "lot"} "${text}" is no size`,
    tickSize: (text) => `tick size "${text}" is no size`
  }
})

/** Epoch seconds to the day in India. */
const expiryOf = (text: string): string | undefined => {
  const seconds = numberOf(text)
  if (seconds === undefined || seconds <= 0 || seconds > 4.2e9) return undefined
  const date = indiaClock(seconds * 1000)
  return isoDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}
