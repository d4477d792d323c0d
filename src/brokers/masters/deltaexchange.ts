/**
 * Delta Exchange India's products: JSON, in pages. The wire knows a product by its symbol.
 * Source: Delta Exchange's API documentation ("Get list of products").
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { isObject, parseObject } from "../../protocols/kit/text.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { beginning, isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { carried, rejected, skipped } from "./kit/row.ts"

type Product = Readonly<Record<string, unknown>>

const REMEDY = "Fetch https://api.india.delta.exchange/v2/products again, all its pages."

/** @throws MalformedMaster */
export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const builder = new MasterBuilder()
  let row = 0
  if (files.length === 0)
    throw new MalformedMaster(`Delta Exchange's list of products has no page. ${REMEDY}`)
  for (const { name, text } of files) {
    const products = parseObject(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)?.["result"]
    if (!Array.isArray(products)) {
      throw new MalformedMaster(
        `${name} is no page of Delta Exchange's products: it begins with ${beginning(text)}. ${REMEDY}`
      )
    }
    for (const product of products as ReadonlyArray<unknown>) {
      builder.add(++row, isObject(product) ? toRow(product) : rejected("the entry is no object"))
    }
  }
  return builder.finish()
}

/** A text; numbers are taken for theirs. */
const textIn = (object: Product, key: string): string => {
  const value = object[key]
  return typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : ""
}

const toRow = (product: Product): Row => {
  const status = textIn(product, "trading_status")
  if (status !== "operational") return skipped(`trading_status ${status === "" ? "(none)" : status}`)
  const state = textIn(product, "state")
  if (state !== "" && state !== "live") return skipped(`state ${state}`)
  const token = textIn(product, "id")
  if (!isToken(token)) return rejected(`id "${token}" is no number`)
  const symbol = textIn(product, "symbol")
  if (symbol === "") return rejected("symbol is empty")
  const tickSize = numberOf(textIn(product, "tick_size"))
  if (tickSize === undefined || tickSize < 0)
    return rejected(`tick_size "${textIn(product, "tick_size")}" is no size`)
  // What one contract is of the underlying; sizes on the wire count contracts.
  const lotSize = numberOf(textIn(product, "contract_value"))
  if (lotSize === undefined || lotSize <= 0) {
    return rejected(`contract_value "${textIn(product, "contract_value")}" is no size`)
  }
  const { underlying_asset } = product
  const underlying = isObject(underlying_asset) ? textIn(underlying_asset, "symbol") : ""
  const base = {
    exchange: "CRYPTO",
    brokerSymbol: symbol,
    brokerExchange: "DELTAIN",
    token,
    name: underlying,
    lotSize,
    tickSize
  } as const
  const expiry = readExpiry(textIn(product, "settlement_time"))
  switch (textIn(product, "contract_type")) {
    case "perpetual_futures":
      return carried({ ...base, symbol: `${symbol}FUT`, type: "FUT" })
    case "spot":
      return carried({ ...base, symbol: symbol.replaceAll("_", ""), type: "EQ" })
    case "futures":
      return expiry === undefined || underlying === ""
        ? rejected("a future without a settlement_time or an underlying")
        : contract(base, "FUT", expiry, undefined)
    case "call_options":
    case "put_options": {
      const strike = numberOf(textIn(product, "strike_price"))
      if (expiry === undefined || underlying === "") {
        return rejected("an option without a settlement_time or an underlying")
      }
      if (strike === undefined || strike <= 0) {
        return rejected(`strike_price "${textIn(product, "strike_price")}" is no price`)
      }
      return contract(base, textIn(product, "contract_type") === "call_options" ? "CE" : "PE", expiry, strike)
    }
    default:
      // Moves, spreads, swaps and combinations are neither futures nor options of one underlying.
      return skipped(textIn(product, "contract_type") || "(no contract_type)")
  }
}

/** `2025-02-28T12:00:00Z`, in UTC. */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{4})-(\d{2})-(\d{2})T/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
