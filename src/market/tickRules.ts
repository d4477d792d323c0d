/**
 * The Tick Schema's rules as data: what may be in the fields that `tickFields.ts` lists.
 *
 * The Schema stays the truth for the types and uses this for the bounds of its numbers. The tick path runs the check
 * that `tickCheck.ts` compiles from the same table; `test/unit/market/tickCheck.test.ts` proves that the Schema, the
 * walk below and the compiled check accept and refuse the same.
 */
import { isObject } from "../kit/isObject.ts"
import { modes } from "./mode.ts"
import { doubts, fieldsOf, isOwn, tickFields } from "./tickFields.ts"
import type { Kind, Section } from "./tickFields.ts"

/** Beyond this no price is believed; the largest real one (an index) is some six orders smaller. */
export const MAX_PRICE = 1e12
/** 2001-09-09 to 2100-01-01: a time outside is a decoding mistake or a broken clock. */
export const MIN_TIME = 1_000_000_000_000
export const MAX_TIME = 4_102_444_800_000

/** What may be in a field. */
export type Rule =
  | { readonly is: "text" }
  | { readonly is: "word"; readonly of: ReadonlyArray<string> }
  | { readonly is: "number"; readonly from: number; readonly to: number; readonly whole: boolean }
  | { readonly is: "book" }

const time: Rule = { is: "number", from: MIN_TIME, to: MAX_TIME, whole: true }
const price: Rule = { is: "number", from: -MAX_PRICE, to: MAX_PRICE, whole: false }
const quantity: Rule = { is: "number", from: 0, to: Number.MAX_SAFE_INTEGER, whole: true }

const ruleOf: Readonly<Record<Kind, Rule>> = {
  text: { is: "text" },
  mode: { is: "word", of: modes },
  doubt: { is: "word", of: doubts },
  price,
  percent: price,
  quantity,
  signedQuantity: {
    is: "number",
    from: Number.MIN_SAFE_INTEGER,
    to: Number.MAX_SAFE_INTEGER,
    whole: true
  },
  time,
  book: { is: "book" }
}

export type Rules = Readonly<Record<string, Rule>>

const own = (section: Section) => fieldsOf(section).filter(([, field]) => isOwn(field))

const rulesOf = (section: Section): Rules =>
  Object.fromEntries(own(section).map(([name, { kind }]) => [name, ruleOf[kind]]))

const { auction, book, day, head, marks, times } = tickFields
/**
 * The book comes last, as in the compiled check: to walk it is a call, after which the engine looks at the tick's shape again for
 * each field (a full packet took 83 ns instead of 71).
 */
const mayBeAbsent: Section = { ...times, ...day, ...auction, ...marks, ...book }

/** The fields that every tick has. */
export const required: Rules = rulesOf(head)

/** The fields that may be absent; `undefined` is not absent. */
export const optional: Rules = rulesOf(mayBeAbsent)

/** The fields of a level of the book: all of them, always. No literal, which would share the hidden class of real levels. */
export const ofLevel: Rules = Object.fromEntries([
  ["price", price],
  ["quantity", quantity],
  ["orders", quantity]
])

/** All of them. */
export const known: ReadonlyMap<string, Rule> = new Map(Object.entries({ ...required, ...optional }))
const requiredNames = Object.keys(required)
const levelRules = Object.entries(ofLevel)

/** Whatever a decoder made; nothing about it is believed yet. */
export type Unchecked = { readonly [field: string]: unknown }

/**
 * The first field that is not as it should be; undefined for a good tick. One walk over the keys that the tick has: to
 * ask for each that it might have took twice as long (measured: 730 ns a quote instead of 370).
 */
export const badField = (t: Unchecked): string | undefined => {
  for (const name of requiredNames) if (t[name] === undefined) return name
  for (const name in t) {
    const rule = known.get(name)
    if (rule === undefined) continue
    const value = t[name]
    if (rule.is === "book") {
      const part = badPart(value)
      if (part !== undefined) return part
    } else if (!holds(rule, value)) return name
  }
  return undefined
}

