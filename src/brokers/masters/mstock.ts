/**
 * m.Stock's instrument master of type B: one JSON array of all exchanges, behind the login, and the page of the
 * documentation that lists the tokens of indices ("Annexure"). Without that page the best known indices of NSE are still
 * there, and those of BSE are told by their short tokens.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { isToken, isoDate, monthOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"

/** `symbol` is the underlying or the company's base name, `name` the whole symbol: the other way round than Angel's. */
const keys = [
  "token",
  "symbol",
  "name",
  "expiry",
  "strike",
  "lotsize",
  "instrumenttype",
  "exch_seg",
  "tick_size"
] as const
type Fields = Readonly<Record<(typeof keys)[number], string>>

const tradable: Readonly<Record<string, Exchange>> = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  MCX: "MCX"
}

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
    { title: "m.Stock's instrument master", text: master.text, keys, remedy: REMEDY },
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
  return carried({
    symbol,
    exchange,
    brokerSymbol: name,
    brokerExchange,
    token,
    name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

const indexSymbol = (exchange: Index["exchange"], name: string): string => {
  const upper = name.toUpperCase()
  const plain = upper.replaceAll(" ", "")
  if (exchange === "NSE_INDEX") return nseIndices[plain] ?? plain
  return zerodhaBseIndices[upper] ?? bseIndices[plain] ?? plain
}

const isContract = (kind: string): boolean => kind.startsWith("FUT") || kind.startsWith("OPT")
const isCurrency = (kind: string): boolean => /^(?:FUT|OPT)(?:CUR|IRC)$/.test(kind)

const toRow = (f: Fields): Row => {
  const kind = f.instrumenttype
  // Currency comes under the stock exchanges. That of BSE has no exchange type on the wire.
  const exchange = isCurrency(kind) ? (f.exch_seg === "NSE" ? "CDS" : undefined) : tradable[f.exch_seg]
  if (exchange === undefined) {
    const segment = f.exch_seg === "" ? "(none)" : f.exch_seg
    return skipped(isCurrency(kind) ? `${kind} of ${segment}` : `segment ${segment}`)
  }
  const isCash = exchange === "NSE" || exchange === "BSE"
  if (isCash === isContract(kind))
    return skipped(`${kind === "" ? "(no instrumenttype)" : kind} of ${exchange}`)
  if (!isToken(f.token)) return rejected(`token "${f.token}" is no plain number`)
  if (f.name === "") return rejected("name is empty")
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const lotSize = numberOf(f.lotsize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lotsize "${f.lotsize}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.name,
    brokerExchange: f.exch_seg,
    token: f.token,
    name: f.symbol,
    lotSize,
    tickSize
  }
  if (isCash) return cash({ ...base, ...nameInSeries(exchange, f.name) })
  if (f.symbol === "") return rejected("symbol is empty")
  const expiry = readExpiry(f.expiry)
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  if (kind.startsWith("FUT")) return contract(base, "FUT", expiry, undefined)
  const type = f.name.endsWith("CE") ? "CE" : f.name.endsWith("PE") ? "PE" : undefined
  if (type === undefined) return rejected(`option "${f.name}" ends in neither CE nor PE`)
  // In rupees, where Angel's are in paise.
  const strike = numberOf(f.strike)
  if (strike === undefined || strike <= 0) return rejected(`strike "${f.strike}" is no price`)
  return contract(base, type, expiry, strike)
}

/** `23Oct2025`; with hyphens and as `2025-10-23` it is the same. */
const readExpiry = (text: string): string | undefined => {
  const named = /^(\d{1,2})-?([A-Za-z]{3})-?(\d{4})$/.exec(text)
  if (named !== null) return isoDate(Number(named[3]), monthOf(named[2]!), Number(named[1]))
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  return iso === null ? undefined : isoDate(Number(iso[1]), Number(iso[2]), Number(iso[3]))
}
