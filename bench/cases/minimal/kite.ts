/** Kite's packets; the frame has two bytes of count and two of length before. */
import type { Level } from "../../../src/market/tick.ts"
import { RECEIVED_AT } from "../ticks.ts"
import type { MinimalRead, Prepared } from "./read.ts"
import { prepare } from "./read.ts"

export const kiteLtp: MinimalRead<Prepared> = {
  prepare,
  read: ({ divisor, view: v }) => ({
    token: v.getUint32(4),
    mode: "ltp",
    received_time: RECEIVED_AT,
    ltp: v.getInt32(8) / divisor
  })
}

export const kiteFull: MinimalRead<Prepared> = {
  prepare,
  read: ({ divisor, view: v }) => ({
    token: v.getUint32(4),
    mode: "depth",
    received_time: RECEIVED_AT,
    ltp: v.getInt32(8) / divisor,
    ltq: v.getUint32(12),
    average_price: v.getInt32(16) / divisor,
    volume: v.getUint32(20),
    total_buy_quantity: v.getUint32(24),
    total_sell_quantity: v.getUint32(28),
    open: v.getInt32(32) / divisor,
    high: v.getInt32(36) / divisor,
    low: v.getInt32(40) / divisor,
    close: v.getInt32(44) / divisor,
    ltt: v.getUint32(48) * 1000,
    oi: v.getUint32(52),
    oi_high: v.getUint32(56),
    oi_low: v.getUint32(60),
    exchange_time: v.getUint32(64) * 1000,
    depth: { buy: side(v, 68, divisor), sell: side(v, 128, divisor) }
  })
}

const side = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => [
  level(v, at, divisor),
  level(v, at + 12, divisor),
  level(v, at + 24, divisor),
  level(v, at + 36, divisor),
  level(v, at + 48, divisor)
]

const level = (v: DataView, at: number, divisor: number): Level => ({
  price: v.getInt32(at + 4) / divisor,
  quantity: v.getUint32(at),
  orders: v.getUint16(at + 8)
})