const holds = (rule: Rule, value: unknown): boolean => {
  switch (rule.is) {
    case "number":
      // Every comparison is false for NaN, so NaN and the infinities are out of bounds too.
      return (
        typeof value === "number" &&
        value >= rule.from &&
        value <= rule.to &&
        (!rule.whole || Math.floor(value) === value)
      )
    case "text":
      return typeof value === "string" && value !== ""
    case "word":
      return rule.of.includes(value as string)
    case "book":
      return badPart(value) === undefined
  }
}

const badPart = (book: unknown): string | undefined => {
  if (!isObject(book)) return "depth"
  if (!isSide(book["buy"])) return "depth.buy"
  return isSide(book["sell"]) ? undefined : "depth.sell"
}

const isSide = (levels: unknown): boolean => {
  if (!Array.isArray(levels)) return false
  // By index: every() passes over holes.
  for (let i = 0; i < levels.length; i++) if (!isLevel(levels[i])) return false
  return true
}

const isLevel = (level: unknown): boolean => {
  if (!isObject(level)) return false
  for (const [name, rule] of levelRules) if (!holds(rule, level[name])) return false
  return true
}

const namesOf = (kinds: ReadonlyArray<Kind>): ReadonlyArray<string> =>
  own(mayBeAbsent).flatMap(([name, { kind }]) => (kinds.includes(kind) ? [name] : []))

/**
 * The fields that a tick is still good without: counts and times. A wrong price is worse than none and takes the tick with
 * it, and so does what says whose prices they are.
 */
const dispensable: ReadonlySet<string> = new Set(namesOf(["time", "quantity", "signedQuantity"]))

/** A tick with only these fields carries no information. */
const besides: ReadonlySet<string> = new Set([...requiredNames, ...namesOf(["time", "doubt"])])

/** A bad tick made good. */
export interface Mended {
  readonly tick: Unchecked
  readonly leftOut: ReadonlyArray<string>
}

/**
 * A copy without the fields that break their rule, where all of them are dispensable and something is left to tell. A book
 * whose prices are good and some of whose counts are not is left out as a whole, for a level without its quantity is none; the
 * tick is no richer than a quote then.
 *
 * @returns undefined for a tick that must be rejected
 */
export const withoutBadFields = (t: Unchecked): Mended | undefined => {
  for (const [name, rule] of Object.entries(required)) if (!holds(rule, t[name])) return undefined
  const tick: Record<string, unknown> = {}
  const leftOut: Array<string> = []
  let tells = false
  for (const name in t) {
    const rule = known.get(name)
    const value = t[name]
    if (rule === undefined || holds(rule, value)) {
      tick[name] = value
      if (rule !== undefined && !besides.has(name)) tells = true
    } else if (rule.is === "book" ? badLevelCount(value) !== undefined : dispensable.has(name)) {
      leftOut.push(name)
    } else return undefined
  }
  if (!tells) return undefined
  if (tick["mode"] === "depth" && leftOut.includes("depth")) tick["mode"] = "quote"
  return { tick, leftOut }
}

/** Where a book's first bad count is, in words; undefined for a book that has another fault, or none. */
export const badLevelCount = (book: unknown): string | undefined => {
  if (!isObject(book)) return undefined
  let found: string | undefined
  for (const side of ["buy", "sell"]) {
    const levels = book[side]
    if (!Array.isArray(levels)) return undefined
    for (let i = 0; i < levels.length; i++) {
      const level: unknown = levels[i]
      if (!isObject(level) || !holds(price, level["price"])) return undefined
      for (const name of ["quantity", "orders"]) {
        if (!holds(quantity, level[name])) found ??= `${name} of level ${i + 1} to ${side}`
      }
    }
  }
  return found
}

const EXPECTED = `expected a price within ${MAX_PRICE}, a whole quantity of 0 or more (an imbalance may be negative), or epoch milliseconds of 2001 to 2100`

/** The same as the Schema's check, after the Schema has seen to the types. */
export const outOfBounds = (
  t: Unchecked
): { readonly path: ReadonlyArray<PropertyKey>; readonly issue: string } | undefined => {
  const field = badField(t)
  return field === undefined ? undefined : { path: field.split("."), issue: EXPECTED }
}
