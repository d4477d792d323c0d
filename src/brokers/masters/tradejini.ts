/**
 * Tradejini's instrument master: a CSV per group of the symbol store. An instrument's id says what it is, whatever the
 * group: `EQT_RELIANCE_EQ_NSE`, `FUTIDX_BANKNIFTY_NFO_2026-08-25`, `OPTIDX_NIFTY_NFO_2026-08-28_24500_CE`,
 * `IDX_-1_NSE`.
 * Source: Tradejini's API documentation ("Scrip groups", "Symbol store") and its SDKs.
 */
import { optionType } from "./kit/contracts.ts"
import { addCsvRows, filesMaster } from "./kit/csv.ts"
import { cashExchanges, indexExchanges, sameNames } from "./kit/exchanges.ts"
import { dateOf, numberOf } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields, Listing } from "./kit/rows.ts"
import { listing, rowParser } from "./kit/rows.ts"

const optional = ["dispName", "lot", "tick", "symbol", "desc"] as const

const contractExchanges = sameNames("NFO", "BFO", "CDS", "BCD", "MCX", "NCO")

const REMEDY = "Fetch the groups of the symbol store again; files of your own need the same columns."

export const parse = filesMaster(`There is no file. ${REMEDY}`, ({ name, text }, builder) =>
  addCsvRows(
    { title: `Tradejini's file ${name}`, text, columns: toRow.columns, optional, remedy: REMEDY },
    builder,
    toRow
  )
)

/** The parts of an id behind the name: of a share series and exchange, of a contract exchange and what follows. */
const TAILS = { EQ: 2, INDEX: 1, FUT: 2, OPT: 4 } as const
type Type = keyof typeof TAILS

const typeOf = (kind: string): Type | undefined => {
  if (kind === "IDX") return "INDEX"
  if (kind === "EQT") return "EQ"
  return /^(?:FUT|OPT)[A-Z]{3}$/.test(kind) ? (kind.startsWith("FUT") ? "FUT" : "OPT") : undefined
}

/** The parts behind the name, which may hold an underscore itself. */
const tailOf = (id: string, type: Listing["type"]): ReadonlyArray<string> =>
  id.split("_").slice(-TAILS[type as Type])

const nameIn = (id: string, type: Listing["type"]): string =>
  id
    .split("_")
    .slice(1, -TAILS[type as Type])
    .join("_")

/** `IDX_-1_NSE` with the name beside it, or `IDX_NIFTY_NSE`. */
const indexName = (f: Fields<"symbol" | "id" | "dispName">): string => {
  if (f.symbol !== "") return f.symbol
  const name = nameIn(f.id, "INDEX")
  return /^-?\d*$/.test(name) ? f.dispName : name
}

const symbols = indexSymbols()

const toRow = rowParser({
  also: ["dispName", "symbol", "desc"],
  listing: (f) => {
    const parts = f.id.split("_")
    const kind = parts[0]!
    const type = typeOf(kind)
    if (type === undefined) return skipped(kind === "" ? "(no id)" : kind)
    if (type === "INDEX") {
      const brokerExchange = parts.at(-1)!
      const exchange = indexExchanges[brokerExchange]
      if (exchange === undefined) return skipped(`index of ${brokerExchange}`)
      return indexName(f) === ""
        ? rejected(`id "${f.id}" has no name`)
        : listing(exchange, brokerExchange, type)
    }
    const isShare = type === "EQ"
    if (parts.length < 2 + TAILS[type]) {
      return rejected(`id "${f.id}" is none of a ${isShare ? "share" : "contract"}`)
    }
    const brokerExchange = parts.at(isShare ? -1 : -TAILS[type])!
    const exchange = (isShare ? cashExchanges : contractExchanges)[brokerExchange]
    if (exchange === undefined) return skipped(`exchange ${brokerExchange}`)
    return nameIn(f.id, type) === ""
      ? rejected(`id "${f.id}" has no ${isShare ? "symbol" : "underlying"}`)
      : listing(exchange, brokerExchange, type)
  },
  token: { columns: "excToken", read: (text) => (/^-?[1-9]\d{0,9}$/.test(text) ? text : undefined) },
  brokerSymbol: "id",
  name: {
    columns: "id",
    read: (id, f, { type }) => {
      if (type === "INDEX") return f.dispName || indexName(f)
      return (type === "EQ" && f.desc) || nameIn(id, type)
    }
  },
  indexSymbol: (exchange, _, f) => symbols(exchange, indexName(f)),
  lotSize: "lot",
  tickSize: "tick",
  security: ({ id }) => ({ root: nameIn(id, "EQ"), series: tailOf(id, "EQ")[0]! }),
  expiry: { columns: "id", read: (id, _, { type }) => dateOf(tailOf(id, type)[1]!) },
  option: { columns: "id", read: (id) => optionType(tailOf(id, "OPT")[3]!) },
  strike: { columns: "id", read: (id) => numberOf(tailOf(id, "OPT")[2]!) },
  reasons: {
    expiry: (id) => `id "${id}" has no expiry date`,
    option: (id) => `id "${id}" is neither a call nor a put`,
    strike: (id) => `id "${id}" has no strike`
  }
})
