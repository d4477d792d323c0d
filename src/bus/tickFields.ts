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

const textOf = (places: Places): string => `"use strict"
return (t, values) => {
${places
  .map(
    ([field, ...at]) =>
      `  { const v = t.${field}; ${at.map((i) => `values[${i}] = `).join("")}v === undefined ? NaN : v }\n`
  )
  .join("")}
  return t.depth
}`

/** The same without compiling. */
const plain =
  (places: Places): ReadFields =>
  (tick, values) => {
    for (const [field, first, second] of places) {
      const value = tick[field]
      values[first] = typeof value === "number" ? value : Number.NaN
      if (second !== undefined) values[second] = values[first]
    }
    return tick.depth
  }

const made = new Map<string, ReadFields>()

/** @param places the same for all calls of one mode */
export const fieldsReader = (broker: string, mode: Mode, places: Places): ReadFields => {
  const name = `${mode} ${broker}`
  let reader = made.get(name)
  if (reader === undefined) {
    reader = compiled(`// fields ${made.size}\n${textOf(places)}`) ?? plain(places)
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
