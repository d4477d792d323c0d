/**
 * Dhan's segments, and what is subscribed on one connection, found by what a packet says: segment, then security id.
 *
 * One map per segment rather than one for all, because a segment and an id in one number outgrow V8's small integers.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { GivenUp } from "../kit/givenUp.ts"
import { badToken } from "../kit/localRefusals.ts"
import { plainNumber } from "../kit/text.ts"
import { MAX_ID } from "./layout.ts"

export interface Segment<A> {
  readonly code: number
  /** As requests call it. */
  readonly name: string
  /**
   * Prices are 32-bit floats with their noise (742.15 comes as 742.1500244): they are rounded to this part of a
   * rupee.
   */
  readonly scale: number
  readonly byId: Map<number, A>
  readonly givenUp: GivenUp<number, A>
}

/** By code; undefined where the segment is unknown. */
export type Segments<A> = ReadonlyArray<Segment<A> | undefined>

const PAISE = 100
/** Currency is quoted in four decimals. */
const CURRENCY = 10_000

/** The free number among the documented ones. No source gives that of NSE's commodities (UNCONFIRMED). */
export const NSE_COMMODITY = 6

const known: ReadonlyMap<number, readonly [name: string, scale: number]> = new Map([
  [0, ["IDX_I", PAISE]],
  [1, ["NSE_EQ", PAISE]],
  [2, ["NSE_FNO", PAISE]],
  [3, ["NSE_CURRENCY", CURRENCY]],
  [4, ["BSE_EQ", PAISE]],
  [5, ["MCX_COMM", PAISE]],
  [NSE_COMMODITY, ["NSE_COMM", PAISE]],
  [7, ["BSE_CURRENCY", CURRENCY]],
  [8, ["BSE_FNO", PAISE]]
])

export const isFreeForCommodity = (code: number): boolean =>
  code <= 255 && (code === NSE_COMMODITY || !known.has(code))

/** @param commodity the number of NSE's commodities in packets */
export const makeSegments = <A>(commodity = NSE_COMMODITY): Segments<A> =>
  Array.from({ length: 256 }, (_, code) => {
    const facts = known.get(code === commodity ? NSE_COMMODITY : code === NSE_COMMODITY ? -1 : code)
    if (facts === undefined) return undefined
    const byId = new Map<number, A>()
    return { code, name: facts[0], scale: facts[1], byId, givenUp: new GivenUp(byId) }
  })

/** One instrument of a connection. */
export interface Place<A> {
  readonly segment: Segment<A>
  readonly id: number
  readonly givenUp: GivenUp<number, A>
}

/** Where an instrument belongs, or why it cannot be asked for. */
export const placeOf = <A>(
  segments: Segments<A>,
  codes: Readonly<Record<string, number>>,
  instrument: WireInstrument
): Place<A> | string => {
  const code = codes[instrument.exchange]
  const segment = code === undefined ? undefined : segments[code]
  if (segment === undefined) {
    return `${nameOf(instrument)}: Dhan has no known segment for ${instrument.exchange}`
  }
  const id = plainNumber(instrument.token, MAX_ID)
  if (id !== undefined) return { segment, id, givenUp: segment.givenUp }
  return badToken(instrument, "no security id", "Dhan's")
}
