/** Market states to Smart Stream packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { putF64le, putI32le, putI64le, putU16le, putU32le } from "../bytes.ts"
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
  const b = Buffer.alloc(SIZES[mode])
  b[0] = mode
  b[1] = exchangeType
  for (let i = 0; i < token.length; i++) b[TOKEN_AT + i] = token.charCodeAt(i)
  if (mode === DEPTH_20) {
    putI64le(b, 27, tick.exchange_time ?? 0)
    putI64le(b, 35, tick.received_time)
    if (tick.depth !== undefined) {
      encodeDeepSide(b, DEEP_BUY_AT, tick.depth.buy, divisor)
      encodeDeepSide(b, DEEP_SELL_AT, tick.depth.sell, divisor)
    }
    return b
  }
  putI64le(b, 27, sequence)
  putI64le(b, 35, tick.exchange_time ?? 0)
  putI64le(b, 43, (tick.ltp ?? 0) * divisor)
  if (mode === LTP) return b
  putI64le(b, 51, tick.ltq ?? 0)
  putI64le(b, 59, (tick.average_price ?? 0) * divisor)
  putI64le(b, 67, tick.volume ?? 0)
  putF64le(b, 75, tick.total_buy_quantity ?? 0)
  putF64le(b, 83, tick.total_sell_quantity ?? 0)
  putI64le(b, 91, (tick.open ?? 0) * divisor)
  putI64le(b, 99, (tick.high ?? 0) * divisor)
  putI64le(b, 107, (tick.low ?? 0) * divisor)
  putI64le(b, 115, (tick.close ?? 0) * divisor)
  if (mode === QUOTE) return b
  putI64le(b, 123, Math.floor((tick.ltt ?? 0) / 1000))
  putI64le(b, 131, tick.oi ?? 0)
  if (tick.depth !== undefined) {
    encodeSide(b, BOOK_AT, tick.depth.buy, divisor, 1)
    encodeSide(b, BOOK_AT + BOOK_LEVELS * BOOK_ENTRY, tick.depth.sell, divisor, 0)
  }
  putI64le(b, 347, (tick.upper_circuit ?? 0) * divisor)
  putI64le(b, 355, (tick.lower_circuit ?? 0) * divisor)
  putI64le(b, 363, (tick.week52_high ?? 0) * divisor)
  putI64le(b, 371, (tick.week52_low ?? 0) * divisor)
  return b
}

/** @param flag 1 marks buyers */
const encodeSide = (
  b: Uint8Array,
  at: number,
  side: ReadonlyArray<Level>,
  divisor: number,
  flag: number
): void => {
  const levels = Math.min(side.length, BOOK_LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * BOOK_ENTRY
    putU16le(b, entry, flag)
    putI64le(b, entry + 2, quantity)
    putI64le(b, entry + 10, price * divisor)
    putU16le(b, entry + 18, orders)
  }
}

const encodeDeepSide = (b: Uint8Array, at: number, side: ReadonlyArray<Level>, divisor: number): void => {
  const levels = Math.min(side.length, DEEP_LEVELS)
  for (let i = 0; i < levels; i++) {
    const { price, quantity, orders } = side[i]!
    const entry = at + i * DEEP_ENTRY
    putU32le(b, entry, quantity)
    putI32le(b, entry + 4, price * divisor)
    putU16le(b, entry + 8, orders)
  }
}
