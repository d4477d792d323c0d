/** Kite packets to ticks. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { packetDecoder, reusingDecoder } from "../kit/packetDecoder.ts"
import { i32, u32 } from "../kit/packetNumbers.ts"
import { packetsOf } from "./layout.ts"

/** By hand: it is read from the bytes, before a frame is copied for a view. @param ltp 0 for none */
export const ltpTick = ({ symbol, exchange }: WireInstrument, received_time: number, ltp: number): Tick =>
  ltp === 0
    ? { symbol, exchange, mode: "ltp", received_time }
    : { symbol, exchange, mode: "ltp", received_time, ltp }

const decodersOf = ({ full, indexFull, indexQuote, quote }: ReturnType<typeof packetsOf>) => ({
  full: reusingDecoder(full, "depth"),
  quote: packetDecoder(quote, "quote"),
  // An index has no book, so its full packet is a quote with a time.
  indexFull: packetDecoder(indexFull, "quote"),
  indexQuote: packetDecoder(indexQuote, "quote")
})

const signed = decodersOf(packetsOf(i32))
const unsigned = decodersOf(packetsOf(u32))

export const decoders = (signedPrices: boolean): typeof signed => (signedPrices ? signed : unsigned)
