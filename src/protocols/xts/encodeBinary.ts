/** Market states to the binary packets of `xts-binary-packet`, in any of the three layouts. */
import { deflateSync } from "fflate"
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU16, fitU32, putI64le } from "../kit/bytes.ts"
import { bookRows, percentChange } from "./encode.ts"
import type { MessageCode } from "./layout.ts"
import { DEPTH, OPEN_INTEREST, toWireSeconds } from "./layout.ts"
import { layoutOf } from "./layouts.ts"
import type { LayoutName } from "./options.ts"
import type { Address } from "./requests.ts"
import { EMPTY_ROW } from "./ticks.ts"

const PAYLOAD_HEAD = 40

/** Writes field after field, little-endian. */
class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  u8(value: number): void {
    this.#view.setUint8(this.#at, value)
    this.#at += 1
  }
  u16(value: number): void {
    this.#view.setUint16(this.#at, fitU16(value), true)
    this.#at += 2
  }
  u32(value: number): void {
    this.#view.setUint32(this.#at, fitU32(value), true)
    this.#at += 4
  }
  i32(value: number): void {
    this.#view.setInt32(this.#at, fitI32(value), true)
    this.#at += 4
  }
  i64(value: number): void {
    putI64le(this.#view, this.#at, value)
    this.#at += 8
  }
  f64(value: number): void {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }
  all(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }
}

/** @param divisor of the segment, for layout C */
export const binaryPacket = (
  code: MessageCode,
  layout: LayoutName,
  address: Address,
  tick: Tick,
  sequence: number,
  divisor: number
): Uint8Array => {
  const payload = payloadOf(code, layout, address, tick, sequence, divisor)
  // Small packets go plain: both kinds are seen on the real wire.
  const deflated = code === DEPTH ? deflateSync(payload, { level: 6 }) : undefined
  const compressed = deflated !== undefined && deflated.length < payload.length ? deflated : undefined
  const w = new Writer(compressed === undefined ? 15 + payload.length : 17 + compressed.length)
  w.u8(compressed === undefined ? 0 : 1)
  w.u16(code)
  w.u16(address.exchangeSegment)
  w.i32(address.exchangeInstrumentID)
  w.u16(1)
  w.u16(1)
  w.u16(payload.length)
  if (compressed !== undefined) w.u16(compressed.length)
  w.all(compressed ?? payload)
  return w.bytes
}

const payloadOf = (
  code: MessageCode,
  layout: LayoutName,
  { exchangeInstrumentID, exchangeSegment }: Address,
  tick: Tick,
  sequence: number,
  divisor: number
): Uint8Array => {
  const { rowSize, touchlineSize } = layoutOf[layout]
  const wide = layout !== "A"
  const buy = code === DEPTH ? bookRows(tick.depth?.buy) : []
  const sell = code === DEPTH ? bookRows(tick.depth?.sell) : []
  const body =
    code === OPEN_INTEREST
      ? 13 + (wide ? 16 : 8)
      : touchlineSize + (code === DEPTH ? 8 + (buy.length + sell.length) * rowSize : 0)
  const w = new Writer(PAYLOAD_HEAD + body)
  const seconds = (time: number | undefined) => toWireSeconds(time, exchangeSegment)
  const price = (value: number | undefined) =>
    layout === "C" ? w.i32((value ?? 0) * divisor) : w.f64(value ?? 0)
  const row = (level: Level) => {
    if (wide) w.i64(level.quantity)
    else w.i32(level.quantity)
    price(level.price)
    w.u32(level.orders)
    w.u16(0)
  }
  w.u16(code)
  // Version 4: with a sequence number, and no extended properties.
  w.u16(4)
  w.u16(0)
  w.i64(0)
  w.i64(sequence)
  w.i32(0)
  w.u16(exchangeSegment)
  w.i32(exchangeInstrumentID)
  w.i64(seconds(tick.exchange_time))
  if (code === OPEN_INTEREST) {
    const count = (value: number) => (wide ? w.i64(value) : w.i32(value))
    w.u16(1)
    count(tick.oi ?? 0)
    w.u16(1)
    w.i64(0)
    // No name of the underlying.
    w.u8(0)
    count(0)
    return w.bytes
  }
  if (code === DEPTH) {
    for (const side of [buy, sell]) {
      w.i32(side.length)
      for (const level of side) row(level)
    }
  }
  row(tick.depth?.buy[0] ?? EMPTY_ROW)
  row(tick.depth?.sell[0] ?? EMPTY_ROW)
  w.i64(seconds(tick.exchange_time))
  price(tick.ltp)
  if (wide) w.i64(tick.ltq ?? 0)
  else w.i32(tick.ltq ?? 0)
  for (const count of [tick.total_buy_quantity, tick.total_sell_quantity, tick.volume]) {
    if (wide) w.i64(count ?? 0)
    else w.u32(count ?? 0)
  }
  price(tick.average_price)
  w.i64(seconds(tick.ltt))
  if (layout === "C") w.i32(percentChange(tick) * 100)
  else w.f64(percentChange(tick))
  for (const value of [tick.open, tick.high, tick.low, tick.close]) price(value)
  if (layout !== "C") w.f64(Number.NaN)
  // Buy-back totals, book type, market type.
  for (const value of [0, 0, 1, 1]) w.u16(value)
  return w.bytes
}
