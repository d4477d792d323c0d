/**
 * m.Stock's instrument master of type B: one JSON array of all exchanges, behind the login, and the page of the
 * documentation that lists the tokens of indices ("Annexure"). Without that page the best known indices of NSE are still
 * there, and those of BSE are told by their short tokens.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { optionAtEnd } from "./kit/contracts.ts"
import { isCash, sameNames } from "./kit/exchanges.ts"
import { dayIn, isoDay, isToken, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import { indexRow, listing, rowParser } from "./kit/rows.ts"

const tradable = sameNames("NSE", "BSE", "NFO", "BFO", "MCX")

const REMEDY =
  "Fetch https://api.mstock.trade/openapi/typeb/instruments/OpenAPIScripMaster again, with your login; " +
  "a file of your own needs the same fields."

interface Index {
  readonly exchange: "NSE_INDEX" | "BSE_INDEX"
  readonly token: string
  readonly name: string
}

const nse = (name: string, token: string): Index => ({ exchange: "NSE_INDEX", token, name })

/** As the page has them. */
const wellKnown: ReadonlyArray<Index> = [
  nse("Nifty 50", "26000"),
  nse("Nifty Bank", "26009"),
  nse("Nifty Next 50", "26013"),
  nse("India VIX", "26017"),
  nse("Nifty Fin Service", "26037"),
  nse("NIFTY MID SELECT", "26074")
]

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const pages = files.filter(({ text }) => /^\s*</.test(text.replace(/^\uFEFF/, "")))
  const [master, ...more] = files.filter((file) => !pages.includes(file))
  if (master === undefined || more.length > 0) {
    throw new MalformedMaster(
      `m.Stock's instrument master is one JSON file, and there are ${more.length === 0 ? 0 : more.length + 1}. ${REMEDY}`
    )
  }
  const listed = pages.flatMap(({ text }) => readPage(text))
  const indices = listed.length > 0 ? listed : wellKnown
  const bse = new Map(indices.filter((i) => i.exchange === "BSE_INDEX").map((i) => [i.token, i]))
  const isIndex = (token: string): boolean =>
    bse.size > 0 ? bse.has(token) : token.length < SHORTEST_BSE_TOKEN

  const builder = new MasterBuilder()
  const seen = new Set<string>()
  addJsonRows(
    { title: "m.Stock's instrument master", text: master.text, keys: toRow.columns, remedy: REMEDY },
    builder,
    (f) => {
      if (f.exch_seg !== "BSE" || isContract(f.instrumenttype) || !isToken(f.token) || !isIndex(f.token)) {
        return toRow(f)
      }
      seen.add(f.token)
      return toIndex({ exchange: "BSE_INDEX", token: f.token, name: bse.get(f.token)?.name ?? f.name })
    }
  )
  for (const index of indices) {
    if (index.exchange === "NSE_INDEX" || !seen.has(index.token)) builder.add(0, toIndex(index))
  }
  return builder.finish()
}

/** Shares of BSE have six digits, its indices at most three. */
const SHORTEST_BSE_TOKEN = 5

const CELL = String.raw`\s*<td[^>]*>([^<]*)</td>`
const TABLE_ROW = new RegExp(String.raw`<tr[^>]*>${CELL.repeat(4)}\s*</tr>`, "gi")

/** The table's columns are script, id, name and exchange. */
const readPage = (html: string): ReadonlyArray<Index> =>
  [...html.matchAll(TABLE_ROW)].flatMap(
    ([, , token = "", name = "", exchange = ""]): ReadonlyArray<Index> => {
      const place =
        exchange.trim() === "NSE" ? "NSE_INDEX" : exchange.trim() === "BSE" ? "BSE_INDEX" : undefined
      return place === undefined
        ? []
        : [{ exchange: place, token: token.trim(), name: unescaped(name).trim() }]
    }
  )

const unescaped = (html: string): string => html.replaceAll("&amp;", "&").replaceAll("&nbsp;", " ")

const toIndex = ({ exchange, name, token }: Index): Row => {
  if (!isToken(token)) return rejected(`token "${token}" of index ${name} is no plain number`)
  const symbol = indexSymbol(exchange, name)
  if (symbol === "") return rejected(`the index with token ${token} has no name`)
  const brokerExchange = exchange === "NSE_INDEX" ? "NSE" : "BSE"
  return indexRow({ symbol, exchange, brokerSymbol: name, brokerExchange, token, name })
}

const indexSymbol = indexSymbols({ likeZerodha: true })

const isContract = (kind: string): boolean => kind.startsWith("FUT") || kind.startsWith("OPT")
const isCurrency = (kind: string): boolean => /^(?:FUT|OPT)(?:CUR|IRC)$/.test(kind)

/** Strikes and tick sizes are in rupees, where Angel's are in paise. */
const toRow = rowParser({
  also: ["instrumenttype", "exch_seg"],
  listing: (f) => {
    const kind = f.instrumenttype
    // Currency comes under the stock exchanges. That of BSE has no exchange type on the wire.
    const exchange = isCurrency(kind) ? (f.exch_seg === "NSE" ? "CDS" : undefined) : tradable[f.exch_seg]
    if (exchange === undefined) {
      return skipped(`${isCurrency(kind) ? `${kind} of` : "segment"} ${orNone(f.exch_seg)}`)
    }
    if (isCash(exchange) === isContract(kind)) {
      return skipped(`${orNone(kind, "no instrumenttype")} of ${exchange}`)
    }
    const type = isCash(exchange) ? "EQ" : kind.startsWith("FUT") ? "FUT" : "OPT"
    return listing(exchange, f.exch_seg, type)
  },
  token: "token",
  brokerSymbol: "name",
  name: "symbol",
  lotSize: "lotsize",
  tickSize: "tick_size",
  // `23Oct2025`; with hyphens and as `2025-10-23` it is the same.
  expiry: { columns: "expiry", read: (text) => isoDay(text) ?? namedDay(text) },
  option: { columns: "name", read: optionAtEnd },
  strike: "strike",
  reasons: {
    token: (text) => `token "${text}" is no plain number`,
    option: (text) => `option "${text}" ends in neither CE nor PE`
  }
})

const namedDay = dayIn(/^(?<day>\d{1,2})-?(?<month>[A-Za-z]{3})-?(?<year>\d{4})$/)
