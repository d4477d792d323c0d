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

type FrameField = readonly [key: string, field: Field]

const fieldsIn = (section: Section, mode: Mode): ReadonlyArray<FrameField> =>
  fieldsOf(section).filter(([, field]) => isIn(field, mode))

/** `,"name":` */
export const keyText = (name: string): Text => fixed(`,"${name}":`)

const keysOf = (fields: ReadonlyArray<FrameField>): ReadonlyArray<Text> => fields.map(([key]) => keyText(key))

/** What the tick has itself, each field with the places of all its keys. */
const placesOf = (fields: ReadonlyArray<FrameField>, first = 0): Places => {
  const places = new Map<keyof Tick, Array<number>>()
  for (const [i, [key, { computed, from }]] of fields.entries()) {
    if (computed !== undefined) continue
    const field = (from ?? key) as keyof Tick
    const known = places.get(field)
    if (known === undefined) places.set(field, [first + i])
    else known.push(first + i)
  }
  return [...places].map(([field, at]) => [field, ...at])
}

const { auction, day, times } = tickFields

const ltpFields = [...fieldsIn(day, "ltp"), ...fieldsIn(times, "ltp")]

/** All in one go. */
export const ltpLayout = { keys: keysOf(ltpFields), places: placesOf(ltpFields) }

const dayFields = fieldsIn(day, "quote")
const auctionFields = fieldsIn(auction, "quote")
const timeFields = fieldsIn(times, "quote")

/** The values of these lie one behind the other. */
const auctionAt = dayFields.length
const timesAt = auctionAt + auctionFields.length
/** Behind all of them: whether there is anything of an auction. */
const inAuction = timesAt + timeFields.length

const rare: Rare = { flag: inAuction, places: placesOf(auctionFields, auctionAt) }

/** Quotes, and depth but for its book: first the day, in an auction its fields, and behind the book the times. */
export const quoteLayout = {
  day: keysOf(dayFields),
  auction: keysOf(auctionFields),
  auctionAt,
  times: keysOf(timeFields),
  timesAt,
  inAuction,
  places: [...placesOf(dayFields), ...placesOf(timeFields, timesAt)],
  rare
}

/** Where a value of the day lies. */
export const placeOf = (key: keyof typeof day): number => dayFields.findIndex(([name]) => name === key)

/** Places that the values of all modes need. */
export const VALUES = inAuction + 1
