/** Arrow's packets to ticks. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import { packetDecoder } from "../kit/packetDecoder.ts"
import { packets, trailer } from "./layout.ts"

export const decodeLtp = packetDecoder(packets.ltp, "ltp")
export const decodeLtpc = packetDecoder(packets.ltpc, "ltp")
export const decodeQuote = packetDecoder(packets.quote, "quote")
export const decodeFull = packetDecoder(packets.full, "depth")
export const decodeOldFull = packetDecoder(packets.oldFull, "depth")
const decodeTrailer = packetDecoder(trailer, "ltp")

/**
 * Adds what the closing auction's trailer says. A price of 0 is none yet; without any there is no auction to be out of
 * balance.
 * @param at where the trailer begins
 */
export const withAuction = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  divisor: number,
  tick: TickDraft
): Tick => {
  const auction = decodeTrailer(v, at, instrument, tick.received_time, divisor)
  const { imbalance, indicative_price, reference_price } = auction
  if (indicative_price !== undefined) tick.indicative_price = indicative_price
  if (reference_price !== undefined) tick.reference_price = reference_price
  if (imbalance !== 0 || indicative_price !== undefined || reference_price !== undefined) {
    tick.imbalance = imbalance!
  }
  return tick
}
