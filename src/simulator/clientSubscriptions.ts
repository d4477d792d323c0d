/** What a client holds upstream, as its server codec tells it. For tests and operators, not for ticks. */
import type { Client } from "./client.ts"
import type { Pair } from "./pair.ts"
import { nameOf } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"

export interface ClientSubscription {
  /** `NSE:RELIANCE` */
  readonly name: string
  readonly mode: Mode
  /** Book levels in the packet, 0 without a book. */
  readonly levels: number
}

/** One entry per instrument and kind of packet: a wire with independent modes can send several for one instrument. */
export const subscriptionsOf = (
  client: Client,
  pairs: ReadonlyArray<Pair>
): ReadonlyArray<ClientSubscription> =>
  pairs.flatMap(([instrument]) =>
    client.codec.holds(instrument).map(({ depth, mode }) => ({
      name: nameOf(instrument),
      mode,
      levels: depth
    }))
  )
