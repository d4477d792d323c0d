/**
 * The official JavaScript SDKs as a second opinion on the golden frames, wherever they are right. Where they
 * are not, the frame is left to the vectors.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { KiteTicker } from "kiteconnect"
import type { Tick } from "../../../src/market/tick.ts"
import { DEEP, decode, framesOf, opened, sides, vectorsOf, wireInstruments } from "./support.ts"

type Values = Readonly<Record<string, unknown>>

/** Only what both have: zero means absent to us. */
const present = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== 0))
const own = ({ received_time: _r, symbol: _s, exchange: _e, ...rest }: Tick): Values => present(rest)

describe("kiteconnect's parser", () => {
  const vectors = vectorsOf("zerodha")
  const tokens = new Map(vectors.instruments.map((i) => [`${i.exchange}:${i.symbol}`, Number(i.token)]))
  const ticker = new KiteTicker({ api_key: "unused", access_token: "unused" }) as unknown as {
    readonly parseBinary: (frame: ArrayBuffer) => ReadonlyArray<Sdk>
  }
  interface Sdk {
    readonly mode: string
    readonly instrument_token: number
    readonly last_price: number
    readonly last_traded_quantity?: number
    readonly average_traded_price?: number
    readonly volume_traded?: number
    readonly total_buy_quantity?: number
    readonly total_sell_quantity?: number
    readonly ohlc?: Readonly<Record<"open" | "high" | "low" | "close", number>>
    readonly last_trade_time?: Date | null
    readonly exchange_timestamp?: Date | null
    readonly oi?: number
    readonly oi_day_high?: number
    readonly oi_day_low?: number
    readonly depth?: Values
  }
  const renamed = (t: Sdk): Values =>
    present({
      mode: t.depth !== undefined ? "depth" : t.ohlc !== undefined ? "quote" : "ltp",
      ltp: t.last_price,
      ltq: t.last_traded_quantity,
      average_price: t.average_traded_price,
      volume: t.volume_traded,
      total_buy_quantity: t.total_buy_quantity,
      total_sell_quantity: t.total_sell_quantity,
      ...t.ohlc,
      ltt: t.last_trade_time?.getTime(),
      exchange_time: t.exchange_timestamp?.getTime(),
      oi: t.oi,
      oi_high: t.oi_day_high,
      oi_low: t.oi_day_low,
      depth: t.depth
    })
  /** Its shift by 24 bits makes large numbers negative, and it reads on past the end of a frame that is cut. */
  const trusted = (t: Sdk): boolean =>
    Object.values(renamed(t)).every((v) => typeof v !== "number" || v >= 0) &&
    !/"quantity":-/.test(JSON.stringify(t.depth ?? {}))

  it("agrees on every frame that it reads right", () => {
    let compared = 0
    for (const frame of framesOf(vectors)) {
      const found = decode(opened(sides.kite, wireInstruments(vectors)), frame)
      if (frame.length < 4 || found.causes.includes("truncated")) continue
      const known = new Set(tokens.values())
      const theirs = ticker
        .parseBinary(new Uint8Array(frame).buffer)
        .filter((t) => known.has(t.instrument_token))
      assert.deepStrictEqual(
        found.ticks.map((t) => tokens.get(`${t.exchange}:${t.symbol}`)),
        theirs.map((t) => t.instrument_token)
      )
      for (const [i, sdk] of theirs.entries()) {
        if (!trusted(sdk)) continue
        assert.deepStrictEqual(own(found.ticks[i]!), renamed(sdk))
        compared++
      }
    }
    assert.isAbove(compared, 50)
  })
})

describe("smartapi-javascript's parser", () => {
  const vectors = vectorsOf("angel")
  type Sdk = Readonly<Record<string, string>> & { readonly [side: string]: unknown }

  /** The SDK keeps its parser to itself, so its file is evaluated with one more line at the end. */
  const parser = (): ((frame: Buffer) => Sdk) => {
    const require = createRequire(import.meta.url)
    const path = require.resolve("smartapi-javascript/lib/websocket2.0.js")
    const module = { exports: {} as unknown }
    const source = `${readFileSync(path, "utf8")}\nmodule.exports = setResponse`
    // oxlint-disable-next-line no-new-func -- the code is the installed package's own
    new Function("require", "module", source)(createRequire(path), module)
    return module.exports as (frame: Buffer) => Sdk
  }

  it("agrees on every frame that it reads right", () => {
    const parse = parser()
    let compared = 0
    for (const frame of framesOf(vectors)) {
      const [tick] = decode(opened(sides.smartstream, wireInstruments(vectors), DEEP), frame).ticks
      if (tick === undefined) continue
      const sdk = parse(frame)
      const divisor = frame[1] === 13 ? 10_000_000 : 100
      const price = (key: string): number | undefined =>
        sdk[key] === undefined ? undefined : Number(sdk[key]) / divisor
      const count = (key: string): number | undefined =>
        sdk[key] === undefined ? undefined : Number(sdk[key])
      // The SDK reads four of the price's eight bytes in LTP mode.
      if (Number(sdk["last_traded_price"]) < 0) continue
      const side = (key: string): ReadonlyArray<Values> | undefined =>
        (sdk[key] as ReadonlyArray<Readonly<Record<string, string>>> | undefined)?.map((level) => ({
          price: Number(level["price"]) / divisor,
          quantity: Number(level["quantity"]),
          // And it reads orders as signed.
          orders: Number(level["no_of_orders"]) & 0xffff
        }))
      const buy = side("best_5_buy_data") ?? side("depth_twenty_buy_data")
      const sell = side("best_5_sell_data") ?? side("depth_twenty_sell_data")
      const ltt = count("last_traded_timestamp")
      assert.deepStrictEqual(
        own(tick),
        present({
          mode: tick.mode,
          exchange_time: count("exchange_timestamp"),
          ltt: ltt === undefined ? undefined : ltt * 1000,
          ltp: price("last_traded_price"),
          ltq: count("last_traded_quantity"),
          average_price: price("avg_traded_price"),
          volume: count("vol_traded"),
          total_buy_quantity: count("total_buy_quantity"),
          total_sell_quantity: count("total_sell_quantity"),
          open: price("open_price_day"),
          high: price("high_price_day"),
          low: price("low_price_day"),
          close: price("close_price"),
          oi: count("open_interest"),
          upper_circuit: price("upper_circuit"),
          lower_circuit: price("lower_circuit"),
          week52_high: price("fiftytwo_week_high"),
          week52_low: price("fiftytwo_week_low"),
          depth: buy === undefined ? undefined : { buy, sell }
        })
      )
      compared++
    }
    assert.isAbove(compared, 40)
  })
})
