/**
 * Tradejini's instrument master: a CSV per group of the symbol store. An instrument's id says what it is, whatever the
 * group: `EQT_RELIANCE_EQ_NSE`, `FUTIDX_BANKNIFTY_NFO_2026-08-25`, `OPTIDX_NIFTY_NFO_2026-08-28_24500_CE`,
 * `IDX_-1_NSE`.
 * Source: Tradejini's API documentation ("Scrip groups", "Symbol store") and its SDKs.
 */
import type { Exchange } from "../../market/exchange.ts"
import { isExchange } from "../../market/exchange.ts"
import type { MasterParser } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { dateOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const columns = ["id", "excToken", "dispName", "lot", "tick", "symbol", "desc"] as const
const optional = ["dispName", "lot", "tick", "symbol", "desc"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const contracts: ReadonlySet<string> = new Set(["NFO", "BFO", "CDS", "BCD", "MCX", "NCO"])
const indices: Readonly<Record<string, Exchange>> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX" }

const REMEDY = "Fetch the groups of the symbol store again; files of your own need the same columns."

export const parse: MasterParser = (files) => {
  const builder = new MasterBuilder()
  if (files.length === 0) throw new MalformedMaster(`There is no file. ${REMEDY}`)
  for (const { name, text } of files) {
    builder.file(name)
    addCsvRows({ title: `Tradejini's file ${name}`, text, columns, optional, remedy: REMEDY }, builder, toRow)
  }
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const parts = f.id.split("_")
  const kind = parts[0]!
  if (!/^-?[1-9]\d{0,9}$/.test(f.excToken)) return rejected(`excToken "${f.excToken}" is no token`)
  if (kind === "IDX") return toIndex(f, parts)
  if (kind === "EQT") return toShare(f, parts)
  if (/^(?:FUT|OPT)[A-Z]{3}$/.test(kind)) return toContract(f, parts)
  return skipped(kind === "" ? "(no id)" : kind)
}

/** What trades: lot and tick are numbers then. */
const sizes = ({ lot, tick }: Fields): { readonly lotSize: number; readonly tickSize: number } | string => {
  const lotSize = numberOf(lot)
  if (lotSize === undefined || lotSize <= 0) return `lot "${lot}" is no size`
  const tickSize = numberOf(tick)
  return tickSize === undefined || tickSize < 0 ? `tick "${tick}" is no size` : { lotSize, tickSize }
}

/** `EQT_RELIANCE_EQ_NSE`: symbol, series or group, exchange. */
const toShare = (f: Fields, parts: ReadonlyArray<string>): Row => {
  if (parts.length < 4) return rejected(`id "${f.id}" is none of a share`)
  const exchange = parts.at(-1)!
  if (exchange !== "NSE" && exchange !== "BSE") return skipped(`exchange ${exchange}`)
  const size = sizes(f)
  if (typeof size === "string") return rejected(size)
  const series = parts.at(-2)!
  const name = parts.slice(1, -2).join("_")
  if (name === "") return rejected(`id "${f.id}" has no symbol`)
  return cash({
    root: name,
    series,
    exchange,
    brokerSymbol: f.id,
    brokerExchange: exchange,
    token: f.excToken,
    name: f.desc === "" ? name : f.desc,
    ...size
  })
}

/** `FUTIDX_BANKNIFTY_NFO_2026-08-25`, and for options strike and type behind it. */
const toContract = (f: Fields, parts: ReadonlyArray<string>): Row => {
  const isOption = parts[0]!.startsWith("OPT")
  const tail = isOption ? 4 : 2
  if (parts.length < 2 + tail) return rejected(`id "${f.id}" is none of a contract`)
  const [exchange, day, price, type] = parts.slice(-tail) as [string, string, string?, string?]
  if (!contracts.has(exchange) || !isExchange(exchange)) return skipped(`exchange ${exchange}`)
  const size = sizes(f)
  if (typeof size === "string") return rejected(size)
  const name = parts.slice(1, -tail).join("_")
  if (name === "") return rejected(`id "${f.id}" has no underlying`)
  const expiry = dateOf(day)
  if (expiry === undefined) return rejected(`id "${f.id}" has no expiry date`)
  const base = { exchange, brokerSymbol: f.id, brokerExchange: exchange, token: f.excToken, name, ...size }
  if (!isOption) return contract(base, "FUT", expiry, undefined)
  const strike = numberOf(price ?? "")
  if (strike === undefined || strike <= 0) return rejected(`id "${f.id}" has no strike`)
  return type === "CE" || type === "PE"
    ? contract(base, type, expiry, strike)
    : rejected(`id "${f.id}" is neither a call nor a put`)
}

/** `IDX_-1_NSE` with the name beside it, or `IDX_NIFTY_NSE`. */
const toIndex = (f: Fields, parts: ReadonlyArray<string>): Row => {
  const exchangeName = parts.at(-1)!
  const exchange = indices[exchangeName]
  if (exchange === undefined) return skipped(`index of ${exchangeName}`)
  const middle = parts.slice(1, -1).join("_")
  const name = f.symbol !== "" ? f.symbol : /^-?\d*$/.test(middle) ? f.dispName : middle
  const plain = name.toUpperCase().replaceAll(" ", "")
  if (plain === "") return rejected(`id "${f.id}" has no name`)
  return carried({
    symbol: (exchange === "NSE_INDEX" ? nseIndices : bseIndices)[plain] ?? plain,
    exchange,
    brokerSymbol: f.id,
    brokerExchange: exchangeName,
    token: f.excToken,
    name: f.dispName === "" ? name : f.dispName,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}
