/**
 * Is a price plausible? An optional last check, against the circuit limits that the broker reports and against the
 * previous price. It cannot know the truth, only what is unlikely. So three prices in a row that agree with each
 * other are believed, whatever they are: after a split or a revised band, the remembered price is what is wrong.
 */
import type { Implausible, Tick } from "../../market/tick.ts"

export interface PlausibilityOptions {
  /** `mark` labels an implausible tick, `drop` rejects it. */
  readonly mode: "off" | "mark" | "drop"
  /** A price that differs by more than this from the previous one is a jump. */
  readonly percent: number
}

export const DEFAULT_PERCENT = 20

/** This many prices in a row that agree are believed. The last of them passes. */
const AGREEING = 3
/** An option at five paise doubles with one tick of its price: that is no jump. */
const LEAST_STEPS = 10
/** Used if the instrument table has no tick size. */
const USUAL_STEP = 0.05

/** What is remembered about an instrument on a connection. */
export interface PriceMemory {
  /** The last price that was believed. */
  last: number
  /** As the broker reports them. NaN before that. */
  upper: number
  lower: number
  /** False once believed prices have shown that the limits are out of date, until the broker reports others. */
  limited: boolean
  /** The implausible prices in a row that agree, and the last of them. */
  odd: number
  oddPrice: number
}

/** The first price of a connection is believed, unless its own packet's limits exclude it. */
export const newPriceMemory = (): PriceMemory => ({
  last: Number.NaN,
  upper: Number.NaN,
  lower: Number.NaN,
  limited: false,
  odd: 0,
  oddPrice: Number.NaN
})

const noteLimits = (seen: PriceMemory, upper: number, lower: number): void => {
  if (upper === seen.upper && lower === seen.lower) return
  seen.upper = upper
  seen.lower = lower
  seen.limited = upper > lower
}

const isJump = (from: number, to: number, percent: number, step: number): boolean => {
  const by = Math.abs(to - from)
  // False when there is no price before (NaN).
  return by > Math.abs(from) * (percent / 100) && by > LEAST_STEPS * step
}

/** For the tick path: allocates nothing. What is believed is remembered. */
export const judge = (
  seen: PriceMemory,
  tick: Tick,
  tickSize: number,
  percent: number
): Implausible | undefined => {
  const { ltp, lower_circuit: lower, upper_circuit: upper } = tick
  if (upper !== undefined && lower !== undefined) noteLimits(seen, upper, lower)
  if (ltp === undefined) return undefined
  const step = tickSize > 0 ? tickSize : USUAL_STEP
  const why =
    seen.limited && (ltp > seen.upper + step || ltp < seen.lower - step)
      ? "circuit"
      : isJump(seen.last, ltp, percent, step)
        ? "jump"
        : undefined
  if (why !== undefined) {
    seen.odd = seen.odd > 0 && !isJump(seen.oddPrice, ltp, percent, step) ? seen.odd + 1 : 1
    seen.oddPrice = ltp
    if (seen.odd < AGREEING) return why
    if (why === "circuit") seen.limited = false
  }
  seen.odd = 0
  seen.last = ltp
  return undefined
}

/** `off`, `mark`, `drop`, `mark:PERCENT` or `drop:PERCENT`; undefined for anything else. */
export const parsePlausibility = (text: string): PlausibilityOptions | undefined => {
  const found = /^(off|mark|drop)(?::(\d+(?:\.\d+)?))?$/.exec(text.trim().toLowerCase())
  if (found === null) return undefined
  const mode = found[1] as PlausibilityOptions["mode"]
  if (found[2] === undefined) return { mode, percent: DEFAULT_PERCENT }
  const percent = Number(found[2])
  return mode === "off" || !(percent > 0 && percent <= 1000) ? undefined : { mode, percent }
}
