/**
 * Packets to ticks, by the packet's table (`packetLayout.ts`), compiled into straight code: what one would write by hand, and as
 * fast (a walk along the table takes some ten times as long).
 *
 * Each packet has its one literal for the everyday case, in which every price and time is there, so that almost all ticks
 * share a few hidden classes. Zero prices and times mean "none yet": ticks with one are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { optional } from "../../market/tickRules.ts"
import { i64be, i64le, unsignedPrice } from "./bytes.ts"
import { count } from "./packetLayout.ts"
import type { Book, Field, Layout, LevelLayout, NumberType, Scale } from "./packetLayout.ts"

/**
 * @param at where the packet begins
 * @param divisor of the segment's prices
 * @param shift what the scales of times make of it
 * @param spare an older tick that may be written over, where the layout was compiled for it: a whole one is, which saves all
 * that the new one would allocate (measured: 1300 bytes for five levels)
 */
export type DecodePacket<Result = TickDraft> = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  divisor: number,
  shift?: number,
  spare?: Tick
) => Result

interface Options {
  /** Write over spare ticks. */
  readonly reuse?: boolean
  /** The book is the codec's to read, as the packet says how long it is: it comes as the last argument. */
  readonly givenBook?: boolean
}

/** Ticks of all packets have their fields in this order, so that their hidden classes have much in common. */
const ORDER = Object.keys(optional)
const inOrder = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> =>
  fields.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name))

/** Of a packet whose prices may be no numbers: undefined then. */
export const fallibleDecoder = (packet: Layout, mode: Mode): DecodePacket<TickDraft | undefined> =>
  compiled(packet, mode, false) ?? walk(packet, mode)

export const packetDecoder = (packet: Layout, mode: Mode, { reuse = false }: Options = {}): DecodePacket =>
  (compiled(packet, mode, reuse) ?? walk(packet, mode)) as DecodePacket

let made = 0

