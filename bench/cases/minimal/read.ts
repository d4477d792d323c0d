/**
 * The least that a decoder can do: from bytes to one plain object with the fields of our tick, as somebody writes it who
 * knows that every packet is of this kind and good.
 *
 * What a minimal read does: the packet's own name of the instrument (token, key or topic), the mode, the time of receipt,
 * every value under its right scale, the book as arrays of levels. What it does not do: look up the instrument, take a
 * zero for "none", check a length, a kind or a segment, walk through several packets of a frame, tell anybody. The DataView
 * and the divisor of its frame are made beforehand.
 */
import type { Tick } from "../../../src/market/tick.ts"
import { difference } from "../../../src/brokers/tickDifference.ts"
import type { Contestant } from "../../harness.ts"
import { WrongResult, keep } from "../../harness.ts"
import type { Expected, Feed, Packet } from "../feeds.ts"

export interface MinimalRead<A> {
  /** What the read is handed for a packet. Not timed. */
  readonly prepare: (packet: Packet) => A
  readonly read: (prepared: A) => object
}

/** For most wires. */
export interface Prepared {
  readonly view: DataView
  readonly divisor: number
}

export const prepare = ({ divisor, frame }: Packet): Prepared => ({ view: viewOf(frame), divisor })

export const viewOf = (frame: Uint8Array): DataView =>
  new DataView(frame.buffer, frame.byteOffset, frame.length)

export const minimalReader = <A>(feed: Feed, { prepare: handed, read }: MinimalRead<A>): Contestant => {
  const frames = feed.packets.map((packet) => ({ handed: handed(packet), packet }))
  const prepared = frames.map((f) => f.handed)
  // Goes on where it stopped, as the decoders do.
  let at = 0
  return {
    name: "minimal read",
    ticks: 1,
    run: (operations) => {
      for (let i = 0; i < operations; i++) {
        keep(read(prepared[at]!))
        if (++at === prepared.length) at = 0
      }
      return operations
    },
    check: () => {
      for (const _ of frames) {
        const { handed: next, packet } = frames[at]!
        if (++at === frames.length) at = 0
        const found = difference([read(next) as Tick], [valuesOf(packet)])
        if (found !== undefined) throw new WrongResult(`minimal read, ${feed.name}: ${found}`)
      }
    }
  }
}

/** All that the packet says; the instrument goes by the wire's name of it. */
const valuesOf = ({ carries }: Packet): Expected => {
  const { exchange: _exchange, symbol: _symbol, ...values } = carries
  return values
}
