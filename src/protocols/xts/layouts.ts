/**
 * The three layouts of binary bodies, little-endian.
 *
 * A: official SDKs (Node, Python, .NET). B: seen live at Jainam, in an independent client; 64-bit quantities. C: the
 * newer Java SDK, with whole-number prices; UNCONFIRMED.
 */
import type { Level } from "../../market/tick.ts"
import { i64le } from "../kit/bytes.ts"
import { toEpochMs } from "./layout.ts"
import type { LayoutName } from "./options.ts"
import type { Touchline } from "./ticks.ts"

export interface LayoutReader {
  readonly rowSize: number
  /** From the bid row to the market type. */
  readonly touchlineSize: number
  readonly row: (v: DataView, at: number, divisor: number) => Level
  /** @param exchangeTime of the head, for a touchline without a time of its own; wire seconds */
  readonly touchline: (
    v: DataView,
    at: number,
    divisor: number,
    segment: number,
    exchangeTime: number
  ) => Touchline
  /** `undefined` unless the body has exactly this layout's length. */
  readonly openInterest: (v: DataView, at: number, end: number) => number | undefined
}

/** The servers write NaN and infinities where there is no price. */
const double = (v: DataView, at: number): number => {
  const n = v.getFloat64(at, true)
  return Number.isFinite(n) ? n : 0
}

/**
 * Market type, open interest, underlying segment and id, whether a name follows, the name, and the underlying's
 * open interest.
 *
 * @param width of open interest in bytes
 */
const endsExactly = (v: DataView, at: number, end: number, width: number): boolean => {
  const flagAt = at + 2 + width + 2 + 8
  if (flagAt + 1 + width > end) return false
  const flag = v.getUint8(flagAt)
  if (flag > 1) return false
  return flagAt + 1 + (flag === 0 ? 0 : 1 + v.getUint8(flagAt + 1)) + width === end
}

const layoutA: LayoutReader = {
  rowSize: 18,
  touchlineSize: 140,
  row: (v, at) => ({
    price: double(v, at + 4),
    quantity: v.getInt32(at, true),
    orders: v.getInt32(at + 12, true)
  }),
  touchline: (v, at, _divisor, segment, exchangeTime) => ({
    exchangeTime: toEpochMs(i64le(v, at + 36) || exchangeTime, segment),
    ltp: double(v, at + 44),
    ltq: v.getInt32(at + 52, true),
    totalBuy: v.getUint32(at + 56, true),
    totalSell: v.getUint32(at + 60, true),
    volume: v.getUint32(at + 64, true),
    average: double(v, at + 68),
    ltt: toEpochMs(i64le(v, at + 76), segment),
    // 84: percent change.
    open: double(v, at + 92),
    high: double(v, at + 100),
    low: double(v, at + 108),
    close: double(v, at + 116)
    // 124: traded value, often NaN; then buy-back totals, book type, market type.
  }),
  openInterest: (v, at, end) => (endsExactly(v, at, end, 4) ? v.getInt32(at + 2, true) : undefined)
}

const layoutB: LayoutReader = {
  rowSize: 22,
  touchlineSize: 164,
  row: (v, at) => ({
    price: double(v, at + 8),
    quantity: i64le(v, at),
    orders: v.getUint32(at + 16, true)
  }),
  touchline: (v, at, _divisor, segment, exchangeTime) => ({
    exchangeTime: toEpochMs(i64le(v, at + 44) || exchangeTime, segment),
    ltp: double(v, at + 52),
    ltq: i64le(v, at + 60),
    totalBuy: i64le(v, at + 68),
    totalSell: i64le(v, at + 76),
    volume: i64le(v, at + 84),
    average: double(v, at + 92),
    ltt: toEpochMs(i64le(v, at + 100), segment),
    open: double(v, at + 116),
    high: double(v, at + 124),
    low: double(v, at + 132),
    close: double(v, at + 140)
  }),
  openInterest: (v, at, end) => (endsExactly(v, at, end, 8) ? i64le(v, at + 2) : undefined)
}

const layoutC: LayoutReader = {
  rowSize: 18,
  touchlineSize: 120,
  row: (v, at, divisor) => ({
    price: v.getInt32(at + 8, true) / divisor,
    quantity: i64le(v, at),
    orders: v.getInt32(at + 12, true)
  }),
  touchline: (v, at, divisor, segment, exchangeTime) => ({
    exchangeTime: toEpochMs(i64le(v, at + 36) || exchangeTime, segment),
    ltp: v.getInt32(at + 44, true) / divisor,
    ltq: i64le(v, at + 48),
    totalBuy: i64le(v, at + 56),
    totalSell: i64le(v, at + 64),
    volume: i64le(v, at + 72),
    average: v.getInt32(at + 80, true) / divisor,
    ltt: toEpochMs(i64le(v, at + 84), segment),
    open: v.getInt32(at + 96, true) / divisor,
    high: v.getInt32(at + 100, true) / divisor,
    low: v.getInt32(at + 104, true) / divisor,
    close: v.getInt32(at + 108, true) / divisor
  }),
  // No source has this layout's open interest.
  openInterest: () => undefined
}

export const layoutOf: Readonly<Record<LayoutName, LayoutReader>> = { A: layoutA, B: layoutB, C: layoutC }

export const layouts: ReadonlyArray<LayoutReader> = [layoutA, layoutB, layoutC]
