/**
 * Integers and doubles out of and into byte arrays, by hand.
 *
 * A DataView costs an object per frame and Buffer's readers check their range on every call; the codecs check a
 * packet's length once, before they read it. A frame may be any Uint8Array (`ws` delivers Buffers). Every
 * function here assumes that the bytes are there.
 */
type Bytes = Uint8Array

const TWO_32 = 4_294_967_296

export const u16be = (b: Bytes, at: number): number => (b[at]! << 8) | b[at + 1]!

export const i32be = (b: Bytes, at: number): number =>
  (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!

export const u32be = (b: Bytes, at: number): number => i32be(b, at) >>> 0

export const u16le = (b: Bytes, at: number): number => b[at]! | (b[at + 1]! << 8)

export const i32le = (b: Bytes, at: number): number =>
  b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)

export const u32le = (b: Bytes, at: number): number => i32le(b, at) >>> 0

/** A signed 64-bit integer. Exact up to 2^53, the nearest number beyond. */
export const i64le = (b: Bytes, at: number): number => i32le(b, at + 4) * TWO_32 + u32le(b, at)

// A double is put together from its two halves in memory that is never given away. Which half comes first is
// the machine's own affair, so it is found out rather than assumed.
const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)
double[0] = 1
const HIGH = halves[1] === 0 ? 0 : 1
const LOW = 1 - HIGH

/** An IEEE 754 double. May be NaN or infinite: whatever the bytes say. */
export const f64le = (b: Bytes, at: number): number => {
  halves[LOW] = i32le(b, at)
  halves[HIGH] = i32le(b, at + 4)
  return double[0]!
}

/** The nearest integer that fits into `least` to `most`; what is not a number becomes `least` or 0. */
const fit = (value: number, least: number, most: number): number => {
  const rounded = Math.round(value)
  return rounded >= least ? (rounded <= most ? rounded : most) : rounded < least ? least : 0
}

/** The writers round to the nearest integer and clamp to the field: the wire has no way to say "too big". */
export const putU16be = (b: Bytes, at: number, value: number): void => {
  const n = fit(value, 0, 0xffff)
  b[at] = n >>> 8
  b[at + 1] = n
}

const put32be = (b: Bytes, at: number, n: number): void => {
  b[at] = n >>> 24
  b[at + 1] = n >>> 16
  b[at + 2] = n >>> 8
  b[at + 3] = n
}

export const putU32be = (b: Bytes, at: number, value: number): void =>
  put32be(b, at, fit(value, 0, 0xffff_ffff))

export const putI32be = (b: Bytes, at: number, value: number): void =>
  put32be(b, at, fit(value, -0x8000_0000, 0x7fff_ffff))

export const putU16le = (b: Bytes, at: number, value: number): void => {
  const n = fit(value, 0, 0xffff)
  b[at] = n
  b[at + 1] = n >>> 8
}

const put32le = (b: Bytes, at: number, n: number): void => {
  b[at] = n
  b[at + 1] = n >>> 8
  b[at + 2] = n >>> 16
  b[at + 3] = n >>> 24
}

export const putU32le = (b: Bytes, at: number, value: number): void =>
  put32le(b, at, fit(value, 0, 0xffff_ffff))

export const putI32le = (b: Bytes, at: number, value: number): void =>
  put32le(b, at, fit(value, -0x8000_0000, 0x7fff_ffff))

/** Clamped to the safe integers. */
export const putI64le = (b: Bytes, at: number, value: number): void => {
  const n = fit(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const high = Math.floor(n / TWO_32)
  put32le(b, at, n - high * TWO_32)
  put32le(b, at + 4, high)
}

export const putF64le = (b: Bytes, at: number, value: number): void => {
  double[0] = value
  put32le(b, at, halves[LOW]!)
  put32le(b, at + 4, halves[HIGH]!)
}
