/**
 * Packets that Zerodha captured from its own ticker and published with their decoded values
 * (github.com/zerodha/kiteconnect-mocks). Third-party data, so it is no part of this repository: the tests run
 * where it lies beside it, and say so where it does not.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../../src/brokers/masters/zerodha.ts"
import { DEPTH, decode, instrument, opened, root, sides } from "./support.ts"

const folder = join(root, "../shared/data/kite")
const absent = !existsSync(folder)
const read = (name: string): string => readFileSync(join(folder, name), "utf8")

interface Published {
  readonly instrument_token: number
  readonly last_price: number
  readonly last_quantity: number
  readonly average_price: number
  readonly volume: number
  readonly buy_quantity: number
  readonly sell_quantity: number
  readonly ohlc: Readonly<Record<"open" | "high" | "low" | "close", number>>
  readonly last_trade_time?: string
  readonly timestamp?: string
  readonly oi?: number
  readonly oi_day_high?: number
  readonly oi_day_low?: number
  readonly depth?: unknown
}

/** The published values under our names. `change`, which is published wrongly, has none. */
const expectedOf = (p: Published): object => {
  const values = {
    ltp: p.last_price,
    ltq: p.last_quantity,
    average_price: p.average_price,
    volume: p.volume,
    total_buy_quantity: p.buy_quantity,
    total_sell_quantity: p.sell_quantity,
    ...p.ohlc,
    ltt: p.last_trade_time === undefined ? undefined : Date.parse(p.last_trade_time),
    exchange_time: p.timestamp === undefined ? undefined : Date.parse(p.timestamp),
    oi: p.oi,
    oi_high: p.oi_day_high,
    oi_low: p.oi_day_low,
    depth: p.depth
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

describe("real captures of Kite", () => {
  it.for([
    ["ticker_full", "depth"],
    ["ticker_quote", "quote"]
  ] as const)("%s decodes to the published values", ([name, mode], ctx) => {
    ctx.skip(absent, "the captures are not here")
    const published = JSON.parse(read(`${name}.json`)) as Published
    const packet = Buffer.from(read(`${name}.packet`), "base64")
    const head = Buffer.alloc(4)
    head.writeUInt16BE(1, 0)
    head.writeUInt16BE(packet.length, 2)
    const infy = instrument("NSE", "INFY", String(published.instrument_token))
    const { ticks, causes } = decode(opened(sides.kite, [infy], DEPTH), Buffer.concat([head, packet]))
    assert.deepStrictEqual(causes, [])
    const { symbol, exchange, received_time: _, mode: decoded, ...values } = ticks[0]!
    assert.deepStrictEqual([symbol, exchange, decoded], ["INFY", "NSE", mode])
    assert.deepStrictEqual<object>(values, expectedOf(published))
  })

  it.for(["instruments_all.csv", "instruments_nse.csv"])("%s imports whole", (name, ctx) => {
    ctx.skip(absent, "the captures are not here")
    const text = read(name)
    const { instruments, rejects, skipped } = parse(text)
    assert.deepStrictEqual([rejects, skipped], [[], {}])
    assert.strictEqual(instruments.length, text.trim().split("\n").length - 1)
  })
})
