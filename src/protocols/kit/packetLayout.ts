/**
 * Packets of fixed offsets as tables. A protocol's `layout.ts` lists each packet once: name, offset, type, scale. The broker's
 * side writes packets from the table (`writePacket`), the client's side reads them with code compiled from it
 * (`packetDecoder.ts`), and `test/unit/protocols/packetLayouts.test.ts` checks that the table covers the packet's bytes, all of
 * them and each of them once.
 */
import type { Level, Tick } from "../../market/tick.ts"
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

/** A tick's fields that are numbers, the time of receipt apart. */
export type NumberField = Exclude<
  { [K in keyof Tick]-?: Exclude<Tick[K], undefined> extends number ? K : never }[keyof Tick],
  "received_time"
>

/** A number of the packet that a tick has too. */
export interface Field {
  readonly name: NumberField
  readonly at: number
  readonly type: NumberType
  readonly scale: Scale
}

/** Bytes that make no tick: the head, what follows from other fields, what nobody needs. */
export interface Rest {
  readonly name: string
  readonly at: number
  readonly bytes: number
  /** Absent where the broker's side leaves zeros. */
  readonly write?: (v: DataView, at: number, tick: Partial<Tick>, divisor: number, little: boolean) => void
}

/** One level of the book, by offsets from the level's start. */
export interface LevelLayout {
  readonly price: number
  readonly quantity: number
  readonly orders: number
  readonly types: { readonly price: NumberType; readonly quantity: NumberType; readonly orders: NumberType }
  /** Of the price. */
  readonly scale: Scale
  /** Bytes that mean nothing. */
  readonly padding?: { readonly at: number; readonly bytes: number }
  /** A number that each level of the side has. */
  readonly mark?: { readonly at: number; readonly type: NumberType; readonly value: number }
}

export interface Book {
  readonly buyAt: number
  readonly sellAt: number
  readonly buy: LevelLayout
  readonly sell: LevelLayout
  readonly levels: number
  /** From one level of a side to the next. */
  readonly stride: number
  /** Whether levels without price and quantity are left out; else they stay as zeros. */
  readonly dense: boolean
}

export interface Layout {
  readonly size: number
  readonly little: boolean
  readonly fields: ReadonlyArray<Field>
  readonly rest: ReadonlyArray<Rest>
  readonly book: Book | undefined
}

export const field = (name: NumberField, at: number, type: NumberType, scale: Scale = count): Field => ({
  name,
  at,
  type,
  scale
})

/** Of the packet's head, which the codec reads and writes by itself. */
export const head = (name: string, at: number, bytes: number): Rest => ({ name, at, bytes })

/** Means nothing, or nothing that we know. */
export const reserved = (at: number, bytes: number): Rest => ({ name: "reserved", at, bytes })

/** What readers can compute, so only the broker's side writes it. */
export const derived = (
  name: string,
  at: number,
  type: NumberType,
  of: (tick: Partial<Tick>, divisor: number) => number | undefined,
  scale: Scale = count
): Rest => ({
  name,
  at,
  bytes: type.bytes,
  write: (v, from, tick, divisor, little) => {
    const value = of(tick, divisor)
    if (value !== undefined) type.write(v, from, scale.write(value, divisor, 0), little)
  }
})

/** What the price has moved by since the close. */
export const changeOf = ({ close, ltp }: Partial<Tick>): number | undefined =>
  ltp === undefined || close === undefined ? undefined : ltp - close

/** Levels of both sides alike, one side after the other. */
export const book = (
  at: number,
  levels: number,
  stride: number,
  level: LevelLayout,
  options: { readonly dense?: boolean; readonly sell?: LevelLayout } = {}
): Book => ({
  buyAt: at,
  sellAt: at + levels * stride,
  buy: level,
  sell: options.sell ?? level,
  levels,
  stride,
  dense: options.dense ?? false
})

export const layout = (
  size: number,
  endian: "big" | "little",
  rows: ReadonlyArray<Field | Rest>,
  depth?: Book
): Layout => ({
  size,
  little: endian === "little",
  fields: rows.filter((row): row is Field => "type" in row),
  rest: rows.filter((row): row is Rest => !("type" in row)),
  book: depth
})

/** The shorter packet that begins like a longer one: what ends within `size`. */
export const cut = ({ book: depth, fields, little, rest }: Layout, size: number): Layout => ({
  size,
  little,
  fields: fields.filter(({ at, type }) => at + type.bytes <= size),
  rest: rest.filter(({ at, bytes }) => at + bytes <= size),
  book: depth !== undefined && Math.max(depth.buyAt, depth.sellAt) < size ? depth : undefined
})

/** Where a field begins, for what reads it by itself. */
export const offsetOf = ({ fields }: Layout, name: NumberField): number =>
  fields.find((f) => f.name === name)!.at

/** A packet as wire bytes of its own, zeros but for what the state has. */
export const packetOf = (packet: Layout, tick: Partial<Tick>, divisor: number, shift = 0): DataView => {
  const v = new DataView(new ArrayBuffer(packet.size))
  writePacket(packet, v, 0, tick, divisor, shift)
  return v
}

/** Writes a market state over zeros, all but the head. What the state does not have stays zero. */
export const writePacket = (
  { book: depth, fields, little, rest }: Layout,
  v: DataView,
  at: number,
  tick: Partial<Tick>,
  divisor: number,
  shift = 0
): void => {
  for (const { at: offset, name, scale, type } of fields) {
    const value = tick[name]
    if (value !== undefined) type.write(v, at + offset, scale.write(value, divisor, shift), little)
  }
  for (const { at: offset, write } of rest) write?.(v, at + offset, tick, divisor, little)
  if (depth === undefined || tick.depth === undefined) return
  const { levels, stride } = depth
  for (let i = 0; i < levels; i++) {
    const step = at + i * stride
    writeLevel(depth.buy, v, step + depth.buyAt, tick.depth.buy[i], divisor, little)
    writeLevel(depth.sell, v, step + depth.sellAt, tick.depth.sell[i], divisor, little)
  }
}

export const writeLevel = (
  { mark, orders, price: priceAt, quantity, scale, types }: LevelLayout,
  v: DataView,
  at: number,
  level: Level | undefined,
  divisor: number,
  little: boolean
): void => {
  if (level === undefined) return
  if (mark !== undefined) mark.type.write(v, at + mark.at, mark.value, little)
  types.quantity.write(v, at + quantity, level.quantity, little)
  types.price.write(v, at + priceAt, scale.write(level.price, divisor, 0), little)
  types.orders.write(v, at + orders, level.orders, little)
}
