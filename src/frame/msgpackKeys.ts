/**
 * The texts of a market_data frame, to be found in its JSON and written in MessagePack.
 */
import { tickFields } from "../market/tickFields.ts"
import type { Text } from "./fixedText.ts"
import { TEXT_SIZE, fixed } from "./fixedText.ts"

/**
 * A text to compare with: its first eight bytes, its last eight, and the eight behind the first where that leaves a gap.
 * The windows overlap, since a double cannot be masked. A text of fewer than eight bytes has windows of four.
 */
interface Mark {
  readonly length: number
  readonly first: number
  readonly second: number
  readonly last: number
}

/** @param text from 4 to 24 ASCII characters */
export const mark = (text: string): Mark => {
  const bytes = Buffer.alloc(TEXT_SIZE)
  const length = bytes.write(text, "latin1")
  const short = length < 8
  return {
    length,
    first: short ? bytes.readInt32BE(0) : bytes.readDoubleBE(0),
    second: bytes.readDoubleBE(8),
    last: short ? bytes.readInt32BE(length - 4) : bytes.readDoubleBE(length - 8)
  }
}

/** Whether the text stands there. */
export const standsAt = (from: DataView, at: number, { first, last, length, second }: Mark): boolean =>
  length < 8
    ? from.getInt32(at) === first && from.getInt32(at + length - 4) === last
    : from.getFloat64(at) === first &&
      from.getFloat64(at + length - 8) === last &&
      (length <= 16 || from.getFloat64(at + 8) === second)

/** Bytes of a fixstr's head. */
const FIXSTR = 0xa0

/** A text of up to 23 characters in MessagePack. */
export const packed = (text: string): string => String.fromCharCode(FIXSTR + text.length) + text

export interface Key {
  /** With the comma before it and the colon behind it. */
  readonly json: Mark
  readonly msgpack: Text
}

const { head: _, ...sections } = tickFields

/** In the order in which the feed writes them, which is one order for all modes and for both objects. */
const NAMES = ["simulated", ...Object.values(sections).flatMap((section) => Object.keys(section))]

/** The keys of `data` that stand behind the names. Where their ranks rise, no key stands twice. */
export const frameKeys: ReadonlyArray<Key> = NAMES.map((name) => ({
  json: mark(`,"${name}":`),
  msgpack: fixed(packed(name))
}))
