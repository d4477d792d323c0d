/** Market states to SFeed's packets. Fields that a state does not have go out as zeros. */
import type { Tick } from "../../market/tick.ts"
import type { Layout } from "../kit/packetLayout.ts"
import { writeLevel, writePacket } from "../kit/packetLayout.ts"
import type { Topic } from "./layout.ts"
import {
  AUCTION,
  BOOK_LEVELS,
  BUYERS_AT,
  DEPTH_LEVEL,
  HEAD_SIZE,
  INDEX,
  INDEX_NAME_AT,
  MINI_LEVEL,
  PICTURE,
  QUOTE_LEVEL,
  ROW_SIZE,
  SELLERS_AT,
  auction,
  index,
  mini,
  picture,
  row
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
      return bytesOf(headed(mini, PICTURE, target, MINI_LEVEL, tick))
    case "Scrips":
      return encodePicture(target, tick, QUOTE_LEVEL, 1)
    case "Depth":
      return encodePicture(target, tick, DEPTH_LEVEL, BOOK_LEVELS)
    case "Indices":
      return encodeIndex(target, tick)
  }
}

/** @param room behind the packet, for rows */
const headed = (
  packet: Layout,
  code: number,
  target: Target,
  level: number,
  tick: Tick,
  room = 0
): DataView => {
  const { divider, id, number } = target
  const size = packet.size + room
  const v = new DataView(new ArrayBuffer(size))
  writePacket(packet, v, 0, tick, divider)
  v.setUint16(0, size, true)
  v.setUint16(2, code, true)
  v.setInt8(4, id)
  v.setUint8(5, level)
  v.setUint32(HEAD_SIZE, number, true)
  return v
}

const bytesOf = (v: DataView): Uint8Array => new Uint8Array(v.buffer)

/** Whether a state has anything to say of a closing auction. */
export const isInAuction = ({ imbalance, market_imbalance, reference_price }: Tick): boolean =>
  reference_price !== undefined || imbalance !== undefined || market_imbalance !== undefined

/** Zeros say that there is no news of an auction. */
export const encodeAuction = (target: Target, tick: Tick): Uint8Array =>
  bytesOf(headed(auction, AUCTION, target, 0, tick))

const encodePicture = (target: Target, tick: Tick, level: number, levels: number): Uint8Array => {
  const buy = tick.depth?.buy.slice(0, levels) ?? []
  const sell = tick.depth?.sell.slice(0, levels) ?? []
  const rows = [...buy, ...sell]
  const v = headed(picture, PICTURE, target, level, tick, ROW_SIZE * rows.length)
  v.setUint32(BUYERS_AT, buy.length, true)
  v.setUint32(SELLERS_AT, sell.length, true)
  for (const [i, level] of rows.entries()) {
    writeLevel(row, v, picture.size + i * ROW_SIZE, level, target.divider, true)
  }
  return bytesOf(v)
}

const utf8 = new TextEncoder()

const encodeIndex = (target: Target, tick: Tick): Uint8Array => {
  const bytes = bytesOf(headed(index, INDEX, target, 0, tick))
  utf8.encodeInto(target.name, bytes.subarray(INDEX_NAME_AT))
  return bytes
}
