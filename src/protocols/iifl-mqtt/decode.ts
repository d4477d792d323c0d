/** IIFL Capital's payloads to ticks. Divisors are above 0, and of the packet. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { DecodePacket } from "../kit/packetDecoder.ts"
import { packetDecoder } from "../kit/packetDecoder.ts"
import { INDEX_DIVISOR_AT, feed, index, indexDivisors, limits, openInterest } from "./layout.ts"
import type { SegmentStream } from "./topics.ts"

export const decodeFeed = packetDecoder(feed, "depth")
export const decodeOpenInterest = packetDecoder(openInterest, "quote")
const readIndex = packetDecoder(index, "ltp")

export const decodeLimit: Readonly<Record<SegmentStream, DecodePacket>> = {
  uppercircuit: packetDecoder(limits.uppercircuit, "quote"),
  lowercircuit: packetDecoder(limits.lowercircuit, "quote"),
  high52week: packetDecoder(limits.high52week, "quote"),
  low52week: packetDecoder(limits.low52week, "quote")
}

/** The short packet of an index; undefined where it cannot be one. */
export const decodeIndex = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number
): Tick | undefined => {
  const divisor = v.getInt32(at + INDEX_DIVISOR_AT, true)
  if (!indexDivisors.has(divisor)) return undefined
  const tick = readIndex(v, at, instrument, received_time, divisor)
  return tick.ltp === undefined ? undefined : tick
}
