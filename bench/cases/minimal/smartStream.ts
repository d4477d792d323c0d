/** Smart Stream's packets. 64-bit numbers are read as two halves, which costs less than a BigInt. */
import type { Level } from "../../../src/market/tick.ts"
import { RECEIVED_AT } from "../ticks.ts"
import type { MinimalRead, Prepared } from "./read.ts"
import { prepare } from "./read.ts"

const i64 = (v: DataView, at: number): number =>
  v.getInt32(at + 4, true) * 4_294_967_296 + v.getUint32(at, true)

/** ASCII digits up to a NUL. */
const tokenOf = (v: DataView): number => {
  let token = 0
  for (let at = 2; at < 27; at++) {
    const byte = v.getUint8(at)
    if (byte === 0) break
    token = token * 10 + byte - 48
  }
  return token
}

export const smartStreamLtp: MinimalRead<Prepared> = {
  prepare,
  read: ({ divisor, view: v }) => ({
    token: tokenOf(v),
    mode: "ltp",
    received_time: RECEIVED_AT,
    exchange_time: i64(v, 35),
    ltp: i64(v, 43) / divisor
  })
}

export const smartStreamSnapQuote: MinimalRead<Prepared> = {
  prepare,
  read: ({ divisor, view: v }) => ({
    token: tokenOf(v),
    mode: "depth",
    received_time: RECEIVED_AT,
    exchange_time: i64(v, 35),
    ltp: i64(v, 43) / divisor,
    ltq: i64(v, 51),
    average_price: i64(v, 59) / divisor,
    volume: i64(v, 67),
    total_buy_quantity: v.getFloat64(75, true),
    total_sell_quantity: v.getFloat64(83, true),
    open: i64(v, 91) / divisor,
    high: i64(v, 99) / divisor,
    low: i64(v, 107) / divisor,
    close: i64(v, 115) / divisor,
    ltt: i64(v, 123) * 1000,
    oi: i64(v, 131),
    depth: { buy: side(v, 147, divisor), sell: side(v, 247, divisor) },
    upper_circuit: i64(v, 347) / divisor,
    lower_circuit: i64(v, 355) / divisor,
    week52_high: i64(v, 363) / divisor,
    week52_low: i64(v, 371) / divisor
  })
}

const side = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => [
  level(v, at, divisor),
  level(v, at + 20, divisor),
  level(v, at + 40, divisor),
  level(v, at + 60, divisor),
  level(v, at + 80, divisor)
]

const level = (v: DataView, at: number, divisor: number): Level => ({
  price: i64(v, at + 10) / divisor,
  quantity: i64(v, at + 2),
  orders: v.getUint16(at + 18, true)
})
