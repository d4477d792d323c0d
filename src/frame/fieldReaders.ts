/**
 * Reads a tick's numbers into an array, for the frame writer.
 *
 * A process sees dozens of hidden classes of ticks, so in code that all share every read of a field is a search: a third of
 * a quote's time and a tenth of a depth frame's. Those of one broker in one mode come in a few. So these share code of their own, as the guard's checks do
 * (see `market/tickCheck.ts`, also for why texts are numbered).
 */
import type { Mode } from "../market/mode.ts"
import type { Depth, Tick } from "../market/tick.ts"

/** Writes NaN for what the tick does not have; returns its book. */
export type ReadFields = (tick: Tick, values: Float64Array) => Depth | undefined

/** Where a field goes: one place or two. */
export type Places = ReadonlyArray<readonly [field: keyof Tick, first: number, second?: number]>

/** Fields of rare occasions, which most ticks should not have to pay for: one place says whether any of them is there. */
export interface Rare {
  /** 1 where the tick has some of them; else 0, and their places are not written. */
  readonly flag: number
  readonly places: Places
}

const reads = (places: Places): string =>
  places
    .map(
      ([field, ...at]) =>
        `  { const v = t.${field}; ${at.map((i) => `values[${i}] = `).join("")}v === undefined ? NaN : v }\n`
    )
    .join("")

const textOf = (places: Places, rare: Rare | undefined): string => `"use strict"
return (t, values) => {
${reads(places)}${rare === undefined ? "" : rarely(rare)}
  return t.depth
}`

/** Of a tick without them all these fields together are one comparison of its shape. */
const rarely = ({ flag, places }: Rare): string => `
  if (${places.map(([field]) => `t.${field} === undefined`).join(" && ")}) values[${flag}] = 0
  else {
    values[${flag}] = 1
${reads(places)}  }`

/** The same without compiling. */
const plain = (places: Places, rare: Rare | undefined): ReadFields => {
  const read = (tick: Tick, values: Float64Array, from: Places): void => {
    for (const [field, first, second] of from) {
      const value = tick[field]
      values[first] = typeof value === "number" ? value : Number.NaN
      if (second !== undefined) values[second] = values[first]
    }
  }
  return (tick, values) => {
    read(tick, values, places)
    if (rare !== undefined) {
      const some = rare.places.some(([field]) => tick[field] !== undefined)
      values[rare.flag] = some ? 1 : 0
      if (some) read(tick, values, rare.places)
    }
    return tick.depth
  }
}

const made = new Map<string, ReadFields>()

/** @param places the same for all calls of one mode, and so is `rare` */
export const fieldsReader = (broker: string, mode: Mode, places: Places, rare?: Rare): ReadFields => {
  const name = `${mode} ${broker}`
  let reader = made.get(name)
  if (reader === undefined) {
    reader = compiled(`// fields ${made.size}\n${textOf(places, rare)}`) ?? plain(places, rare)
    made.set(name, reader)
  }
  return reader
}

/** Undefined where the process may not compile texts (--disallow-code-generation-from-strings). */
const compiled = (text: string): ReadFields | undefined => {
  try {
    return new Function(text)() as ReadFields
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}
