/** Smart Stream's requests: JSON, one action and one mode each, with tokens grouped by exchange type. */
import type { Outbound } from "../protocol.ts"
import { chunks } from "../kit/text.ts"
import type { WireMode } from "./layout.ts"
import { bitOf, wireModes } from "./layout.ts"

export interface ModeChange {
  readonly exchangeType: number
  readonly token: string
  /** The wire modes to add or to remove, as bits. */
  readonly modes: number
}

/**
 * @param nextId the correlation id of each frame: up to ten letters and digits, which the broker repeats in its
 *   error answers
 */
export const requestFrames = (
  action: number,
  changes: ReadonlyArray<ModeChange>,
  batch: number,
  nextId: (changes: ReadonlyArray<ModeChange>) => string
): ReadonlyArray<Outbound> => {
  const frames: Array<Outbound> = []
  for (const mode of wireModes) {
    const affected = changes.filter((change) => (change.modes & bitOf(mode)) !== 0)
    for (const part of chunks(affected, batch)) frames.push(frame(action, mode, part, nextId(part)))
  }
  return frames
}

const frame = (
  action: number,
  mode: WireMode,
  changes: ReadonlyArray<ModeChange>,
  correlationID: string
): string => {
  const groups = new Map<number, Array<string>>()
  for (const { exchangeType, token } of changes) {
    const group = groups.get(exchangeType)
    if (group === undefined) groups.set(exchangeType, [token])
    else group.push(token)
  }
  const tokenList = [...groups].map(([exchangeType, tokens]) => ({ exchangeType, tokens }))
  return JSON.stringify({ correlationID, action, params: { mode, tokenList } })
}
