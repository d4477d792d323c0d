/** Market states to Arrow's packets. Fields that a state does not have go out as zeros. */
import type { Tick } from "../../market/tick.ts"
import { fitU32 } from "../kit/bytes.ts"
import { writePacket } from "../kit/packetLayout.ts"
import type { WireMode } from "./layout.ts"
import { AUCTION_TRAILER, packets, trailer } from "./layout.ts"

export const encodePacket = (mode: WireMode, token: number, tick: Tick, divisor: number): Uint8Array => {
  const packet = packets[mode]
  const auction = isInAuction(tick)
  const v = new DataView(new ArrayBuffer(auction ? packet.size + AUCTION_TRAILER : packet.size))
  v.setUint32(0, fitU32(token))
  writePacket(packet, v, 0, tick, divisor)
  if (auction) writePacket(trailer, v, packet.size, tick, divisor)
  return new Uint8Array(v.buffer)
}

const isInAuction = ({ imbalance, indicative_price, reference_price }: Tick): boolean =>
  imbalance !== undefined || indicative_price !== undefined || reference_price !== undefined
