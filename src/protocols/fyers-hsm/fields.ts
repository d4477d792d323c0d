/**
 * The numbers of the values in Fyers' topics. The server tells them in its answer to the login; the fixed lists here
 * are the ones that the Python and Go SDKs go by.
 */
import type { BookFields, Fields, IndexFields, QuoteFields, SideFields } from "../hsm/fields.ts"
import { NO_SLOT, slot } from "../hsm/fields.ts"
import { isObject, parseObject } from "../kit/text.ts"

/** Names of the values, in their order on the wire. */
export interface Names {
  readonly scrip: ReadonlyArray<string>
  readonly index: ReadonlyArray<string>
  readonly depth: ReadonlyArray<string>
  /** Values of a lite update. */
  readonly scripLite: number
  readonly indexLite: number
}

const words = (text: string): ReadonlyArray<string> => text.split(" ")

export const NAMES: Names = {
  scrip: words("ltp v ltt fdtm bq bs bp sp ltq tbq tsq ap oi lo h yh yl lcl ucl op c"),
  index: words("iv ic tvalue highPrice lowPrice openingPrice"),
  depth: words(
    "bp bp1 bp2 bp3 bp4 sp sp1 sp2 sp3 sp4 bq bq1 bq2 bq3 bq4 bs bs1 bs2 bs3 bs4 " +
      "bno1 bno2 bno3 bno4 bno5 sno1 sno2 sno3 sno4 sno5"
  ),
  scripLite: 1,
  indexLite: 1
}

export const fieldsOf = (names: Names): Fields => ({
  sf: quoteFields(names.scrip),
  if: indexFields(names.index),
  dp: bookFields(names.depth),
  count: { sf: names.scrip.length, if: names.index.length, dp: names.depth.length },
  lite: { sf: names.scripLite, if: names.indexLite, dp: 0 }
})

const finder = (names: ReadonlyArray<string>) => {
  const slots = new Map(names.map((name, number) => [name, slot(number)]))
  return (name: string): number => slots.get(name) ?? NO_SLOT
}

/** A snapshot tells the scale beside the values. */
const unscaled = { multiplier: NO_SLOT, precision: NO_SLOT } as const

const quoteFields = (names: ReadonlyArray<string>): QuoteFields => {
  const of = finder(names)
  return {
    ...unscaled,
    epoch: 0,
    ltp: of("ltp"),
    ltq: of("ltq"),
    ltt: of("ltt"),
    exchangeTime: of("fdtm"),
    open: of("op"),
    high: of("h"),
    low: of("lo"),
    close: of("c"),
    volume: of("v"),
    average: of("ap"),
    totalBuy: of("tbq"),
    totalSell: of("tsq"),
    // The SDKs withhold open interest, circuits and the year's range from their callers: how far they can be relied
    // on is UNCONFIRMED.
    oi: of("oi"),
    upperCircuit: of("ucl"),
    lowerCircuit: of("lcl"),
    week52High: of("yh"),
    week52Low: of("yl"),
    bid: of("bp"),
    ask: of("sp"),
    bidQuantity: of("bq"),
    askQuantity: of("bs")
  }
}

const indexFields = (names: ReadonlyArray<string>): IndexFields => {
  const of = finder(names)
  return {
    ...unscaled,
    epoch: 0,
    ltp: of("iv"),
    exchangeTime: of("tvalue"),
    open: of("openingPrice"),
    high: of("highPrice"),
    low: of("lowPrice"),
    close: of("ic")
  }
}

const bookFields = (names: ReadonlyArray<string>): BookFields => {
  const of = finder(names)
  /** `bp bp1 bp2 bp3 bp4`, but `bno1` to `bno5`. */
  const levels = (name: string): ReadonlyArray<number> =>
    [name, `${name}1`, `${name}2`, `${name}3`, `${name}4`].map(of)
  const orders = (name: string): ReadonlyArray<number> => [1, 2, 3, 4, 5].map((n) => of(`${name}${n}`))
  const side = (price: string, quantity: string, count: string): SideFields => ({
    price: levels(price),
    quantity: levels(quantity),
    orders: orders(count)
  })
  return { ...unscaled, buy: side("bp", "bq", "bno"), sell: side("sp", "bs", "sno"), dropEmpty: false }
}

/** The number of values in a record has one byte. */
const MAX_VALUES = 255

/**
 * The names that the server tells: `fields` with the name (`fld`) of each id (`fid`), and lists of ids in the order of
 * the values. Undefined where the text is something else.
 */
export const readMapping = (text: string): Names | undefined => {
  const mapping = parseObject(text)
  if (mapping === undefined || !Array.isArray(mapping["fields"])) return undefined
  const nameOf = new Map<unknown, string>()
  for (const field of mapping["fields"] as ReadonlyArray<unknown>) {
    if (isObject(field) && typeof field["fld"] === "string") nameOf.set(field["fid"], field["fld"])
  }
  const scrip = listOf(mapping["scrip"], nameOf)
  const index = listOf(mapping["index"], nameOf)
  const depth = listOf(mapping["depth"], nameOf)
  if (scrip === undefined || index === undefined || depth === undefined) return undefined
  const scripLite = liteOf(mapping["scrip_lite"], scrip.length)
  const indexLite = liteOf(mapping["index_lite"], index.length)
  return { scrip, index, depth, scripLite, indexLite }
}

const listOf = (ids: unknown, nameOf: ReadonlyMap<unknown, string>): ReadonlyArray<string> | undefined => {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_VALUES) return undefined
  return ids.map((id) => nameOf.get(id) ?? "")
}

const liteOf = (lite: unknown, most: number): number => {
  const count = isObject(lite) ? lite["hfid"] : undefined
  return typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= most ? count : 1
}

/** Ids that the JavaScript SDK knows by heart; those of the other fields are not documented. */
const IDS: Readonly<Record<string, string>> = {
  "scrip v": "s104",
  "scrip ltp": "s105",
  "scrip ap": "s113",
  "scrip c": "s121",
  "index iv": "i102",
  "index ic": "i103"
}

/** What the SDK computes by itself, and looks up here nevertheless. */
const COMPUTED = { f101: "cng", f102: "nc", f103: "to", f104: "cng", f105: "nc" }

/** The same, as the server tells it. */
export const writeMapping = (names: Names): string => {
  const fields: Array<unknown> = Object.entries(COMPUTED).map(([fid, fld]) => describe(fid, fld))
  const ids = (list: "scrip" | "index" | "depth"): ReadonlyArray<string> =>
    names[list].map((fld, number) => {
      const fid = IDS[`${list} ${fld}`] ?? `${list[0]}${200 + number}`
      fields.push(describe(fid, fld))
      return fid
    })
  return JSON.stringify({
    scrip: ids("scrip"),
    index: ids("index"),
    depth: ids("depth"),
    scrip_lite: { hfid: names.scripLite },
    index_lite: { hfid: names.indexLite },
    fields
  })
}

const describe = (fid: string, fld: string) => ({ fid, fld, dataType: typeOf(fld), details: "" })

const typeOf = (name: string): string => {
  if (/^(ltt|fdtm|tvalue)$/.test(name)) return "timestamp"
  return /^(v|oi|ltq|tbq|tsq|[bs]no\d|b[qs]\d?)$/.test(name) ? "Number" : "ConvNumber"
}
