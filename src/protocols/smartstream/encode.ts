/** Market states to Smart Stream packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU16, fitU32, putI64le } from "../kit/bytes.ts"
import type { WireMode } from "./layout.ts"
import {
  BOOK_AT,
  BOOK_ENTRY,
  BOOK_LEVELS,
  DEEP_BUY_AT,
  DEEP_ENTRY,
  DEEP_LEVELS,
  DEEP_SELL_AT,
  DEPTH_20,
  LTP,
  QUOTE,
  SIZES,
  TOKEN_AT
} from "./layout.ts"

/**
 * @param token plain digits
 * @param sequence the packet's sequence number; depth-20 has none
 */
export const encodePacket = (
  mode: WireMode,
  exchangeType: number,
  token: string,
  tick: Tick,
  divisor: number,
  sequence: number
): Uint8Array => {
  const b = new Uint8Array(SIZES[mode])
  const v = new DataView(b.buffer)
  b[0] = mode
  b[1] = exchangeType
  for (let i = 0; i < token.length; i++) b[TOKEN_AT + i] = token.charCodeAt(i)
  if (mode === DEPTH_20) {
    putI64le(v, 27, tick.exchange_time ?? 0)
    putI64le(v, 35, tick.received_time)
    if (tick.depth !== undefined) {
      encodeDeepSide(v, DEEP_BUY_AT, tick.depth.buy, divisor)
      encodeDeepSide(v, DEEP_SELL_AT, tick.depth.sell, divisor)
    }
    return b
  }
  putI64le(v, 27, sequence)
  putI64le(v, 35, tick.exchange_time ?? 0)
  putI64le(v, 43, (tick.ltp ?? 0) * divisor)
  if (mode === LTP) return b
  putI64le(v, 51, tick.ltq ?? 0)
  putI64le(v, 59, (tick.average_price ?? 0) * divisor)
  putI64le(v, 67, tick.volume ?? 0)
  v.setFloat64(75, tick.total_buy_quantity ?? 0, true)
  v.setFloat64(83, tick.total_sell_quantity ?? 0, true)
  putI64le(v, 91, (tick.open ?? 0) * divisor)
  putI64le(v, 99, (tick.high ?? 0) * divisor)
  putI64le(v, 107, (tick.low ?? 0) * divisor)
  putI64le(v, 115, (tick.close ?? 0) * divisor)
  if (mode === QUOTE) return b
  putI64le(v, 123, Math.floor((tick.ltt ?? 0) / 1000))
  putI64le(v, 131, tick.oi ?? 0)
  if (tick.depth !== undefined) {
    encodeSide(v, BOOK_AT, tick.depth.buy, divisor, 1)
    encodeSide(v, BOOK_AT + BOOK_LEVELS * BOOK_ENTRY, tick.depth.sell, divisor, 0)
  }
  putI64le(v, 347, (tick.upper_circuit ?? 0) * divisor)
  putI64le(v, 355, (tick.lower_circuit ?? 0) * divisor)
  putI64le(v, 363, (tick.week52_high ?? 0) * divisor)
  putI64le(v, 371, (tick.week52_low ?? 0) * divisor)
  return b
}

/** @param flag 1 marks buyers */
const encodeSide = (
  v: DataView,
  at: number,
  side: ReadonlyArray<Level>,
  divisor: number,
  flag: number
): void => {
  const levels = Math.min(side.length, BOOK_LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * BOOK_ENTRY
    v.setUint16(entry, fitU16(flag), true)
    putI64le(v, entry + 2, quantity)
    putI64le(v, entry + 10, price * divisor)
    v.setUint16(entry + 18, fitU16(orders), true)
  }
}

const encodeDeepSide = (v: DataView, at: number, side: ReadonlyArray<Level>, divisor: number): void => {
  const levels = Math.min(side.length, DEEP_LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * DEEP_ENTRY
    v.setUint32(entry, fitU32(quantity), true)
    v.setInt32(entry + 4, fitI32(price * divisor), true)
    v.setUint16(entry + 8, fitU16(orders), true)
  }
}
