/** What a frame tells, number by number, on its way into a snapshot. */
import { LTT, SLOTS, keys } from "./layout.ts"

/** Reused from frame to frame. */
export interface Fields {
  count: number
  /** Fields that should have been numbers and are not. */
  bad: number
  /** The first `count` are told: which field, and its value. */
  readonly slots: Uint8Array
  readonly values: Float64Array
}

export const makeFields = (): Fields => ({
  count: 0,
  bad: 0,
  slots: new Uint8Array(SLOTS),
  values: new Float64Array(SLOTS)
})

const indexOfKey: ReadonlyMap<string, number> = new Map(keys.map((key, slot) => [key, slot]))

const ZERO = 48
const NINE = 57

/** The number that a field tells; NaN where it tells none. */
const numberIn = (value: unknown): number => {
  if (typeof value === "number") return Number.isFinite(value) ? value : NaN
  // Number() would take `0x10` for 16, and blanks for 0.
  if (typeof value !== "string" || (value.charCodeAt(0) === ZERO && value.charCodeAt(1) > NINE)) return NaN
  const n = Number(value)
  if (n === 0) return value.includes("0") ? 0 : NaN
  return Number.isFinite(n) ? n : NaN
}

/** `13:58:37` as seconds of the day. Midnight stands for "no trade yet". */
const clockIn = (value: unknown): number => {
  if (typeof value !== "string") return NaN
  const parts = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(value)
  if (parts === null) return NaN
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3])
  return seconds === 0 ? NaN : seconds
}

/** The ways in which a wire says that there is no value. */
const isNone = (value: unknown): boolean => value === null || value === "" || value === "-"

/** The fields of any frame that `JSON.parse` has read; `Scanner` does the same for the everyday ones. */
export const pick = (message: Readonly<Record<string, unknown>>, fields: Fields): void => {
  fields.count = 0
  fields.bad = 0
  for (const key in message) {
    const slot = indexOfKey.get(key)
    if (slot === undefined) continue
    const value = message[key]
    const n = slot === LTT ? clockIn(value) : numberIn(value)
    if (n === n) {
      fields.slots[fields.count] = slot
      fields.values[fields.count++] = n
    } else if (!isNone(value)) fields.bad++
  }
}
