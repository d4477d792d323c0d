/**
 * Reads a tick's numbers into an array, for the frame writer.
 *
 * Code that all ticks share searches for each field: a third of a quote's time and a tenth of a depth frame's. So the ticks of
 * one broker in one mode share code of their own, as the guard's checks do (`kit/compile.ts` says why).
 */
import { compile, identifier } from "../kit/compile.ts"
import type { Mode } from "../market/mode.ts"
import type { Depth, Tick } from "../market/tick.ts"

/** Writes NaN for what the tick does not have; returns its book. */
export type ReadFields = (tick: Tick, values: Float64Array) => Depth | undefined

/** Where a field goes: one place or more. */
export type Places = ReadonlyArray<readonly [field: keyof Tick, ...at: ReadonlyArray<number>]>

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
        `  { const v = t.${identifier(field)}; ${at.map((i) => `values[${i}] = `).join("")}v === undefined ? NaN : v }\n`
    )
    .join("")

const textOf = (places: Places, rare: Rare | undefined): string => `return (t, values) => {
${reads(places)}${rare === undefined ? "" : rarely(rare)}
  return t.depth
}`

/** Of a tick without them all these fields together are one comparison of its shape. */
const rarely = ({ flag, places }: Rare): string => `
  if (${places.map(([field]) => `t.${identifier(field)} === undefined`).join(" && ")}) values[${flag}] = 0
  else {
    values[${flag}] = 1
${reads(places)}  }`

/** The same without compiling. */
const plain = (places: Places, rare: Rare | undefined): ReadFields => {
  const read = (tick: Tick, values: Float64Array, from: Places): void => {
    for (const [field, ...at] of from) {
      const value = tick[field]
      for (const i of at) values[i] = typeof value === "number" ? value : Number.NaN
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
    // Undefined where the process may not compile texts.
    reader = compile<ReadFields>(textOf(places, rare)) ?? plain(places, rare)
    made.set(name, reader)
  }
  return reader
}
