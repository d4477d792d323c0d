/** Market states to Kite packets. Fields that a state does not have go out as zeros, as the real server sends them. */
import type { Mode } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { writePacket } from "../kit/packetLayout.ts"
import { i32 } from "../kit/packetNumbers.ts"
import { INDEX_SEGMENT, packetsOf } from "./layout.ts"

/** Signed and unsigned readers agree on the bytes of every price that there is. */
const { full, indexFull, indexQuote, ltp, quote } = packetsOf(i32)
const tradable = { ltp, quote, depth: full }
const index = { ltp, quote: indexQuote, depth: indexFull }

const packetOf = (token: number, mode: Mode) => ((token & 0xff) === INDEX_SEGMENT ? index : tradable)[mode]

/** The length of the packet that tells an instrument's state in a mode. */
export const packetSize = (token: number, mode: Mode): number => packetOf(token, mode).size

/** Writes one packet of `packetSize` bytes over zeros. */
export const encodePacket = (
  v: DataView,
  at: number,
  token: number,
  mode: Mode,
  tick: Tick,
  divisor: number
): void => {
  v.setUint32(at, token)
  writePacket(packetOf(token, mode), v, at, tick, divisor)
}
