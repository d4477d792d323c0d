/** SFeed's packets to ticks. Every packet is the whole state: nothing is merged with what came before. */
import type { Depth, Level } from "../../market/tick.ts"
import { decoderWithBook, levelDecoder, packetDecoder } from "../kit/packetDecoder.ts"
import { BUYERS_AT, INDEX_NAME_AT, ROW_SIZE, SELLERS_AT, index, mini, picture, row } from "./layout.ts"

/** The shift of these decoders is the epoch of the segment's times. */
export const decodeMini = packetDecoder(mini, "ltp")
export const decodeQuote = packetDecoder(picture, "quote")
/** With its book, also an empty one. */
export const decodePicture = decoderWithBook(picture, "depth")
export const decodeIndex = packetDecoder(index, "quote")

/** Whether a side of the picture has more than its best row. */
export const hasBook = (v: DataView, at: number): boolean =>
  v.getUint32(at + BUYERS_AT, true) > 1 || v.getUint32(at + SELLERS_AT, true) > 1

/**
 * A row that is cut is none, and one that is empty stays as zeros.
 * @param size of the packet: its counts may promise more rows than came
 */
export const decodeBook = (v: DataView, at: number, size: number, divider: number): Depth => {
  const rows = Math.floor((size - picture.size) / ROW_SIZE)
  const buyers = Math.min(v.getUint32(at + BUYERS_AT, true), rows)
  const sellers = Math.min(v.getUint32(at + SELLERS_AT, true), rows - buyers)
  const buyersAt = at + picture.size
  return {
    buy: decodeSide(v, buyersAt, buyers, divider),
    sell: decodeSide(v, buyersAt + buyers * ROW_SIZE, sellers, divider)
  }
}

const readRow = levelDecoder(row, "little")

const decodeSide = (v: DataView, from: number, rows: number, divider: number): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let i = 0, at = from; i < rows; i++, at += ROW_SIZE) levels.push(readRow(v, at, divider))
  return levels
}

const utf8 = new TextDecoder()

/** Of an index: up to the first NUL. */
export const indexNameAt = (v: DataView, at: number): string => {
  let end = at + INDEX_NAME_AT
  while (end < at + index.size && v.getUint8(end) !== 0) end++
  return utf8.decode(new Uint8Array(v.buffer, v.byteOffset + at + INDEX_NAME_AT, end - at - INDEX_NAME_AT))
}
