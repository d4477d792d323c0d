/** The JavaScript of a packet's decoder, from its table. What comes of it is what one would write by hand, and as fast. */
import type { Mode } from "../../market/mode.ts"
import { optional } from "../../market/tickRules.ts"
import { compile } from "../../kit/compile.ts"
import { unsignedPrice } from "./bytes.ts"
import { count } from "./packetNumbers.ts"
import type { Book, Field, Layout, LevelLayout } from "./packetLayout.ts"
import type { NumberType, Scale } from "./packetNumbers.ts"

/** What a decoder takes beside the packet: an older tick to write over, or a book. */
export type Extra = "" | "spare" | "depth"

/** Ticks of all packets have their fields in this order, so that their hidden classes have much in common. */
const ORDER = Object.keys(optional)
export const inOrder = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> =>
  fields.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name))

/**
 * Undefined where the process may not compile texts (--disallow-code-generation-from-strings).
 *
 * @param write the text of a function, by the text of a number at an offset
 */
const compiled = (little: boolean, write: (valueOf: ValueText) => string): unknown => {
  const called: Array<Scale> = []
  const body = write((type, scale, at) => {
    const raw = type.code(at, little)
    if (scale.code !== undefined) return scale.code(raw)
    if (!called.includes(scale)) called.push(scale)
    return `scale${called.indexOf(scale)}(${raw}, divisor, shift)`
  })
  const scales = called.map((_, i) => `const scale${i} = scales[${i}].read\n`).join("")
  return compile(`${scales}${body}`, { unsignedPrice, scales: called })
}

type ValueText = (type: NumberType, scale: Scale, at: string) => string

export const compiledLevel = (level: LevelLayout, little: boolean): unknown =>
  compiled(little, (valueOf) => `return (v, at, divisor, shift) => (${levelText(level, valueOf)})`)

export const compiledPacket = (packet: Layout, mode: Mode, extra: Extra): unknown =>
  compiled(packet.little, (valueOf) => packetText(packet, mode, extra, valueOf))

const packetText = ({ book, fields }: Layout, mode: Mode, extra: Extra, valueOf: ValueText): string => {
  const ordered = inOrder(fields)
  const names = ordered.map(({ name }) => name)
  const perhaps = ordered.filter(({ scale }) => scale.zeroIsNone).map(({ name }) => name)
  const always = names.filter((name) => !perhaps.includes(name))
  const failing = ordered.filter(({ scale }) => scale.mayFail === true).map(({ name }): string => name)
  if (book?.buy.scale.mayFail === true) failing.push(...pricesOf(book))
  const depth = book === undefined && extra !== "depth" ? [] : ["depth"]
  const literal = (fields: ReadonlyArray<string>): string =>
    `{ ${["symbol", "exchange", `mode: "${mode}"`, "received_time", ...fields, ...depth].join(", ")} }`
  const whole = perhaps.map((name) => `${name} !== 0`).join(" && ") || "true"
  const values = ["symbol", "exchange", "received_time", ...names, ...depth]
  // Apart, because what is seldom needed would keep the engine from inlining the rest.
  const part = `const part = (${values.join(", ")}) => {
  const tick = ${literal(always)}
  ${perhaps.map((name) => `if (${name} !== 0) tick.${name} = ${name}`).join("\n  ")}
  return tick
}`
  return `${book === undefined ? "" : sidesText(book, valueOf)}
${part}
return (v, at, instrument, received_time, divisor, shift${extra === "" ? "" : `, ${extra}`}) => {
  const { symbol, exchange } = instrument
  ${ordered.map(({ at, name, scale, type }) => `const ${name} = ${valueOf(type, scale, `at + ${at}`)}`).join("\n  ")}
  ${book === undefined ? "" : bookText(book, extra === "spare" ? overText(book, names, perhaps) : "")}
  ${failing.length === 0 ? "" : `if (!Number.isFinite(${failing.join(" + ")})) return undefined`}
  if (${whole}) return ${literal(names)}
  return part(${values.join(", ")})
}`
}

/** What is no number stays none in a sum. */
const pricesOf = ({ levels }: Book): ReadonlyArray<string> =>
  ["buy", "sell"].flatMap((side) => Array.from({ length: levels }, (_, i) => `depth.${side}[${i}].price`))

/** A spare tick is written over before anything is made. */
const bookText = ({ buyAt, sellAt }: Book, over: string): string => `${over}
  const depth = {
    buy: buySide(v, at + ${buyAt}, divisor, shift),
    sell: sellSide(v, at + ${sellAt}, divisor, shift)
  }`

/** Ticks of other packets, and those without a trade, lack one of the fields; one that was marked has a field too many. */
const overText = (
  { buyAt, sellAt }: Book,
  names: ReadonlyArray<string>,
  perhaps: ReadonlyArray<string>
): string => {
  const there = perhaps.map((name) => ` && ${name} !== 0 && spare.${name} !== undefined`).join("")
  return `if (spare !== undefined && spare.mode === "depth" && spare.implausible === undefined${there}) {
    spare.received_time = received_time
    ${names.map((name) => `spare.${name} = ${name}`).join("\n    ")}
    buyOver(spare.depth.buy, v, at + ${buyAt}, divisor, shift)
    sellOver(spare.depth.sell, v, at + ${sellAt}, divisor, shift)
    return spare
  }`
}

const partsOf = ({ orders, price, quantity, scale, types }: LevelLayout, valueOf: ValueText) => ({
  price: valueOf(types.price, scale, `at + ${price}`),
  quantity: valueOf(types.quantity, count, `at + ${quantity}`),
  orders: valueOf(types.orders, count, `at + ${orders}`)
})

const levelText = (level: LevelLayout, valueOf: ValueText): string => {
  const { orders, price, quantity } = partsOf(level, valueOf)
  return `{ price: ${price}, quantity: ${quantity}, orders: ${orders} }`
}

const sidesText = ({ buy, dense, levels, sell, stride }: Book, valueOf: ValueText): string => {
  const each = `for (let i = 0; i < ${levels}; i++, at += ${stride})`
  const side = (name: string, level: LevelLayout): string => {
    const { orders, price, quantity } = partsOf(level, valueOf)
    const steps = Array.from(
      { length: levels },
      (_, i) => `${name}Level(v, at + ${i * stride}, divisor, shift)`
    )
    const filled = `{
  const levels = []
  ${each} {
    const price = ${price}
    const quantity = ${quantity}
    if (price !== 0 || quantity !== 0) levels.push({ price, quantity, orders: ${orders} })
  }
  return levels
}`
    // A price that a call returns is a heap object first; an array that grows costs more than one that is written out.
    return `const ${name}Level = (v, at, divisor, shift) => (${levelText(level, valueOf)})
const ${name}Side = (v, at, divisor, shift) => ${dense ? filled : `[${steps.join(", ")}]`}
const ${name}Over = (side, v, at, divisor, shift) => {
  ${each} {
    const level = side[i]
    level.price = ${price}
    level.quantity = ${quantity}
    level.orders = ${orders}
  }
}
`
  }
  return side("buy", buy) + side("sell", sell)
}
