/** Dhan's requests: JSON, a request code and a list of instruments. */
import type { Outbound } from "../protocol.ts"
import { chunks } from "../kit/text.ts"
import type { Place } from "./segments.ts"

const entryOf = ({ id, segment }: Place<unknown>) => ({
  ExchangeSegment: segment.name,
  SecurityId: String(id)
})

export const listFrames = (
  RequestCode: number,
  places: ReadonlyArray<Place<unknown>>,
  batch: number
): ReadonlyArray<Outbound> =>
  chunks(places, batch).map((part) =>
    JSON.stringify({ RequestCode, InstrumentCount: part.length, InstrumentList: part.map(entryOf) })
  )

/** The form of the 200-level socket, which has no list. */
export const singleFrames = (
  RequestCode: number,
  places: ReadonlyArray<Place<unknown>>
): ReadonlyArray<Outbound> => places.map((place) => JSON.stringify({ RequestCode, ...entryOf(place) }))
