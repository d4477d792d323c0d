/**
 * Joins an instrument's packets into one picture, where they come in kinds (prices here, book there) or over several
 * sockets (a deep book of its own). What a connection told is forgotten when it ends.
 */
import { modeBit, modeNumber } from "../../market/mode.ts"
import type { Mode } from "../../market/mode.ts"
import { auctionFields } from "../../market/tick.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import type { SubscribedInstrument } from "../model.ts"

export interface MergedTick {
  readonly tick: Tick
  readonly refreshes: number
}

/** The newer tick over the older one. Fields that a packet does not carry keep their last known value. */
const over = (older: Tick, newer: Tick): Tick => {
  const joined: TickDraft = { ...older, ...newer }
  if (newer.ltp !== undefined) {
    // The mark is of the price: a good one takes it away.
    if (newer.implausible === undefined) delete joined.implausible
    // So are an auction's: nothing says that it is over but a price without them.
    for (const field of auctionFields) {
      if (joined[field] !== undefined && newer[field] === undefined) delete joined[field]
    }
  }
  joined.mode = older.depth !== undefined ? "depth" : richest(older.mode, newer.mode)
  return joined
}

const richest = (a: Mode, b: Mode): Mode => (modeNumber[a] > modeNumber[b] ? a : b)

/**
 * @param feed 0 for the main one; a deep feed's book stands in for the main one's
 * @param partial ticks of this feed carry only what their packet carried
 */
export const mergeTick = (
  instrument: SubscribedInstrument,
  feed: number,
  partial: boolean,
  tick: Tick,
  refreshes: number
): MergedTick => {
  const { parts } = instrument
  const known = partial ? parts[feed] : undefined
  const part = known === undefined ? tick : over(known, tick)
  parts[feed] = part
  let picture = part
  for (let other = 0; other < parts.length; other++) {
    const theirs = parts[other]
    if (theirs === undefined || other === feed) continue
    // A deep feed knows the book only; whatever else it says is older than or equal to the main feed's.
    picture = feed === 0 ? withBook(picture, theirs) : over(theirs, picture)
  }
  // News of the price is news for whoever reads the whole picture.
  const serves = picture.depth !== undefined ? refreshes | modeBit.depth : refreshes
  return { tick: picture, refreshes: serves }
}

const withBook = (tick: Tick, { depth }: Tick): Tick =>
  depth === undefined ? tick : { ...tick, mode: "depth", depth }

/**
 * What a packet carried in a form that cannot be right: what was known of it before is known to be wrong now, and may not be
 * joined with the packet's price.
 */
export const forgetFields = (
  instrument: SubscribedInstrument,
  feed: number,
  fields: ReadonlyArray<string>
): void => {
  const known = instrument.parts[feed]
  if (known === undefined) return
  const part = Object.fromEntries(
    Object.entries(known).filter(([field]) => !fields.includes(field))
  ) as unknown as TickDraft
  if (part.mode === "depth" && part.depth === undefined) part.mode = "quote"
  instrument.parts[feed] = part
}

/** The feed's connection ended, or no longer carries the instrument. */
export const forget = (instrument: SubscribedInstrument, feed: number): void => {
  instrument.parts[feed] = undefined
}