/** Undefined where the process may not compile texts (--disallow-code-generation-from-strings). */
const compiled = (
  packet: Layout,
  mode: Mode,
  reuse: boolean
): DecodePacket<TickDraft | undefined> | undefined => {
  const scales: Array<Scale> = []
  // The number makes each text another one, and what the engine learns from it the packet's own.
  const text = `"use strict" // packet ${made++}\n${textOf(packet, mode, reuse, scales)}`
  try {
    const make = new Function("i64le", "i64be", "unsignedPrice", "scales", text)
    return make(i64le, i64be, unsignedPrice, scales) as DecodePacket<TickDraft | undefined>
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/** @param scales those that are called take their place here */
const textOf = (
  { book, fields, little }: Layout,
  mode: Mode,
  reuse: boolean,
  scales: Array<Scale>
): string => {
  const valueOf = (type: NumberType, scale: Scale, at: string): string => {
    const raw = type.code(at, little)
    if (scale.code !== undefined) return scale.code(raw)
    if (!scales.includes(scale)) scales.push(scale)
    return `scale${scales.indexOf(scale)}(${raw}, divisor, shift)`
  }
  const ordered = inOrder(fields)
  const optional = ordered.filter(({ scale }) => scale.zeroIsNone).map(({ name }) => name)
  const always = ordered.filter(({ scale }) => !scale.zeroIsNone).map(({ name }) => name)
  const failing = ordered.filter(({ scale }) => scale.mayFail === true).map(({ name }) => name)
  const depth = book === undefined ? [] : ["depth"]
  const start = `symbol, exchange, mode: "${mode}", received_time`
  const literal = (names: ReadonlyArray<string>): string => `{ ${[start, ...names].join(", ")} }`
  const condition = optional.map((name) => `${name} !== 0`).join(" && ") || "true"
  const body = `
    const { symbol, exchange } = instrument
${ordered.map(({ at, name, scale, type }) => `    const ${name} = ${valueOf(type, scale, `at + ${at}`)}\n`).join("")}
${failing.length === 0 ? "" : `    if (!Number.isFinite(${failing.join(" + ")})) return undefined`}
${book === undefined ? "" : bookText(book, reuse, ordered)}
    if (${condition}) return ${literal([...ordered.map(({ name }) => name), ...depth])}
    const tick = ${literal([...always, ...depth])}
${optional.map((name) => `    if (${name} !== 0) tick.${name} = ${name}\n`).join("")}
    return tick`
  const helpers = book === undefined ? "" : levelsText(book, valueOf)
  return `${scales.map((_, i) => `const scale${i} = scales[${i}].read\n`).join("")}
${helpers}
  return (v, at, instrument, received_time, divisor, shift, spare) => {${body}
  }`
}

/** The book last: a spare tick's is written over, and a price in it that is no number costs the packet. */
const bookText = (
  { buy, buyAt, sell, sellAt }: Book,
  reuse: boolean,
  fields: ReadonlyArray<Field>
): string => {
  const whole = fields.filter(({ scale }) => scale.zeroIsNone)
  const everyday = whole.map(({ name }) => `${name} !== 0 && spare.${name} !== undefined`)
  const kept = [
    "spare !== undefined",
    `spare.mode === "depth"`,
    "spare.implausible === undefined",
    ...everyday
  ]
  const over = `    if (${kept.join(" && ")}) {
      spare.received_time = received_time
${fields.map(({ name }) => `      spare.${name} = ${name}\n`).join("")}
      overBuy(spare.depth.buy, v, at + ${buyAt}, divisor)
      overSell(spare.depth.sell, v, at + ${sellAt}, divisor)
      return spare
    }
`
  const fails = buy.scale.mayFail === true || sell.scale.mayFail === true
  return `${reuse ? over : ""}
    const depth = {
      buy: buySide(v, at + ${buyAt}, divisor, shift),
      sell: sellSide(v, at + ${sellAt}, divisor, shift)
    }
${fails ? "    if (!Number.isFinite(sumOf(depth.buy) + sumOf(depth.sell))) return undefined" : ""}`
}

const levelsText = (
  { buy, dense, levels, sell, stride }: Book,
  valueOf: (type: NumberType, scale: Scale, at: string) => string
): string => {
  const parts = ({ orders, price, quantity, scale, types }: LevelLayout) => ({
    price: valueOf(types.price, scale, `at + ${price}`),
    quantity: valueOf(types.quantity, count, `at + ${quantity}`),
    orders: valueOf(types.orders, count, `at + ${orders}`)
  })
  // Written out, because growing an array costs more than filling it.
  const each = (name: string): string =>
    Array.from({ length: levels }, (_, i) => `${name}Level(v, at + ${i * stride}, divisor, shift)`).join(", ")
  const side = (name: string, level: LevelLayout): string => {
    const { orders, price, quantity } = parts(level)
    const filled = `{
    const levels = []
    for (let i = 0; i < ${levels}; i++, at += ${stride}) {
      const price = ${price}
      const quantity = ${quantity}
      if (price !== 0 || quantity !== 0) levels.push({ price, quantity, orders: ${orders} })
    }
    return levels
  }`
    return `
  const ${name}Level = (v, at, divisor, shift) => ({ price: ${price}, quantity: ${quantity}, orders: ${orders} })
  const ${name}Side = (v, at, divisor, shift) => ${dense ? filled : `[${each(name)}]`}
  const over${name[0]!.toUpperCase()}${name.slice(1)} = (side, v, at, divisor, shift) => {
    for (let i = 0; i < ${levels}; i++, at += ${stride}) {
      const level = side[i]
      level.price = ${price}
      level.quantity = ${quantity}
      level.orders = ${orders}
    }
  }`
  }
  return `${side("buy", buy)}${side("sell", sell)}
  const sumOf = (levels) => {
    let sum = 0
    for (let i = 0; i < levels.length; i++) sum += levels[i].price
    return sum
  }`
}

/** The same without compiling. */
const walk = ({ book, fields, little }: Layout, mode: Mode): DecodePacket<TickDraft | undefined> => {
  const ordered = inOrder(fields)
  return (v, at, { exchange, symbol }, received_time, divisor, shift = 0) => {
    const tick: TickDraft = { symbol, exchange, mode, received_time }
    for (const { at: offset, name, scale, type } of ordered) {
      const value = scale.read(type.read(v, at + offset, little), divisor, shift)
      if (scale.mayFail === true && !Number.isFinite(value)) return undefined
      if (value !== 0 || !scale.zeroIsNone) tick[name] = value
    }
    if (book === undefined) return tick
    const buy = sideOf(book, book.buy, v, at + book.buyAt, divisor, little)
    const sell = sideOf(book, book.sell, v, at + book.sellAt, divisor, little)
    if (book.buy.scale.mayFail === true && ![...buy, ...sell].every((l) => Number.isFinite(l.price)))
      return undefined
    tick.depth = { buy, sell }
    return tick
  }
}

const sideOf = (
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
