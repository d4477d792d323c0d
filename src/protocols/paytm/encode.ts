/** Market states to packets. Fields that a state does not have go out as zeros. */
import type { Mode } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { fitI32, fitU32 } from "../kit/bytes.ts"
import {
  BOOK_AT,
  FULL,
  INDEX_FULL,
  INDEX_LTP,
  INDEX_QUOTE,
  LEVELS,
  LEVEL_SIZE,
  LTP,
  QUOTE,
  QUOTE_IN_FULL,
  SIZES
} from "./layout.ts"

const KINDS: Readonly<Record<Mode, readonly [scrip: number, index: number, modeByte: number]>> = {
  ltp: [LTP, INDEX_LTP, 1],
  quote: [QUOTE, INDEX_QUOTE, 2],
  depth: [FULL, INDEX_FULL, 3]
}

const MOST_ORDERS = 0x7fff

/** @param epoch what makes the wire's seconds epoch seconds */
export const encodePacket = (
  mode: Mode,
  isIndex: boolean,
  id: number,
  tick: Tick,
  epoch: number
): Uint8Array => {
  const [scripKind, indexKind, modeByte] = KINDS[mode]
  const kind = isIndex ? indexKind : scripKind
  const b = new Uint8Array(SIZES.get(kind)!)
  const v = new DataView(b.buffer)
  const price = (at: number, value: number | undefined): void => v.setFloat32(at, value ?? 0, true)
  const count = (at: number, value: number | undefined): void => v.setUint32(at, fitU32(value ?? 0), true)
  const time = (at: number, value: number | undefined): void => {
    if (value !== undefined) v.setUint32(at, fitU32(Math.floor(value / 1000) - epoch), true)
  }
  const change = (at: number, percentAt: number): void => {
    const { close, ltp } = tick
    if (ltp === undefined || close === undefined || close === 0) return
    price(at, ltp - close)
    price(percentAt, ((ltp - close) / close) * 100)
  }
  b[0] = kind
  if (mode === "ltp") {
    price(1, tick.ltp)
    time(5, isIndex ? tick.exchange_time : tick.ltt)
    count(9, id)
    b.set([isIndex ? 0 : 1, modeByte], 13)
    change(15, 19)
    return b
  }
  if (isIndex) {
    price(1, tick.ltp)
    count(5, id)
    b.set([0, modeByte], 9)
    price(11, tick.open)
    price(15, tick.close)
    price(19, tick.high)
    price(23, tick.low)
    change(31, 27)
    if (mode === "depth") time(35, tick.exchange_time)
    else {
      price(35, tick.week52_high)
      price(39, tick.week52_low)
    }
    return b
  }
  const q = mode === "depth" ? QUOTE_IN_FULL : 0
  price(q + 1, tick.ltp)
  time(q + 5, tick.ltt)
  count(q + 9, id)
  b.set([1, modeByte], q + 13)
  count(q + 15, tick.ltq)
  price(q + 19, tick.average_price)
  count(q + 23, tick.volume)
  count(q + 27, tick.total_buy_quantity)
  count(q + 31, tick.total_sell_quantity)
  price(q + 35, tick.open)
  price(q + 39, tick.close)
  price(q + 43, tick.high)
  price(q + 47, tick.low)
  change(q + 55, q + 51)
  price(q + 59, tick.week52_high)
  price(q + 63, tick.week52_low)
  if (mode === "quote") return b
  count(167, tick.oi)
  for (let i = 0; i < LEVELS; i++) {
    const row = BOOK_AT + i * LEVEL_SIZE
    const buy = tick.depth?.buy[i]
    const sell = tick.depth?.sell[i]
    v.setInt32(row, fitI32(buy?.quantity ?? 0), true)
    v.setInt32(row + 4, fitI32(sell?.quantity ?? 0), true)
    v.setInt16(row + 8, Math.min(buy?.orders ?? 0, MOST_ORDERS), true)
    v.setInt16(row + 10, Math.min(sell?.orders ?? 0, MOST_ORDERS), true)
    price(row + 12, buy?.price)
    price(row + 16, sell?.price)
  }
  return b
}
