/** What a SUBACK says: a code for each topic of the request, in its order. */
import type { WireInstrument } from "../../market/instrument.ts"
import { refused } from "../kit/refusal.ts"
import type { Sink } from "../protocol.ts"

const REFUSED = 0x80

/**
 * @param topics of the request
 * @param servedBy the instrument whose prices a topic brings: without its open interest one is served all the same
 */
export const tellGrants = (
  codes: ReadonlyArray<number>,
  topics: ReadonlyArray<string>,
  servedBy: (topic: string) => WireInstrument | undefined,
  sink: Sink
): void => {
  const confirmed: Array<WireInstrument> = []
  for (const [i, code] of codes.entries()) {
    const topic = topics[i]
    const instrument = topic === undefined ? undefined : servedBy(topic)
    if (code === REFUSED) {
      sink.event(refused(`the broker refused the topic ${topic ?? "?"}`, "0x80", instrument && [instrument]))
    } else if (instrument !== undefined) confirmed.push(instrument)
  }
  if (confirmed.length > 0) sink.event({ type: "confirmed", instruments: confirmed })
  sink.event({ type: "ignored", what: "SUBACK" })
}
