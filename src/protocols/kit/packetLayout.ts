/**
 * Packets of fixed offsets as tables. A protocol's `layout.ts` lists each packet once: name, offset, type, scale. The broker's
 * side writes packets from the table (`writePacket`), the client's side reads them with code compiled from it
 * (`packetDecoder.ts`), and `test/unit/protocols/packetLayouts.test.ts` checks that the table covers the packet's bytes, all of
 * them and each of them once.
 */
import type { Level, Tick } from "../../market/tick.ts"
import type { NumberType, Scale } from "./packetNumbers.ts"
import { count } from "./packetNumbers.ts"

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
