/** Dhan's full packet. Its prices are floats in rupees, and right only once their noise is rounded away. */
import type { Level } from "../../../src/market/tick.ts"
import { IST_SECONDS } from "../../../src/protocols/dhan/layout.ts"
import type { Packet } from "../feeds.ts"
import { RECEIVED_AT } from "../ticks.ts"
import type { MinimalRead, Prepared } from "./read.ts"
import { viewOf } from "./read.ts"

const price = (v: DataView, at: number, scale: number): number =>
  Math.round(v.getFloat32(at, true) * scale) / scale

export const dhanFull: MinimalRead<Prepared> = {
  // Currency has four decimals.
  prepare: ({ frame, instrument: { exchange } }: Packet) => ({
    view: viewOf(frame),
    divisor: exchange === "CDS" || exchange === "BCD" ? 10_000 : 100
  }),
  read: ({ divisor: scale, view: v }) => ({
    token: v.getUint32(4, true),
    mode: "depth",
    received_time: RECEIVED_AT,
    ltp: price(v, 8, scale),
    ltq: v.getUint16(12, true),
    ltt: (v.getUint32(14, true) - IST_SECONDS) * 1000,
    average_price: price(v, 18, scale),
    volume: v.getUint32(22, true),
    total_sell_quantity: v.getUint32(26, true),
    total_buy_quantity: v.getUint32(30, true),
    oi: v.getUint32(34, true),
    oi_high: v.getUint32(38, true),
    oi_low: v.getUint32(42, true),
    open: price(v, 46, scale),
    close: price(v, 50, scale),
    high: price(v, 54, scale),
    low: price(v, 58, scale),
    depth: {
      buy: [bid(v, 62, scale), bid(v, 82, scale), bid(v, 102, scale), bid(v, 122, scale), bid(v, 142, scale)],
      sell: [ask(v, 62, scale), ask(v, 82, scale), ask(v, 102, scale), ask(v, 122, scale), ask(v, 142, scale)]
    }
  })
}

const bid = (v: DataView, at: number, scale: number): Level => ({
  price: price(v, at + 12, scale),
  quantity: v.getUint32(at, true),
  orders: v.getUint16(at + 8, true)
})

const ask = (v: DataView, at: number, scale: number): Level => ({
  price: price(v, at + 16, scale),
  quantity: v.getUint32(at + 4, true),
  orders: v.getUint16(at + 10, true)
})
