/** Market states to Kite packets. Fields that a state does not have go out as zeros, as the real server sends them. */
import type { Mode } from "../../market/mode.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { putI32be, putU16be, putU32be } from "../bytes.ts"
import {
  BUY_AT,
  FULL_SIZE,
  INDEX_FULL_SIZE,
  INDEX_QUOTE_SIZE,
  INDEX_SEGMENT,
  LEVELS,
  LEVEL_SIZE,
  LTP_SIZE,
  QUOTE_SIZE,
  SELL_AT
} from "./layout.ts"

const isIndex = (token: number): boolean => (token & 0xff) === INDEX_SEGMENT

/** The length of the packet that tells an instrument's state in a mode. */
export const packetSize = (token: number, mode: Mode): number => {
  if (mode === "ltp") return LTP_SIZE
  if (mode === "quote") return isIndex(token) ? INDEX_QUOTE_SIZE : QUOTE_SIZE
  return isIndex(token) ? INDEX_FULL_SIZE : FULL_SIZE
}

/** Writes one packet of `packetSize` bytes over zeros. */
export const encodePacket = (
  b: Uint8Array,
  at: number,
  token: number,
  mode: Mode,
  tick: Tick,
  divisor: number
): void => {
  const price = (offset: number, value: number | undefined): void => {
    if (value === undefined) return
    // Signed and unsigned readers agree on the bytes; only a negative price needs the signed form.
    if (value < 0) putI32be(b, at + offset, value * divisor)
    else putU32be(b, at + offset, value * divisor)
  }
  const seconds = (offset: number, time: number | undefined): void => {
    if (time !== undefined) putU32be(b, at + offset, Math.floor(time / 1000))
  }
  putU32be(b, at, token)
  price(4, tick.ltp)
  if (mode === "ltp") return
  if (isIndex(token)) {
    price(8, tick.high)
    price(12, tick.low)
    price(16, tick.open)
    price(20, tick.close)
    if (tick.ltp !== undefined && tick.close !== undefined) {
      putI32be(b, at + 24, (tick.ltp - tick.close) * divisor)
    }
    if (mode === "depth") seconds(28, tick.exchange_time)
    return
  }
  putU32be(b, at + 8, tick.ltq ?? 0)
  price(12, tick.average_price)
  putU32be(b, at + 16, tick.volume ?? 0)
  putU32be(b, at + 20, tick.total_buy_quantity ?? 0)
  putU32be(b, at + 24, tick.total_sell_quantity ?? 0)
  price(28, tick.open)
  price(32, tick.high)
  price(36, tick.low)
  price(40, tick.close)
  if (mode === "quote") return
  seconds(44, tick.ltt)
  putU32be(b, at + 48, tick.oi ?? 0)
  putU32be(b, at + 52, tick.oi_high ?? 0)
  putU32be(b, at + 56, tick.oi_low ?? 0)
  seconds(60, tick.exchange_time)
  if (tick.depth === undefined) return
  encodeSide(b, at + BUY_AT, tick.depth.buy, divisor)
  encodeSide(b, at + SELL_AT, tick.depth.sell, divisor)
}

const encodeSide = (b: Uint8Array, at: number, side: ReadonlyArray<Level>, divisor: number): void => {
  const levels = Math.min(side.length, LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * LEVEL_SIZE
    putU32be(b, entry, quantity)
    if (price < 0) putI32be(b, entry + 4, price * divisor)
    else putU32be(b, entry + 4, price * divisor)
    putU16be(b, entry + 8, orders)
  }
}
