/** Dhan's requests: JSON, a request code and a list of instruments. */
import type { Outbound } from "../protocol.ts"

interface Listed {
  readonly id: number
  readonly segment: { readonly name: string }
}

const entryOf = ({ id, segment }: Listed) => ({
  ExchangeSegment: segment.name,
  SecurityId: String(id)
})

export const listFrame = (RequestCode: number, places: ReadonlyArray<Listed>): Outbound =>
  JSON.stringify({ RequestCode, InstrumentCount: places.length, InstrumentList: places.map(entryOf) })

/** The form of the 200-level socket, which has no list. */
export const singleFrame = (RequestCode: number, place: Listed): Outbound =>
  JSON.stringify({ RequestCode, ...entryOf(place) })
