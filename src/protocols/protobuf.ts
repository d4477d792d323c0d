/**
 * Protobuf's wire primitives, by protobufjs: what the codecs with protobuf payloads read and write with. The messages
 * themselves are the codecs' own, field by field, without generated classes: a decoder that builds a Tick in one pass
 * needs none.
 *
 * A reader throws RangeError on input that ends early or is malformed; codecs catch it once per frame.
 */
import { Reader, Writer } from "protobufjs/minimal.js"

export { Reader, Writer }

/** Wire types, the low three bits of a tag. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const FIXED32 = 5

/** The tag of a field as it stands on the wire: comparing whole tags also checks the wire type. */
export const tagOf = (field: number, wireType: number): number => field * 8 + wireType

const TWO_32 = 0x1_0000_0000

/**
 * An int64 or uint64 as a number, exact below 2^53. protobufjs would make a Long object of it; prices, quantities and
 * times of a market feed fit a double.
 */
export const readInt64 = (reader: Reader): number => {
  const { buf } = reader
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (reader.pos >= reader.len) throw new RangeError("a varint ends early")
    const byte = buf[reader.pos++]!
    const bits = byte & 0x7f
    if (shift < 28) low |= bits << shift
    else if (shift === 28) {
      low |= bits << 28
      high |= bits >> 4
    } else high |= bits << (shift - 32)
    if (byte < 0x80) return high * TWO_32 + (low >>> 0)
  }
  throw new RangeError("a varint is longer than ten bytes")
}

/** Where a length-delimited field ends, with the reader at its first byte. */
export const endOf = (reader: Reader): number => {
  const length = reader.uint32()
  const end = reader.pos + length
  if (end > reader.len) throw new RangeError("a field is longer than its message")
  return end
}

/** A number as an int64 field's varint; whole numbers up to 2^53. */
export const writeInt64 = (writer: Writer, tag: number, value: number): Writer =>
  writer.uint32(tag).int64(value)
