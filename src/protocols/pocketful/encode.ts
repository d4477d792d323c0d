/** Market states to packets. Fields that a state does not have go out as zeros. */
import type { Tick } from "../../market/tick.ts"
import { fitU32 } from "../kit/bytes.ts"
import { packetOf } from "../kit/packetLayout.ts"
import type { Stream } from "./layout.ts"
import { packets } from "./layout.ts"

export const encodePacket = (
  stream: Stream,
  code: number,
  token: number,
  tick: Tick,
  divisor: number
): Uint8Array => {
  const v = packetOf(packets[stream], tick, divisor)
  v.setUint8(0, stream)
  v.setUint8(1, code)
  v.setUint32(2, fitU32(token))
  return new Uint8Array(v.buffer)
}
