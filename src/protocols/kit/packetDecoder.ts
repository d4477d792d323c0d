/**
 * Packets to ticks, by the packet's table (`packetLayout.ts`), compiled into straight code.
 *
 * Each packet has its one literal for the everyday case, in which every price and time is there, so that almost all ticks
 * share a few hidden classes. Zero prices and times mean "none yet": ticks with one are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import type { Extra } from "./packetCode.ts"
import { compiledLevel, compiledPacket, inOrder } from "./packetCode.ts"
import type { Book, Layout, LevelLayout } from "./packetLayout.ts"

/**
 * @param at where the packet begins
 * @param divisor of the segment's prices
 * @param shift what the scales of times make of it
 */
export type DecodePacket<Result = TickDraft, Beside = never> = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  divisor: number,
  shift?: number,
  beside?: Beside
) => Result

/** Of a packet whose prices may be no numbers: undefined then. */
export const fallibleDecoder = (packet: Layout, mode: Mode): DecodePacket<TickDraft | undefined> =>
  decoder(packet, mode, "")

export const packetDecoder = (packet: Layout, mode: Mode): DecodePacket =>
  fallibleDecoder(packet, mode) as DecodePacket

/**
 * It may be given an older tick to write over: a whole one is, which saves all that the new one would allocate (measured: 1300
 * bytes for five levels).
 */
export const reusingDecoder = (packet: Layout, mode: Mode): DecodePacket<TickDraft, Tick | undefined> =>
  decoder(packet, mode, "spare") as DecodePacket<TickDraft, Tick | undefined>

/** It is given the book: of packets that say how long theirs is, the codec reads it by itself. */
export const decoderWithBook = (packet: Layout, mode: Mode): DecodePacket<TickDraft, Depth> =>
  decoder(packet, mode, "depth") as DecodePacket<TickDraft, Depth>

type Decoder = DecodePacket<TickDraft | undefined, unknown>

const decoder = (packet: Layout, mode: Mode, extra: Extra): Decoder =>
  (compiledPacket(packet, mode, extra) as Decoder | undefined) ?? walk(packet, mode, extra)

type DecodeLevel = (v: DataView, at: number, divisor: number) => Level

/** One level by itself, for books of any length. */
export const levelDecoder = (level: LevelLayout, endian: "big" | "little"): DecodeLevel => {
  const little = endian === "little"
  const compiled = compiledLevel(level, little) as DecodeLevel | undefined
  return compiled ?? ((v, at, divisor) => readLevel(level, v, at, divisor, little))
}

/** The same without compiling, ten times slower. */
const walk = ({ book, fields, little }: Layout, mode: Mode, extra: Extra): Decoder => {
  const ordered = inOrder(fields)
  return (v, at, { exchange, symbol }, received_time, divisor, shift = 0, beside) => {
    const tick: TickDraft = { symbol, exchange, mode, received_time }
    for (const { at: offset, name, scale, type } of ordered) {
      const value = scale.read(type.read(v, at + offset, little), divisor, shift)
      if (scale.mayFail === true && !Number.isFinite(value)) return undefined
      if (value !== 0 || !scale.zeroIsNone) tick[name] = value
    }
    if (extra === "depth") tick.depth = beside as Depth
    if (book === undefined) return tick
    const buy = readSide(book, book.buy, v, at + book.buyAt, divisor, little)
    const sell = readSide(book, book.sell, v, at + book.sellAt, divisor, little)
    if (book.buy.scale.mayFail === true && ![...buy, ...sell].every((l) => Number.isFinite(l.price))) {
      return undefined
    }
    tick.depth = { buy, sell }
    return tick
  }
}

const readSide = (
  { dense, levels, stride }: Book,
  level: LevelLayout,
  v: DataView,
  from: number,
  divisor: number,
  little: boolean
): ReadonlyArray<Level> =>
  Array.from({ length: levels }, (_, i) => readLevel(level, v, from + i * stride, divisor, little)).filter(
    ({ price, quantity }) => !dense || price !== 0 || quantity !== 0
  )

const readLevel = (
  { orders, price, quantity, scale, types }: LevelLayout,
  v: DataView,
  at: number,
  divisor: number,
  little: boolean
): Level => ({
  price: scale.read(types.price.read(v, at + price, little), divisor, 0),
  quantity: types.quantity.read(v, at + quantity, little),
  orders: types.orders.read(v, at + orders, little)
})
