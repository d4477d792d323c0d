/**
 * What a client holds upstream. The server codecs tell whether an instrument is subscribed; in which mode is read
 * off the packets that it would be sent now, with the codec that clients use. For tests and operators, not for ticks.
 */
import type { Client, Pair } from "./client.ts"
import { nameOf } from "../market/instrument.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"
import type { CodecOptions, Protocol, Sink } from "../protocols/protocol.ts"

export interface Holding {
  /** `NSE:RELIANCE` */
  readonly name: string
  /** The richest mode that this kind of packet serves: an index has no book, so never `depth` where it has none. */
  readonly mode: Mode
  /** Book levels in the packet, 0 without a book. */
  readonly levels: number
}

/** One entry per instrument and kind of packet: a wire with independent modes can send several for one instrument. */
export const makeHoldings = (
  protocol: Protocol,
  options: CodecOptions,
  pairs: ReadonlyArray<Pair>
): ((client: Client) => ReadonlyArray<Holding>) => {
  const codec = protocol.open(options)
  codec.request(pairs.map(([instrument]) => ({ instrument, to: { mode: "depth", depth: 5 } })))
  const found: Array<Holding> = []
  const sink: Sink = {
    tick: (instrument: WireInstrument, tick) => {
      found.push({ name: nameOf(instrument), mode: tick.mode, levels: tick.depth?.buy.length ?? 0 })
    },
    reject: () => {},
    event: () => {}
  }
  return (client) => {
    found.length = 0
    for (const frame of client.codec.encode(pairs)) codec.decode(frame, Date.now(), sink)
    return [...found]
  }
}
