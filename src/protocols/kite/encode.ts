/** Market states to Kite packets. Fields that a state does not have go out as zeros, as the real server sends them. */
import type { Mode } from "../../market/mode.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU16, fitU32 } from "../kit/bytes.ts"
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
  v: DataView,
  at: number,
  token: number,
  mode: Mode,
  tick: Tick,
  divisor: number
): void => {
  const price = (offset: number, value: number | undefined): void => {
    if (value === undefined) return
    // Signed and unsigned readers agree on the bytes of every price that there is.
    v.setInt32(at + offset, fitI32(value * divisor))
  }
  const seconds = (offset: number, time: number | undefined): void => {
    if (time !== undefined) v.setUint32(at + offset, fitU32(Math.floor(time / 1000)))
  }
  v.setUint32(at, fitU32(token))
  price(4, tick.ltp)
  if (mode === "ltp") return
  if (isIndex(token)) {
    price(8, tick.high)
    price(12, tick.low)
    price(16, tick.open)
    price(20, tick.close)
    if (tick.ltp !== undefined && tick.close !== undefined) {
      v.setInt32(at + 24, fitI32((tick.ltp - tick.close) * divisor))
    }
    if (mode === "depth") seconds(28, tick.exchange_time)
    return
  }
  v.setUint32(at + 8, fitU32(tick.ltq ?? 0))
  price(12, tick.average_price)
  v.setUint32(at + 16, fitU32(tick.volume ?? 0))
  v.setUint32(at + 20, fitU32(tick.total_buy_quantity ?? 0))
  v.setUint32(at + 24, fitU32(tick.total_sell_quantity ?? 0))
  price(28, tick.open)
  price(32, tick.high)
  price(36, tick.low)
  price(40, tick.close)
  if (mode === "quote") return
  seconds(44, tick.ltt)
  v.setUint32(at + 48, fitU32(tick.oi ?? 0))
  v.setUint32(at + 52, fitU32(tick.oi_high ?? 0))
  v.setUint32(at + 56, fitU32(tick.oi_low ?? 0))
  seconds(60, tick.exchange_time)
  if (tick.depth === undefined) return
  encodeSide(v, at + BUY_AT, tick.depth.buy, divisor)
  encodeSide(v, at + SELL_AT, tick.depth.sell, divisor)
}

const encodeSide = (v: DataView, at: number, side: ReadonlyArray<Level>, divisor: number): void => {
  const levels = Math.min(side.length, LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * LEVEL_SIZE
    v.setUint32(entry, fitU32(quantity))
    v.setInt32(entry + 4, fitI32(price * divisor))
    v.setUint16(entry + 8, fitU16(orders))
  }
}
