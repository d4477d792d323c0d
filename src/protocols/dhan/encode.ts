/** Market states to Dhan's packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitU16, fitU32 } from "../kit/bytes.ts"
import type { Ask } from "./layout.ts"
import {
  ASK_FULL,
  ASK_TICKER,
  BOOK_AT,
  BOOK_LEVELS,
  BOOK_ROW,
  DISCONNECT,
  FULL,
  IST_SECONDS,
  OPEN_INTEREST,
  PREVIOUS_CLOSE,
  QUOTE,
  SIZES,
  TICKER
} from "./layout.ts"

const packet = (code: number, segment: number, id: number): DataView => {
  const size = SIZES[code]!
  const v = new DataView(new ArrayBuffer(size))
  v.setUint8(0, code)
  v.setUint16(1, size, true)
  v.setUint8(3, segment)
  v.setUint32(4, fitU32(id), true)
  return v
}

const bytesOf = (v: DataView): Uint8Array => new Uint8Array(v.buffer)

export const encodePrices = (ask: Ask, segment: number, id: number, tick: Tick): Uint8Array => {
  if (ask === ASK_TICKER) {
    const v = packet(TICKER, segment, id)
    v.setFloat32(8, tick.ltp ?? 0, true)
    v.setUint32(12, timeOf(tick.ltt), true)
    return bytesOf(v)
  }
  const v = packet(ask === ASK_FULL ? FULL : QUOTE, segment, id)
  v.setFloat32(8, tick.ltp ?? 0, true)
  v.setUint16(12, fitU16(tick.ltq ?? 0), true)
  v.setUint32(14, timeOf(tick.ltt), true)
  v.setFloat32(18, tick.average_price ?? 0, true)
  v.setUint32(22, fitU32(tick.volume ?? 0), true)
  v.setUint32(26, fitU32(tick.total_sell_quantity ?? 0), true)
  v.setUint32(30, fitU32(tick.total_buy_quantity ?? 0), true)
  let day = 34
  if (ask === ASK_FULL) {
    v.setUint32(34, fitU32(tick.oi ?? 0), true)
    v.setUint32(38, fitU32(tick.oi_high ?? 0), true)
    v.setUint32(42, fitU32(tick.oi_low ?? 0), true)
    if (tick.depth !== undefined) encodeBook(v, tick.depth.buy, tick.depth.sell)
    day = 46
  }
  v.setFloat32(day, tick.open ?? 0, true)
  v.setFloat32(day + 4, tick.close ?? 0, true)
  v.setFloat32(day + 8, tick.high ?? 0, true)
  v.setFloat32(day + 12, tick.low ?? 0, true)
  return bytesOf(v)
}

export const encodeOpenInterest = (segment: number, id: number, oi: number): Uint8Array => {
  const v = packet(OPEN_INTEREST, segment, id)
  v.setUint32(8, fitU32(oi), true)
  return bytesOf(v)
}

/** The previous day's open interest, which nothing here knows, stays 0. */
export const encodePreviousClose = (segment: number, id: number, close: number): Uint8Array => {
  const v = packet(PREVIOUS_CLOSE, segment, id)
  v.setFloat32(8, close, true)
  return bytesOf(v)
}

export const encodeDisconnect = (reason: number): Uint8Array => {
  const v = packet(DISCONNECT, 0, 0)
  v.setUint16(8, fitU16(reason), true)
  return bytesOf(v)
}

const timeOf = (ltt: number | undefined): number =>
  ltt === undefined ? 0 : fitU32(Math.floor(ltt / 1000) + IST_SECONDS)

const encodeBook = (v: DataView, buy: ReadonlyArray<Level>, sell: ReadonlyArray<Level>): void => {
  for (let i = 0; i < BOOK_LEVELS; i++) {
    const row = BOOK_AT + i * BOOK_ROW
    const bid = buy[i]
    const ask = sell[i]
    if (bid !== undefined) {
      v.setUint32(row, fitU32(bid.quantity), true)
      v.setUint16(row + 8, fitU16(bid.orders), true)
      v.setFloat32(row + 12, bid.price, true)
    }
    if (ask !== undefined) {
      v.setUint32(row + 4, fitU32(ask.quantity), true)
      v.setUint16(row + 10, fitU16(ask.orders), true)
      v.setFloat32(row + 16, ask.price, true)
    }
  }
}

/** Packets one after another, in frames of at most so many bytes; a larger packet is a frame of its own. */
export const stacked = (packets: ReadonlyArray<Uint8Array>, most: number): ReadonlyArray<Uint8Array> => {
  const frames: Array<Uint8Array> = []
  for (let first = 0; first < packets.length;) {
    let length = 0
    let next = first
    do length += packets[next++]!.length
    while (next < packets.length && length + packets[next]!.length <= most)
    const frame = new Uint8Array(length)
    let at = 0
    for (; first < next; first++) {
      frame.set(packets[first]!, at)
      at += packets[first]!.length
    }
    frames.push(frame)
  }
  return frames
}
