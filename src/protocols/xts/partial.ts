/**
 * Changes as text: `t:1_22,ltp:1567.95,v:253453,bi:0|10|1567.9|2`. Only what changed is there, laid over the last
 * message of the same kind.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, TickDraft } from "../../market/tick.ts"
import { MAX_TIME, MIN_TIME } from "../../market/tickRules.ts"
import { isCount } from "../kit/text.ts"
import type { MessageCode } from "./layout.ts"
import { DEPTH, LTP, OPEN_INTEREST, toEpochMs } from "./layout.ts"
import type { Known } from "./ticks.ts"
import { EMPTY_ROW, NO_ROWS, filled } from "./ticks.ts"

export interface Changes {
  readonly segment: number
  readonly id: number
  /** `key:value` */
  readonly fields: ReadonlyArray<string>
}

const ADDRESS = /^t:(\d{1,5})_(\d{1,15})$/

/** `undefined` without the address of an instrument at the beginning. */
export const readChanges = (text: string): Changes | undefined => {
  const [first, ...fields] = text.split(",")
  const address = ADDRESS.exec(first ?? "")
  return address === null ? undefined : { segment: Number(address[1]), id: Number(address[2]), fields }
}

const PRICES = { ltp: "ltp", o: "open", h: "high", l: "low", c: "close", ap: "average_price" } as const
const QUANTITIES = {
  ltq: "ltq",
  v: "volume",
  tb: "total_buy_quantity",
  ts: "total_sell_quantity",
  oi: "oi"
} as const
const TIMES = { ltt: "ltt", lut: "exchange_time" } as const

const own = <A extends object>(table: A, key: string): A[keyof A] | undefined =>
  Object.hasOwn(table, key) ? table[key as keyof A] : undefined

/** Told of what was left out of a change: counts and times that are none. */
export type LeaveOut = (field: keyof TickDraft, value: string) => void

/**
 * What is no count or time is left out and not remembered, since it would spoil every tick after it; a level with such a count is
 * taken out of the book until it is told again.
 *
 * @returns the merged message, or what is wrong with it: a price that is none, or nothing but what must be left out; undefined
 * when nothing of a tick is in it
 */
export const merge = (
  code: MessageCode,
  { fields, segment }: Changes,
  known: Known | undefined,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  leaveOut: LeaveOut
): Known | string | undefined => {
  const tick: TickDraft =
    known === undefined ? { symbol, exchange, mode: "ltp", received_time } : { ...known.tick, received_time }
  let buy = known?.buy ?? NO_ROWS
  let sell = known?.sell ?? NO_ROWS
  let touched = known !== undefined
  let told = 0
  const left: Array<readonly [field: keyof TickDraft, value: string]> = []
  for (const field of fields) {
    const colon = field.indexOf(":")
    if (colon < 0) return `"${field}" has no value`
    const text = field.slice(colon + 1)
    let key = field.slice(0, colon)
    // In messages of open interest this is not the opening price.
    if (code === OPEN_INTEREST && key === "o") key = "oi"
    if (key === "bi" || key === "ai") {
      if (code !== DEPTH) continue
      const side = mergeRows(key === "bi" ? buy : sell, text)
      if (typeof side === "string") return side
      if (key === "bi") buy = side.rows
      else sell = side.rows
      for (const row of side.bad) left.push(["depth", row])
      told += side.told
      touched = true
      continue
    }
    const asPrice = own(PRICES, key)
    const asQuantity = own(QUANTITIES, key)
    const asTime = own(TIMES, key)
    if (asPrice === undefined && asQuantity === undefined && asTime === undefined) continue
    // As in rows: unchanged.
    if (text === "" || text === "NaN") continue
    const value = numberOf(text)
    if (asPrice !== undefined) {
      if (value === undefined) return `${key} is "${text}"`
      if (value === 0) delete tick[asPrice]
      else tick[asPrice] = value
    } else if (asQuantity !== undefined) {
      if (!isCount(value)) {
        left.push([asQuantity, text])
        continue
      }
      tick[asQuantity] = value
    } else {
      const time = value === undefined ? NaN : toEpochMs(value, segment)
      if (time !== 0 && !isTime(time)) {
        left.push([asTime!, text])
        continue
      }
      if (time === 0) delete tick[asTime!]
      else tick[asTime!] = time
    }
    touched = true
    told++
  }
  if (told === 0 && left.length > 0) return left.map(([field, value]) => `${field} is "${value}"`).join(", ")
  if (!touched) return undefined
  for (const [field, value] of left) leaveOut(field, value)
  if (code === DEPTH && (tick.depth !== undefined || buy.length > 0 || sell.length > 0)) {
    tick.depth = { buy: filled(buy), sell: filled(sell) }
  }
  tick.mode = modeOf(code, tick)
  return { tick, buy, sell, whole: known?.whole ?? false }
}

const modeOf = (code: MessageCode, t: TickDraft): TickDraft["mode"] => {
  if (t.depth !== undefined) return "depth"
  if (code === LTP) return "ltp"
  const prices = t.open ?? t.high ?? t.low ?? t.close ?? t.average_price
  const counts = t.volume ?? t.total_buy_quantity ?? t.total_sell_quantity ?? t.oi
  return t.ltp !== undefined && prices === undefined && counts === undefined ? "ltp" : "quote"
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/

const numberOf = (text: string): number | undefined => {
  if (!NUMBER.test(text)) return undefined
  const n = Number(text)
  return Number.isFinite(n) ? n : undefined
}

const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && ms >= MIN_TIME && ms <= MAX_TIME

/** Books of this wire have five rows; a few more do no harm. */
const MAX_ROWS = 200

/** A side of the book after a change. */
interface Side {
  readonly rows: ReadonlyArray<Level>
  /** Rows whose counts are none. */
  readonly bad: ReadonlyArray<string>
  /** How many are good. */
  readonly told: number
}

/** Rows `index|size|price|orders` one after the other; an empty part is unchanged, and a lone part at the end noise. */
const mergeRows = (rows: ReadonlyArray<Level>, text: string): Side | string => {
  const parts = text.split("|")
  const merged = [...rows]
  const bad: Array<string> = []
  let told = 0
  for (let at = 0; at + 4 <= parts.length; at += 4) {
    const index = numberOf(parts[at]!)
    if (!isCount(index) || index >= MAX_ROWS) return `row "${parts[at]}" of the book`
    const before = merged[index] ?? EMPTY_ROW
    const quantity = parts[at + 1] === "" ? before.quantity : numberOf(parts[at + 1]!)
    const price = parts[at + 2] === "" ? before.price : numberOf(parts[at + 2]!)
    const orders = parts[at + 3] === "" ? before.orders : numberOf(parts[at + 3]!)
    const row = parts.slice(at, at + 4).join("|")
    if (price === undefined) return `row ${index} of the book is "${row}"`
    const counted = isCount(quantity) && isCount(orders)
    if (counted) told++
    else bad.push(row)
    // Without a row to change, a change that does not tell the price is no level.
    if (price === 0 && parts[at + 2] === "") continue
    while (merged.length < index) merged.push(EMPTY_ROW)
    merged[index] = counted ? { price, quantity, orders } : EMPTY_ROW
  }
  return { rows: merged, bad, told }
}
