/** Market states to Smart Stream packets. Fields that a state does not have go out as zeros. */
import type { Tick } from "../../market/tick.ts"
import { putI64le } from "../kit/bytes.ts"
import { packetOf } from "../kit/packetLayout.ts"
import type { WireMode } from "./layout.ts"
import { DEPTH_20, HEAD_SIZE, TOKEN_AT, packets } from "./layout.ts"

/**
 * @param token plain digits
 * @param sequence the packet's sequence number; depth-20 has none
 */
export const encodePacket = (
  mode: WireMode,
  exchangeType: number,
  token: string,
  tick: Tick,
  divisor: number,
  sequence: number
): Uint8Array => {
  const v = packetOf(packets[mode], tick, divisor)
  const b = new Uint8Array(v.buffer)
  b[0] = mode
  b[1] = exchangeType
  for (let i = 0; i < token.length; i++) b[TOKEN_AT + i] = token.charCodeAt(i)
  if (mode !== DEPTH_20) putI64le(v, HEAD_SIZE, sequence)
  return b
}
