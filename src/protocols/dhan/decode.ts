/** Dhan's packets to ticks. A packet with a price that is no number gives `undefined`. */
import type { Tick, TickDraft } from "../../market/tick.ts"
import { fallibleDecoder } from "../kit/packetDecoder.ts"
import type { Layout } from "../kit/packetLayout.ts"
import { full, previousClose, quote, ticker } from "./layout.ts"

export const decodeTicker = fallibleDecoder(ticker, "ltp")
export const decodePreviousClose = fallibleDecoder(previousClose, "quote")

const decodersOf = (read: (packet: Layout) => Layout) => ({
  quote: fallibleDecoder(read(quote), "quote"),
  full: fallibleDecoder(read(full), "depth")
})

const withCloses = decodersOf((packet) => packet)
const withoutCloses = decodersOf((packet) => ({
  ...packet,
  fields: packet.fields.filter(({ name }) => name !== "close")
}))

/** @param closes whether the packets' day close is the previous day's */
export const decoders = (closes: boolean): typeof withCloses => (closes ? withCloses : withoutCloses)

/** The last tick again, with a value that came in a packet of its own. */
export const withOpenInterest = (last: Tick, oi: number, received_time: number): TickDraft => ({
  ...last,
  received_time,
  oi
})

export const withClose = (last: Tick, close: number, received_time: number): TickDraft => ({
  ...last,
  received_time,
  close
})
