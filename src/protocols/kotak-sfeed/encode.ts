/** Market states to SFeed's packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU32, fitUnsignedPrice, putI64le } from "../kit/bytes.ts"
import type { Topic } from "./layout.ts"
import {
  AUCTION,
  AUCTION_SIZE,
  BOOK_LEVELS,
  DEPTH_LEVEL,
  INDEX,
  INDEX_NAME_AT,
  INDEX_SIZE,
  MINI_LEVEL,
  MINI_SIZE,
  PICTURE,
  PICTURE_SIZE,
  QUOTE_LEVEL,
  ROW_SIZE
} from "./layout.ts"

/** Where a packet belongs. */
export interface Target {
  /** The segment's number. */
  readonly id: number
  /** The token, or an index's number. */
  readonly number: number
  /** Of an index. */
  readonly name: string
  readonly divider: number
}

export const encodePacket = (topic: Topic, target: Target, tick: Tick): Uint8Array => {
  switch (topic) {
    case "ScripsLite":
      return encodeMini(target, tick)
    case "Scrips":
      return encodePicture(target, tick, QUOTE_LEVEL, 1)
    case "Depth":
      return encodePicture(target, tick, DEPTH_LEVEL, BOOK_LEVELS)
    case "Indices":
      return encodeIndex(target, tick)
  }
}

const headed = (size: number, code: number, { id, number }: Target, level: number): DataView => {
  const v = new DataView(new ArrayBuffer(size))
  v.setUint16(0, size, true)
  v.setUint16(2, code, true)
  v.setInt8(4, id)
  v.setUint8(5, level)
  v.setUint32(9, number, true)
  return v
}

const putSeconds = (v: DataView, at: number, time: number | undefined): void =>
  putI64le(v, at, Math.floor((time ?? 0) / 1000))

const change = ({ close, ltp }: Tick): number => (ltp === undefined || close === undefined ? 0 : ltp - close)

/** In hundredths of a per cent. */
const percentage = (tick: Tick): number => (10_000 * change(tick)) / (tick.close ?? 1)

/** Digits behind the point that the divider has room for. */
const precisionOf = (divider: number): number => (divider > 100 ? 4 : 2)

const encodeMini = (target: Target, tick: Tick): Uint8Array => {
  const { divider } = target
  const v = headed(MINI_SIZE, PICTURE, target, MINI_LEVEL)
  putSeconds(v, 13, tick.ltt)
  v.setUint32(21, fitUnsignedPrice((tick.ltp ?? 0) * divider), true)
  putI64le(v, 25, tick.ltq ?? 0)
  v.setUint32(33, fitUnsignedPrice((tick.close ?? 0) * divider), true)
  v.setInt32(37, fitI32(percentage(tick)), true)
  v.setInt32(41, fitI32(change(tick) * divider), true)
  v.setUint32(45, 1, true)
  v.setUint8(49, precisionOf(divider))
  v.setUint32(50, 1, true)
  return new Uint8Array(v.buffer)
}

/** Whether a state has anything to say of a closing auction. */
export const isInAuction = ({ imbalance, market_imbalance, reference_price }: Tick): boolean =>
  reference_price !== undefined || imbalance !== undefined || market_imbalance !== undefined

/** Zeros say that there is no news of an auction. */
export const encodeAuction = (target: Target, tick: Tick): Uint8Array => {
  const v = headed(AUCTION_SIZE, AUCTION, target, 0)
  v.setUint32(13, fitUnsignedPrice((tick.reference_price ?? 0) * target.divider), true)
  putI64le(v, 17, tick.imbalance ?? 0)
  putI64le(v, 25, tick.market_imbalance ?? 0)
  return new Uint8Array(v.buffer)
}

const encodePicture = (target: Target, tick: Tick, level: number, levels: number): Uint8Array => {
  const { divider } = target
  const buy = tick.depth?.buy.slice(0, levels) ?? []
  const sell = tick.depth?.sell.slice(0, levels) ?? []
  const size = PICTURE_SIZE + ROW_SIZE * (buy.length + sell.length)
  const v = headed(size, PICTURE, target, level)
  const price = (at: number, value: number | undefined): void =>
    v.setUint32(at, fitUnsignedPrice((value ?? 0) * divider), true)
  putI64le(v, 13, tick.total_buy_quantity ?? 0)
  putI64le(v, 21, tick.total_sell_quantity ?? 0)
  putI64le(v, 29, tick.volume ?? 0)
  putSeconds(v, 37, tick.ltt)
  putSeconds(v, 45, tick.exchange_time)
  price(53, tick.open)
  price(57, tick.close)
  price(61, tick.high)
  price(65, tick.low)
  price(69, tick.ltp)
  putI64le(v, 73, tick.ltq ?? 0)
  price(81, tick.average_price)
  v.setUint32(89, buy.length, true)
  v.setUint32(93, sell.length, true)
  v.setInt32(99, fitI32(percentage(tick)), true)
  v.setUint32(103, fitU32(tick.oi ?? 0), true)
  v.setFloat64(107, (tick.volume ?? 0) * (tick.average_price ?? 0) * divider, true)
  v.setInt32(115, fitI32(change(tick) * divider), true)
  price(119, tick.upper_circuit)
  price(123, tick.lower_circuit)
  price(127, tick.week52_high)
  price(131, tick.week52_low)
  v.setUint32(135, 1, true)
  v.setUint8(139, precisionOf(divider))
  v.setUint32(140, 1, true)
  let at = PICTURE_SIZE
  for (const row of [...buy, ...sell]) {
    encodeRow(v, at, row, divider)
    at += ROW_SIZE
  }
  return new Uint8Array(v.buffer)
}

const encodeRow = (v: DataView, at: number, { orders, price, quantity }: Level, divider: number): void => {
  putI64le(v, at, quantity)
  v.setInt32(at + 8, fitI32(price * divider), true)
  v.setInt32(at + 12, fitI32(orders), true)
}

const utf8 = new TextEncoder()

const encodeIndex = (target: Target, tick: Tick): Uint8Array => {
  const { divider, name } = target
  const v = headed(INDEX_SIZE, INDEX, target, 0)
  const price = (at: number, value: number | undefined): void =>
    v.setInt32(at, fitI32((value ?? 0) * divider), true)
  price(13, tick.open)
  price(17, tick.close)
  price(21, tick.high)
  price(25, tick.low)
  price(29, tick.ltp)
  putSeconds(v, 33, tick.ltt)
  price(41, tick.week52_high)
  price(45, tick.week52_low)
  v.setInt32(49, fitI32(percentage(tick)), true)
  v.setUint8(61, precisionOf(divider))
  v.setInt32(62, 1, true)
  const bytes = new Uint8Array(v.buffer)
  utf8.encodeInto(name, bytes.subarray(INDEX_NAME_AT))
  return bytes
}
