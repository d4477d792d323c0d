/** Market states to IIFL Capital's payloads. `mqtt-packet` takes a payload as a Buffer and as nothing else. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU16, fitU32, fitUnsignedPrice } from "../kit/bytes.ts"
import { BOOK_AT, FEED_SIZE, INDEX_SIZE, LEVELS, LEVEL_SIZE, LIMIT_SIZE, OI_SIZE } from "./layout.ts"

const fine: ReadonlySet<string> = new Set(["CDS", "BCD"])

/** Currencies, and indices that are small numbers, have four decimals. */
export const divisorOf = ({ exchange }: WireInstrument, { ltp = 0 }: Tick): number =>
  fine.has(exchange) || (exchange.endsWith("_INDEX") && ltp < 1000) ? 10_000 : 100

const i32 = (b: Buffer, at: number, value: number | undefined, divisor = 1): void => {
  if (value !== undefined) b.writeInt32LE(fitI32(value * divisor), at)
}

const u32 = (b: Buffer, at: number, value: number | undefined): void => {
  if (value !== undefined) b.writeUInt32LE(fitU32(value), at)
}

export const encodeFeed = (tick: Tick, divisor: number): Buffer => {
  const b = Buffer.alloc(FEED_SIZE)
  const { depth } = tick
  i32(b, 0, tick.ltp, divisor)
  u32(b, 4, tick.ltq)
  u32(b, 8, tick.volume)
  i32(b, 12, tick.high, divisor)
  i32(b, 16, tick.low, divisor)
  i32(b, 20, tick.open, divisor)
  i32(b, 24, tick.close, divisor)
  i32(b, 28, tick.average_price, divisor)
  u32(b, 34, depth?.buy[0]?.quantity)
  i32(b, 38, depth?.buy[0]?.price, divisor)
  u32(b, 42, depth?.sell[0]?.quantity)
  i32(b, 46, depth?.sell[0]?.price, divisor)
  u32(b, 50, tick.total_buy_quantity)
  u32(b, 54, tick.total_sell_quantity)
  i32(b, 58, divisor)
  if (tick.ltt !== undefined) i32(b, 62, Math.floor(tick.ltt / 1000))
  encodeSide(b, BOOK_AT, depth?.buy ?? [], divisor)
  encodeSide(b, BOOK_AT + LEVELS * LEVEL_SIZE, depth?.sell ?? [], divisor)
  return b
}

const encodeSide = (b: Buffer, start: number, levels: ReadonlyArray<Level>, divisor: number): void => {
  for (const [i, { orders, price, quantity }] of levels.slice(0, LEVELS).entries()) {
    const at = start + i * LEVEL_SIZE
    u32(b, at, quantity)
    i32(b, at + 4, price, divisor)
    b.writeUInt16LE(fitU16(orders), at + 8)
  }
}

export const encodeIndex = (tick: Tick, divisor: number): Buffer => {
  const b = Buffer.alloc(INDEX_SIZE)
  i32(b, 3, tick.ltp, divisor)
  i32(b, 11, tick.close, divisor)
  i32(b, 15, divisor)
  return b
}

export const encodeOpenInterest = ({ oi, oi_high, oi_low }: Tick): Buffer => {
  const b = Buffer.alloc(OI_SIZE)
  i32(b, 0, oi)
  i32(b, 4, oi_high)
  i32(b, 8, oi_low)
  i32(b, 12, oi)
  return b
}

export const encodeLimit = (id: number, limit: number, divisor: number): Buffer => {
  const b = Buffer.alloc(LIMIT_SIZE)
  u32(b, 0, id)
  b.writeUInt32LE(fitUnsignedPrice(limit * divisor), 4)
  i32(b, 8, divisor)
  return b
}
