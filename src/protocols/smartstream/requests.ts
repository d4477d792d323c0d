/** Smart Stream's requests: JSON, one action and one mode each, with tokens grouped by exchange type. */
import type { Outbound } from "../protocol.ts"
import type { WireMode } from "./layout.ts"
import type { Segment, Subscription } from "./segments.ts"

export interface TokenPlace {
  readonly id: number
  readonly segment: Segment<Subscription>
}

/** @param correlationID up to ten letters and digits, which the broker repeats in its error answers */
export const requestFrame = (
  action: number,
  mode: WireMode,
  places: ReadonlyArray<TokenPlace>,
  correlationID: string
): Outbound => {
  const groups = new Map<number, Array<string>>()
  for (const { id, segment } of places) {
    const group = groups.get(segment.exchangeType)
    if (group === undefined) groups.set(segment.exchangeType, [String(id)])
    else group.push(String(id))
  }
  const tokenList = [...groups].map(([exchangeType, tokens]) => ({ exchangeType, tokens }))
  return JSON.stringify({ correlationID, action, params: { mode, tokenList } })
}
