/**
 * A feed event as the `status` frame of one client: without the user, and only about the instruments it subscribes to,
 * under the names it wrote. Most clients write the common name, so one text serves them all.
 */
import type { FeedEvent } from "../../market/feedEvent.ts"
import { nameOf } from "../../market/instrument.ts"
import type { ClientSubscriptions } from "../topics/subscriptions.ts"
import type { Encoding } from "./encoding.ts"
import { encoded } from "./encoding.ts"

/** The frame for one client, without its sequence number; undefined when the event does not concern it. */
export type Status = (subscriptions: ClientSubscriptions, encoding: Encoding) => Uint8Array | undefined

export const statusOf = (event: FeedEvent): Status => {
  switch (event.type) {
    case "stale":
    case "fresh":
    case "subscription_confirmed":
    case "subscription_failed":
      return about(event, event.instruments)
    // For operators: what a client sees of it are the gaps.
    case "supervisor":
      return event.decision === "unavailable" ? alike(event) : () => undefined
    default:
      return alike(event)
  }
}

/** Made once per encoding, for all clients. */
const alike = (event: FeedEvent): ((_: ClientSubscriptions, encoding: Encoding) => Uint8Array) => {
  const made = new Map<Encoding, Uint8Array>()
  return (_, encoding) => {
    let payload = made.get(encoding)
    if (payload === undefined) made.set(encoding, (payload = frame(event, encoding)))
    return payload
  }
}

/** Lists an instrument once for each name that the client wrote, as in its frames. */
const about = (
  event: FeedEvent,
  instruments: ReadonlyArray<{ readonly symbol: string; readonly exchange: string }>
): Status => {
  const whole = alike(event)
  const byName = new Map(instruments.map((instrument) => [nameOf(instrument), instrument]))
  return (subscriptions, encoding) => {
    const own: Array<object> = []
    let usual = true
    // Walk the shorter list: a client with few subscriptions is not checked against every instrument of the event.
    const fewer = subscriptions.instruments.size < byName.size ? subscriptions.instruments : byName
    for (const name of fewer.keys()) {
      const instrument = byName.get(name)
      if (instrument === undefined) continue
      for (const written of subscriptions.namesOf(name)) {
        usual &&= nameOf(written) === name
        own.push({ ...instrument, ...written })
      }
    }
    if (own.length === 0) return undefined
    return usual && own.length === byName.size
      ? whole(subscriptions, encoding)
      : frame({ ...event, instruments: own } as FeedEvent, encoding)
  }
}

/** JSON leaves `undefined` out: the frame does not name the user. */
const frame = ({ type, ...rest }: FeedEvent, encoding: Encoding): Uint8Array =>
  encoded(JSON.stringify({ type: "status", event: type, ...rest, user: undefined }), encoding)
