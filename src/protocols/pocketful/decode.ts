/** Packets to ticks, each with what its packet carries. */
import { packetDecoder } from "../kit/packetDecoder.ts"
import { compact, market, snapquote } from "./layout.ts"

export const decodeMarket = packetDecoder(market, "quote")
export const decodeCompact = packetDecoder(compact, "ltp")
export const decodeSnapquote = packetDecoder(snapquote, "depth")
