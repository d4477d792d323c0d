/**
 * Protobuf's wire primitives, by protobufjs: what the codecs with protobuf payloads read and write with. The messages
 * themselves are the codecs' own, field by field, without generated classes: a decoder that builds a Tick in one pass
 * needs none.
 *
 * A reader throws RangeError or Error on input that ends early or is malformed; codecs catch it once per frame.
 */
import { Reader, Writer } from "protobufjs/minimal.js"

export { Reader, Writer }

type Long = Exclude<Parameters<Writer["int64"]>[0], number | string>

/** Wire types, the low three bits of a tag. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2

/** The tag of a field as it stands on the wire: comparing whole tags also checks the wire type. */
export const tagOf = (field: number, wireType: number): number => field * 8 + wireType

const TWO_32 = 0x1_0000_0000

/**
 * A reader over a frame. Not `Reader.create`: that uses another class for Node's buffers, and code that meets both
 * runs slower than code that meets one.
 */
export const readerOf = (frame: Uint8Array): Reader => new Reader(frame)

/** Fits the frames of a few instruments. A frame of many is worth a reader of its own. */
const SCRATCH_BYTES = 4096

/**
 * One reader for all frames, over memory of its own with its one DataView: making both takes as long as a fifth of a
 * full message (measured: 110 ns, against 20 ns for the copy). Behind a frame's end there may be bytes of earlier
 * ones, so a message's reader ends with `checkEnd`.
 */
export class MessageReader {
  readonly #scratch = new Uint8Array(SCRATCH_BYTES)
  readonly #reader = new Reader(this.#scratch)

  /** At the first byte of a frame; valid until the next call. */
  over(frame: Uint8Array): Reader {
    if (frame.length > SCRATCH_BYTES) return readerOf(frame)
    this.#scratch.set(frame)
    this.#reader.pos = 0
    this.#reader.len = frame.length
    return this.#reader
  }
}

/** A tag, or another number of at most 32 bits. Nearly all have one byte, a case that protobufjs does not shorten. */
export const readTag = (reader: Reader): number => {
  const { pos } = reader
  const byte = reader.buf[pos]!
  if (byte >= 0x80 || pos >= reader.len) return reader.uint32()
  reader.pos = pos + 1
  return byte
}

/** The halves of the varint that `readVarint` read last: no object per number. */
let low = 0
let high = 0

const readVarint = (reader: Reader): void => {
  const { buf, len } = reader
  let { pos } = reader
  low = 0
  high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= len) throw new RangeError("a varint ends early")
    const byte = buf[pos++]!
    const bits = byte & 0x7f
    if (shift < 28) low |= bits << shift
    else if (shift === 28) {
      low |= bits << 28
      high |= bits >> 4
    } else high |= bits << (shift - 32)
    if (byte < 0x80) {
      reader.pos = pos
      return
    }
  }
  throw new RangeError("a varint is longer than ten bytes")
}

/**
 * An int64 or uint64 as a number, exact below 2^53. protobufjs would make a Long object of it. Prices, quantities and
 * times of a market feed fit a double.
 */
export const readInt64 = (reader: Reader): number => {
  readVarint(reader)
  return high * TWO_32 + (low >>> 0)
}

const NANOS_PER_MILLI = 1_000_000
const MILLIS_PER_HIGH = Math.floor(TWO_32 / NANOS_PER_MILLI)
const NANOS_LEFT_PER_HIGH = TWO_32 % NANOS_PER_MILLI

/**
 * An int64 of nanoseconds as milliseconds, rounded down. Nanoseconds since 1970 outgrow a double's 53 bits, so the
 * halves are divided apart.
 */
export const readNanosAsMillis = (reader: Reader): number => {
  readVarint(reader)
  return high * MILLIS_PER_HIGH + Math.floor((high * NANOS_LEFT_PER_HIGH + (low >>> 0)) / NANOS_PER_MILLI)
}

/** A double, of any kind; through a DataView, which halves the time (measured: 5 against 11 ns). */
export const readDouble = (reader: Reader): number => {
  const { buf, pos } = reader
  if (pos + 8 > reader.len) throw new RangeError("a double ends early")
  const view = (reader.view ??= new DataView(buf.buffer, buf.byteOffset, buf.byteLength))
  const value = view.getFloat64(pos, true)
  reader.pos = pos + 8
  return value
}

/** Where a length-delimited field ends, with the reader at its first byte. */
export const endOf = (reader: Reader): number => {
  const length = readTag(reader)
  const end = reader.pos + length
  if (end > reader.len) throw new RangeError("a field is longer than its message")
  return end
}

/** A field that runs past the end of its message would be read into its neighbour. */
export const checkEnd = (reader: Reader, end: number): void => {
  if (reader.pos !== end) throw new RangeError("a field is longer than its message")
}

/** Skips a field by its tag. @throws RangeError or Error for an impossible tag */
export const skipField = (reader: Reader, tag: number): void => {
  reader.skipType(tag & 7, 0, tag >>> 3)
}

/** What follows writes as proto3 does: absent fields and zeros are left out. */
export const putDouble = (writer: Writer, tag: number, value: number | undefined): void => {
  if (value !== undefined && value !== 0) writer.uint32(tag).double(value)
}

/** Rounded to the nearest whole number. */
export const putInt64 = (writer: Writer, tag: number, value: number | undefined): void => {
  const whole = value === undefined ? 0 : Math.round(value)
  if (whole !== 0) writer.uint32(tag).int64(whole)
}

export const putText = (writer: Writer, tag: number, value: string): void => {
  if (value !== "") writer.uint32(tag).string(value)
}

/** Milliseconds as an int64 of nanoseconds, exactly. */
export const putMillisAsNanos = (writer: Writer, tag: number, millis: number | undefined): void => {
  if (millis === undefined || millis === 0) return
  const nanos = BigInt(Math.round(millis)) * BigInt(NANOS_PER_MILLI)
  // The halves are all that protobufjs takes of a Long.
  const halves = { low: Number(nanos & 0xffff_ffffn), high: Number(nanos >> 32n) }
  writer.uint32(tag).int64(halves as Long)
}

/** A message inside a message; an empty one is written too. */
export const putMessage = (writer: Writer, tag: number, write: (inner: Writer) => void): void => {
  write(writer.uint32(tag).fork())
  writer.ldelim()
}
