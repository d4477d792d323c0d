/** The brokers' official JavaScript SDKs: their own parsers, on bytes. Peers for comparison, no part of the product. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { compileFunction } from "node:vm"
import type { Expected } from "./feeds.ts"

const require = createRequire(import.meta.url)

export interface Sdk {
  readonly name: string
  /** Turns a frame into what the SDK's socket hands to its parser. Not timed. */
  readonly prepare: (frame: Buffer) => unknown
  readonly parse: (prepared: unknown) => unknown
  /**
   * The ticks of a parsed frame under our names, for comparison. Not timed. An SDK whose values have the wire's
   * scale takes the divisor.
   */
  readonly read: (parsed: unknown, divisor: number) => ReadonlyArray<Expected>
  /** What the SDK makes of right values, where it is known to be wrong. */
  readonly misreads?: (right: Expected) => Expected
}

interface KiteTick {
  readonly instrument_token: number
  readonly last_price: number
  readonly last_traded_quantity?: number
  readonly average_traded_price?: number
  readonly volume_traded?: number
  readonly total_buy_quantity?: number
  readonly total_sell_quantity?: number
  readonly ohlc?: {
    readonly open: number
    readonly high: number
    readonly low: number
    readonly close: number
  }
  readonly last_trade_time?: Date | null
  readonly exchange_timestamp?: Date | null
  readonly oi?: number
  readonly oi_day_high?: number
  readonly oi_day_low?: number
  readonly depth?: unknown
}

const quantities: ReadonlySet<string> = new Set([
  "ltq",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity",
  "oi",
  "oi_high",
  "oi_low"
])

/** `KiteTicker.parseBinary` of kiteconnect, which takes an ArrayBuffer. */
export const kiteconnect = (): Sdk => {
  const { KiteTicker } = require("kiteconnect") as {
    readonly KiteTicker: new (options: object) => {
      readonly parseBinary: (frame: unknown) => ReadonlyArray<KiteTick>
    }
  }
  const ticker = new KiteTicker({ api_key: "bench", access_token: "bench" })
  return {
    name: "kiteconnect",
    prepare: (frame) => new Uint8Array(frame).buffer,
    parse: (frame) => ticker.parseBinary(frame),
    read: (parsed) =>
      (parsed as ReadonlyArray<KiteTick>).map((t) => ({
        token: String(t.instrument_token),
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
      })),
    // Its shifts are those of signed 32-bit integers: quantities from 2^31 on come out negative.
    misreads: (right) =>
      Object.fromEntries(
        Object.entries(right).map(([field, value]) => [
          field,
          quantities.has(field) && typeof value === "number" ? value | 0 : value
        ])
      )
  }
}

type Raw = Readonly<Record<string, string>>

/** All numbers come out as texts of whole numbers. */
interface SmartStreamTick {
  readonly [field: string]: string | ReadonlyArray<Raw> | undefined
}

const sideOf = (levels: unknown, divisor: number): ReadonlyArray<Expected> =>
  (levels as ReadonlyArray<Raw>).map((level) => ({
    price: Number(level["price"]) / divisor,
    quantity: Number(level["quantity"]),
    orders: Number(level["no_of_orders"])
  }))

const bookOf = (t: SmartStreamTick, divisor: number): Expected | undefined => {
  const buy = t["best_5_buy_data"] ?? t["depth_twenty_buy_data"]
  const sell = t["best_5_sell_data"] ?? t["depth_twenty_sell_data"]
  return buy === undefined ? undefined : { buy: sideOf(buy, divisor), sell: sideOf(sell, divisor) }
}

/**
 * `setResponse` of smartapi-javascript's websocket2.0.js, which its socket calls with every message. The module
 * does not export it; its source is run as it is, with one more line that returns it.
 */
export const smartapi = (): Sdk => {
  const file = require.resolve("smartapi-javascript/lib/websocket2.0.js")
  const source = `${readFileSync(file, "utf8")}\nreturn setResponse`
  const load = compileFunction(source, ["require", "module"], { filename: file })
  const setResponse = load(createRequire(file), { exports: {} }) as (
    frame: Buffer,
    raw: Buffer
  ) => SmartStreamTick
  return {
    name: "smartapi-javascript",
    prepare: (frame) => frame,
    parse: (frame) => setResponse(frame as Buffer, frame as Buffer),
    read: (parsed, divisor) => {
      const t = parsed as SmartStreamTick
      const whole = (field: string): number | undefined =>
        t[field] === undefined ? undefined : Number(t[field])
      const price = (field: string): number | undefined => {
        const value = whole(field)
        return value === undefined ? undefined : value / divisor
      }
      const seconds = whole("last_traded_timestamp")
      return [
        {
          // Comes as a JSON text, quotation marks included.
          token: JSON.parse(String(t["token"])) as string,
          exchange_time: whole("exchange_timestamp"),
          ltp: price("last_traded_price"),
          ltq: whole("last_traded_quantity"),
          average_price: price("avg_traded_price"),
          volume: whole("vol_traded"),
          total_buy_quantity: whole("total_buy_quantity"),
          total_sell_quantity: whole("total_sell_quantity"),
          open: price("open_price_day"),
          high: price("high_price_day"),
          low: price("low_price_day"),
          close: price("close_price"),
          ltt: seconds === undefined ? undefined : seconds * 1000,
          oi: whole("open_interest"),
          upper_circuit: price("upper_circuit"),
          lower_circuit: price("lower_circuit"),
          week52_high: price("fiftytwo_week_high"),
          week52_low: price("fiftytwo_week_low"),
          depth: bookOf(t, divisor)
        }
      ]
    }
  }
}
