/** Market states to packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32 } from "../kit/bytes.ts"
import {
  BEST_LEVEL,
  BODY_AT,
  CIRCUITS,
  CODE_AT,
  EPOCH_SECONDS,
  HEARTBEAT,
  INDEX,
  KIND_AT,
  LEVELS,
  LTP,
  OHLC,
  OPEN_INTEREST,
  PACKET_SIZE,
  TIME_AT
} from "./layout.ts"

/** What a registered scrip is sent: price, book, open to close, circuits, open interest. */
const PACKETS_OF_SCRIP = 1 + LEVELS + 3

const head = (v: DataView, at: number, exchange: number, code: number, kind: number, tick: Tick): void => {
  v.setUint8(at, exchange)
  v.setInt32(at + CODE_AT, code, true)
  const time = tick.exchange_time
  v.setInt32(at + TIME_AT, time === undefined ? 0 : fitI32(Math.floor(time / 1000) - EPOCH_SECONDS), true)
  v.setUint8(at + KIND_AT, kind)
}

export const encodeScrip = (exchange: number, code: number, tick: Tick): Uint8Array => {
  const b = new Uint8Array(PACKETS_OF_SCRIP * PACKET_SIZE)
  const v = new DataView(b.buffer)
  let at = 0
  const packet = (kind: number): number => {
    head(v, at, exchange, code, kind, tick)
    const body = at + BODY_AT
    at += PACKET_SIZE
    return body
  }
  const price = (offset: number, value: number | undefined): void => v.setFloat32(offset, value ?? 0, true)
  const count = (offset: number, value: number | undefined): void =>
    v.setInt32(offset, fitI32(value ?? 0), true)

  let body = packet(LTP)
  price(body, tick.ltp)
  count(body + 4, tick.ltq)
  count(body + 8, tick.volume)
  price(body + 12, tick.average_price)
  count(body + 16, tick.oi)
  for (let i = 0; i < LEVELS; i++) {
    body = packet(BEST_LEVEL + i)
    putLevel(v, body, tick.depth?.buy[i])
    putLevel(v, body + 10, tick.depth?.sell[i])
  }
  body = packet(OHLC)
  price(body, tick.open)
  price(body + 4, tick.high)
  price(body + 8, tick.low)
  price(body + 12, tick.close)
  body = packet(CIRCUITS)
  price(body, tick.upper_circuit)
  price(body + 4, tick.lower_circuit)
  body = packet(OPEN_INTEREST)
  count(body, tick.oi)
  count(body + 4, tick.oi_high)
  count(body + 8, tick.oi_low)
  return b
}

const MOST_ORDERS = 0x7fff

const putLevel = (v: DataView, at: number, level: Level | undefined): void => {
  if (level === undefined) return
  v.setFloat32(at, level.price, true)
  v.setInt32(at + 4, fitI32(level.quantity), true)
  v.setInt16(at + 8, Math.min(level.orders, MOST_ORDERS), true)
}

export const encodeIndex = (exchange: number, code: number, tick: Tick): Uint8Array => {
  const b = new Uint8Array(PACKET_SIZE)
  const v = new DataView(b.buffer)
  head(v, 0, exchange, code, INDEX, tick)
  v.setFloat32(BODY_AT, tick.ltp ?? 0, true)
  return b
}

/** What exchange and code of a heartbeat are is not documented; nothing reads them. */
export const encodeHeartbeat = (): Uint8Array => {
  const b = new Uint8Array(PACKET_SIZE)
  b[0] = "N".charCodeAt(0)
  b[KIND_AT] = HEARTBEAT
  return b
}
