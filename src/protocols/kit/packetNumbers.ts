/** How numbers stand in packets, and what they mean: the types and scales of the tables in `packetLayout.ts`. */
import {
  fitI32,
  fitU16,
  fitU32,
  fitUnsignedPrice,
  i64be,
  i64le,
  putI64be,
  putI64le,
  unsignedPrice
} from "./bytes.ts"

const TWO_32 = 4_294_967_296

/** How a number stands in the bytes. */
export interface NumberType {
  readonly bytes: number
  readonly read: (v: DataView, at: number, little: boolean) => number
  /** Rounds, and clamps to what the type can hold. */
  readonly write: (v: DataView, at: number, value: number, little: boolean) => void
  /** What `read` does, as JavaScript. */
  readonly code: (at: string, little: boolean) => string
}

type Kind = "Uint8" | "Int8" | "Uint16" | "Int16" | "Uint32" | "Int32" | "Float32" | "Float64"

const typeOf = (kind: Kind, bytes: number, fit: (value: number) => number): NumberType => ({
  bytes,
  read: (v, at, little) => v[`get${kind}`](at, little),
  write: (v, at, value, little) => v[`set${kind}`](at, fit(value), little),
  code: (at, little) => `v.get${kind}(${at}, ${little})`
})

const within =
  (least: number, most: number) =>
  (value: number): number =>
    Math.min(Math.max(Math.round(value), least), most)
const asIs = (value: number): number => value

export const u8 = typeOf("Uint8", 1, within(0, 0xff))
export const i8 = typeOf("Int8", 1, within(-0x80, 0x7f))
export const u16 = typeOf("Uint16", 2, fitU16)
export const i16 = typeOf("Int16", 2, within(-0x8000, 0x7fff))
export const u32 = typeOf("Uint32", 4, fitU32)
export const i32 = typeOf("Int32", 4, fitI32)
export const f32 = typeOf("Float32", 4, asIs)
export const f64 = typeOf("Float64", 8, asIs)

/** 64 bits are two numbers to a DataView. Exact up to 2^53, as in `bytes.ts`. */
const words = (at: string, little: boolean, high: "Int32" | "Uint32"): string => {
  const [highAt, lowAt] = little ? [`${at} + 4`, at] : [at, `${at} + 4`]
  return `(v.get${high}(${highAt}, ${little}) * ${TWO_32} + v.getUint32(${lowAt}, ${little}))`
}

export const i64: NumberType = {
  bytes: 8,
  read: (v, at, little) => (little ? i64le(v, at) : i64be(v, at)),
  write: (v, at, value, little) => (little ? putI64le(v, at, value) : putI64be(v, at, value)),
  code: (at, little) => words(at, little, "Int32")
}

/** The same without a sign. */
export const u64: NumberType = {
  ...i64,
  read: (v, at, little) =>
    v.getUint32(little ? at + 4 : at, little) * TWO_32 + v.getUint32(little ? at : at + 4, little),
  code: (at, little) => words(at, little, "Uint32")
}

/** 32 bits of a price that has no sign on the wire: see `unsignedPrice`. */
export const unsigned: NumberType = {
  bytes: 4,
  read: (v, at, little) => unsignedPrice(v.getInt32(at, little)),
  write: (v, at, value, little) => v.setUint32(at, fitUnsignedPrice(value), little),
  code: (at, little) => `unsignedPrice(v.getInt32(${at}, ${little}))`
}

/**
 * What a number on the wire means. `divisor` is the segment's; `shift` is whatever else a protocol needs to read its times.
 */
export interface Scale {
  readonly read: (raw: number, divisor: number, shift: number) => number
  readonly write: (value: number, divisor: number, shift: number) => number
  /** Whether 0 says that there is none yet. */
  readonly zeroIsNone: boolean
  /** Whether `read` may make a number that is not finite: a packet with such a price is none. */
  readonly mayFail?: true
  /** What `read` does, as JavaScript; left out where a call costs nothing that one could measure. */
  readonly code?: (raw: string) => string
}

/** Quantities: as they are, also 0. */
export const count: Scale = { read: asIs, write: asIs, zeroIsNone: false, code: (raw) => raw }

/** Divided, never multiplied by a fraction: division rounds correctly (294140 / 100 is 2941.4). */
export const price: Scale = {
  read: (raw, divisor) => raw / divisor,
  write: (value, divisor) => value * divisor,
  zeroIsNone: true,
  code: (raw) => `${raw} / divisor`
}

/** Epoch seconds. */
export const seconds: Scale = {
  read: (raw) => raw * 1000,
  write: (time) => Math.floor(time / 1000),
  zeroIsNone: true,
  code: (raw) => `${raw} * 1000`
}

/** Where only what is above 0 is a price, or a time. */
export const positive = (scale: Scale): Scale => ({
  read: (raw, divisor, shift) => (raw > 0 ? scale.read(raw, divisor, shift) : 0),
  write: scale.write,
  zeroIsNone: true
})

/** Epoch milliseconds. */
export const milliseconds: Scale = { ...count, zeroIsNone: true }
