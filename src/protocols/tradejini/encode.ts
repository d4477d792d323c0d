/** Market states to packets and frames. */
import { zlibSync } from "fflate"
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU32 } from "../kit/bytes.ts"
import {
  ASK_ORDERS,
  ASK_PRICE,
  ASK_QUANTITY,
  AUTH,
  AUTH_STATUS,
  AVERAGE,
  BID_ORDERS,
  BID_PRICE,
  BID_QUANTITY,
  CLOSE,
  F64,
  FORMATS,
  HEADER_SIZE,
  HIGH,
  I32,
  L1,
  L5,
  LEVELS,
  LEVEL_COUNT,
  LOW,
  LOWER_CIRCUIT,
  LTP,
  LTQ,
  LTT,
  OI,
  OI_HIGH,
  OI_LOW,
  OPEN,
  PACKET_HEAD,
  PLAIN,
  PONG,
  PONG_KEY,
  SEGMENT,
  SIZE_OF,
  TOKEN,
  TOTAL_BUY,
  TOTAL_SELL,
  U16,
  U32,
  UPPER_CIRCUIT,
  VERSION,
  VOLUME,
  WEEK52_HIGH,
  WEEK52_LOW,
  ZLIB
} from "./layout.ts"

/** Key and value as on the wire. */
export type Field = readonly [key: number, value: number]

export const encodePacket = (type: number, fields: ReadonlyArray<Field>): Uint8Array => {
  const size = fields.reduce((sum, [key]) => sum + 1 + SIZE_OF[FORMATS[key]!]!, PACKET_HEAD)
  const b = new Uint8Array(size)
  const v = new DataView(b.buffer)
  v.setUint16(0, size, true)
  b[2] = type
  let at = PACKET_HEAD
  for (const [key, value] of fields) {
    const format = FORMATS[key]!
    b[at] = key
    if (format === I32) v.setInt32(at + 1, fitI32(value), true)
    else if (format === U32) v.setUint32(at + 1, fitU32(value), true)
    else if (format === U16) v.setUint16(at + 1, value, true)
    else if (format === F64) v.setFloat64(at + 1, value, true)
    else b[at + 1] = value
    at += 1 + SIZE_OF[format]!
  }
  return b
}

/** Frames of some packets; long ones are packed, as the real server does. */
const PACKED_FROM = 256

export const encodeFrame = (packets: ReadonlyArray<Uint8Array>): Uint8Array => {
  const plain = new Uint8Array(packets.reduce((sum, p) => sum + p.length, 0))
  let at = 0
  for (const packet of packets) {
    plain.set(packet, at)
    at += packet.length
  }
  const packs = plain.length >= PACKED_FROM
  const rest = packs ? zlibSync(plain, { level: 1 }) : plain
  const frame = new Uint8Array(HEADER_SIZE + rest.length)
  new DataView(frame.buffer).setInt32(0, frame.length, true)
  frame[4] = VERSION
  frame[5] = packs ? ZLIB : PLAIN
  frame.set(rest, HEADER_SIZE)
  return frame
}

export const authFrame = (): Uint8Array => encodeFrame([encodePacket(AUTH, [[AUTH_STATUS, 1]])])
export const pongFrame = (): Uint8Array => encodeFrame([encodePacket(PONG, [[PONG_KEY, 1]])])

/** What a state says in L1, without the fields that it does not have. */
export const l1Fields = (tick: Tick, divisor: number): ReadonlyArray<Field> => {
  const fields: Array<Field> = []
  const price = (key: number, value: number | undefined): void => {
    if (value !== undefined) fields.push([key, Math.round(value * divisor)])
  }
  const count = (key: number, value: number | undefined): void => {
    if (value !== undefined) fields.push([key, value])
  }
  price(LTP, tick.ltp)
  price(OPEN, tick.open)
  price(HIGH, tick.high)
  price(LOW, tick.low)
  price(CLOSE, tick.close)
  price(AVERAGE, tick.average_price)
  price(WEEK52_HIGH, tick.week52_high)
  price(WEEK52_LOW, tick.week52_low)
  count(LTQ, tick.ltq)
  count(VOLUME, tick.volume)
  price(UPPER_CIRCUIT, tick.upper_circuit)
  price(LOWER_CIRCUIT, tick.lower_circuit)
  count(OI, tick.oi)
  if (tick.ltt !== undefined) fields.push([LTT, Math.floor(tick.ltt / 1000)])
  count(OI_HIGH, tick.oi_high)
  count(OI_LOW, tick.oi_low)
  return fields
}

export const l1Packet = (segment: number, token: number, fields: ReadonlyArray<Field>): Uint8Array =>
  encodePacket(L1, [[SEGMENT, segment], [TOKEN, token], ...fields])

export const l5Packet = (segment: number, token: number, tick: Tick, divisor: number): Uint8Array => {
  const side = (
    levels: ReadonlyArray<Level> | undefined,
    [price, quantity, orders]: readonly [number, number, number]
  ): ReadonlyArray<Field> =>
    Array.from({ length: LEVELS }, (_, i) => levels?.[i]).flatMap((level): ReadonlyArray<Field> => [
      [price, Math.round((level?.price ?? 0) * divisor)],
      [quantity, level?.quantity ?? 0],
      [orders, level?.orders ?? 0]
    ])
  return encodePacket(L5, [
    [SEGMENT, segment],
    [TOKEN, token],
    [TOTAL_BUY, tick.total_buy_quantity ?? 0],
    [TOTAL_SELL, tick.total_sell_quantity ?? 0],
    [LEVEL_COUNT, LEVELS],
    ...side(tick.depth?.buy, [BID_PRICE, BID_QUANTITY, BID_ORDERS]),
    ...side(tick.depth?.sell, [ASK_PRICE, ASK_QUANTITY, ASK_ORDERS])
  ])
}
