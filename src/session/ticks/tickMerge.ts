/**
 * Merges an instrument's packets into one tick, if they come in kinds (prices here, depth there) or over several
 * streams (a deep-book stream). What a connection sent is forgotten when it ends.
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

/** Merges the newer tick into the older one. Fields that a packet does not carry keep their last known value. */
const over = (older: Tick, newer: Tick): Tick => {
  const joined: TickDraft = { ...older, ...newer }
  if (newer.ltp !== undefined) {
    // The mark belongs to the price: a good price removes it.
    if (newer.implausible === undefined) delete joined.implausible
    // So do an auction's fields: only a price without them shows that the auction is over.
    for (const field of auctionFields) {
      if (joined[field] !== undefined && newer[field] === undefined) delete joined[field]
    }
  }
  joined.mode = older.depth !== undefined ? "depth" : richest(older.mode, newer.mode)
  return joined
}

const richest = (a: Mode, b: Mode): Mode => (modeNumber[a] > modeNumber[b] ? a : b)

/**
 * @param stream 0 for the main one; a deep-book stream's depth replaces the main one's
 * @param partial ticks of this stream carry only what their packet carried
 */
export const mergeTick = (
  instrument: SubscribedInstrument,
  stream: number,
  partial: boolean,
  tick: Tick,
  refreshes: number
): MergedTick => {
  const { parts } = instrument
  const known = partial ? parts[stream] : undefined
  const part = known === undefined ? tick : over(known, tick)
  parts[stream] = part
  let merged = part
  for (let other = 0; other < parts.length; other++) {
    const theirs = parts[other]
    if (theirs === undefined || other === stream) continue
    // A deep-book stream knows the depth only: its other fields are older than or equal to the main stream's.
    merged = stream === 0 ? withBook(merged, theirs) : over(theirs, merged)
  }
  // A new price refreshes depth readers too.
  const serves = merged.depth !== undefined ? refreshes | modeBit.depth : refreshes
  return { tick: merged, refreshes: serves }
}

const withBook = (tick: Tick, { depth }: Tick): Tick =>
  depth === undefined ? tick : { ...tick, mode: "depth", depth }

/**
 * A packet carried these fields in a form that cannot be right: their known values are now wrong, and may not be
 * merged with the packet's price.
 */
export const forgetFields = (
  instrument: SubscribedInstrument,
  stream: number,
  fields: ReadonlyArray<string>
): void => {
  const known = instrument.parts[stream]
  if (known === undefined) return
  const part = Object.fromEntries(
    Object.entries(known).filter(([field]) => !fields.includes(field))
  ) as unknown as TickDraft
  if (part.mode === "depth" && part.depth === undefined) part.mode = "quote"
  instrument.parts[stream] = part
}

/** The stream's connection ended, or no longer carries the instrument. */
export const forget = (instrument: SubscribedInstrument, stream: number): void => {
  instrument.parts[stream] = undefined
}
