/** Market states to Arrow's packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU16, fitU32, putI64be } from "../kit/bytes.ts"
import type { WireMode } from "./layout.ts"
import {
  AUCTION_TRAILER,
  BOOK_AT,
  BOOK_LEVELS,
  FULL_SIZE,
  LEVEL_SIZE,
  LTPC_SIZE,
  LTP_SIZE,
  QUOTE_SIZE
} from "./layout.ts"

const SIZES: Readonly<Record<WireMode, number>> = {
  ltp: LTP_SIZE,
  ltpc: LTPC_SIZE,
  quote: QUOTE_SIZE,
  full: FULL_SIZE
}

export const encodePacket = (mode: WireMode, token: number, tick: Tick, divisor: number): Uint8Array => {
  const size = SIZES[mode]
  const auction = isInAuction(tick)
  const v = new DataView(new ArrayBuffer(auction ? size + AUCTION_TRAILER : size))
  const price = (at: number, value: number | undefined): void =>
    v.setInt32(at, fitI32((value ?? 0) * divisor))
  const seconds = (at: number, time: number | undefined): void =>
    v.setInt32(at, fitI32(Math.floor((time ?? 0) / 1000)))
  const { close, ltp } = tick
  v.setUint32(0, fitU32(token))
  price(4, ltp)
  if (ltp !== undefined && close !== undefined) {
    v.setInt8(8, Math.sign(ltp - close))
    price(9, ltp - close)
  }
  if (auction) {
    putI64be(v, size, tick.imbalance ?? 0)
    price(size + 8, tick.indicative_price)
    price(size + 12, tick.reference_price)
  }
  if (mode === "ltpc") price(13, close)
  if (mode === "ltp" || mode === "ltpc") return new Uint8Array(v.buffer)
  v.setInt32(13, fitI32(tick.ltq ?? 0))
  price(17, tick.average_price)
  putI64be(v, 21, tick.total_buy_quantity ?? 0)
  putI64be(v, 29, tick.total_sell_quantity ?? 0)
  price(37, tick.open)
  price(41, tick.high)
  price(45, close)
  price(49, tick.low)
  putI64be(v, 53, tick.volume ?? 0)
  seconds(61, tick.ltt)
  seconds(65, tick.exchange_time)
  putI64be(v, 69, tick.oi ?? 0)
  putI64be(v, 77, tick.oi_high ?? 0)
  putI64be(v, 85, tick.oi_low ?? 0)
  if (mode === "full") {
    price(93, tick.lower_circuit)
    price(97, tick.upper_circuit)
    encodeSide(v, BOOK_AT, tick.depth?.buy ?? [], divisor)
    encodeSide(v, BOOK_AT + BOOK_LEVELS * LEVEL_SIZE, tick.depth?.sell ?? [], divisor)
  }
  return new Uint8Array(v.buffer)
}

const isInAuction = ({ imbalance, indicative_price, reference_price }: Tick): boolean =>
  imbalance !== undefined || indicative_price !== undefined || reference_price !== undefined

const encodeSide = (v: DataView, from: number, side: ReadonlyArray<Level>, divisor: number): void => {
  const levels = Math.min(side.length, BOOK_LEVELS)
  for (let i = 0; i < levels; i++) {
    const { orders, price, quantity } = side[i]!
    const at = from + i * LEVEL_SIZE
    putI64be(v, at, quantity)
    v.setInt32(at + 8, fitI32(price * divisor))
    v.setUint16(at + 12, fitU16(orders))
  }
}
