/**
 * Where a tick's values lie for the frame writer, and under which keys it writes them: derived from the table of fields
 * (`market/tickFields.ts`), once for each mode.
 */
import type { Mode } from "../market/mode.ts"
import type { Tick } from "../market/tick.ts"
import { fieldsOf, isIn, tickFields } from "../market/tickFields.ts"
import type { Field, Section } from "../market/tickFields.ts"
import type { Places, Rare } from "./fieldReaders.ts"
import type { Text } from "./fixedText.ts"
import { fixed } from "./fixedText.ts"

type Line = readonly [key: string, field: Field]

const linesIn = (section: Section, mode: Mode): ReadonlyArray<Line> =>
  fieldsOf(section).filter(([, field]) => isIn(field, mode))

/** `,"name":` */
export const keyText = (name: string): Text => fixed(`,"${name}":`)

const keysOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Text> => lines.map(([key]) => keyText(key))

/** What the tick has itself, each field with the places of all its keys. */
const placesOf = (lines: ReadonlyArray<Line>, first = 0): Places => {
  const places = new Map<keyof Tick, Array<number>>()
  for (const [i, [key, { computed, from }]] of lines.entries()) {
    if (computed !== undefined) continue
    const field = (from ?? key) as keyof Tick
    const known = places.get(field)
    if (known === undefined) places.set(field, [first + i])
    else known.push(first + i)
  }
  return [...places].map(([field, at]) => [field, ...at])
}

const { auction, day, times } = tickFields

const ltpLines = [...linesIn(day, "ltp"), ...linesIn(times, "ltp")]

/** All in one go. */
export const ltpLayout = { keys: keysOf(ltpLines), places: placesOf(ltpLines) }

const dayLines = linesIn(day, "quote")
const auctionLines = linesIn(auction, "quote")
const timeLines = linesIn(times, "quote")

/** The values of these lie one behind the other. */
const auctionAt = dayLines.length
const timesAt = auctionAt + auctionLines.length
/** Behind all of them: whether there is anything of an auction. */
const inAuction = timesAt + timeLines.length

const rare: Rare = { flag: inAuction, places: placesOf(auctionLines, auctionAt) }

/** Quotes, and depth but for its book: first the day, in an auction its fields, and behind the book the times. */
export const quoteLayout = {
  day: keysOf(dayLines),
  auction: keysOf(auctionLines),
  auctionAt,
  times: keysOf(timeLines),
  timesAt,
  inAuction,
  places: [...placesOf(dayLines), ...placesOf(timeLines, timesAt)],
  rare
}

/** Where a value of the day lies. */
export const placeOf = (key: keyof typeof day): number => dayLines.findIndex(([name]) => name === key)

/** Places that the values of all modes need. */
export const VALUES = inAuction + 1
