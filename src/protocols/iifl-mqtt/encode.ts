/** Market states to IIFL Capital's payloads. `mqtt-packet` takes a payload as a Buffer and as nothing else. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { fitU32 } from "../kit/bytes.ts"
import type { Layout } from "../kit/packetLayout.ts"
import { packetOf } from "../kit/packetLayout.ts"
import { feed, index, limits, openInterest } from "./layout.ts"

const fine: ReadonlySet<string> = new Set(["CDS", "BCD"])

/** Currencies, and indices that are small numbers, have four decimals. */
export const divisorOf = ({ exchange }: WireInstrument, { ltp = 0 }: Tick): number =>
  fine.has(exchange) || (exchange.endsWith("_INDEX") && ltp < 1000) ? 10_000 : 100

const payload = (packet: Layout, tick: Partial<Tick>, divisor: number): Buffer =>
  Buffer.from(packetOf(packet, tick, divisor).buffer)

export const encodeFeed = (tick: Tick, divisor: number): Buffer => payload(feed, tick, divisor)
export const encodeIndex = (tick: Tick, divisor: number): Buffer => payload(index, tick, divisor)
export const encodeOpenInterest = (tick: Tick): Buffer => payload(openInterest, tick, 1)

/** All limits have the same layout. */
export const encodeLimit = (id: number, limit: number, divisor: number): Buffer => {
  const b = payload(limits.uppercircuit, { upper_circuit: limit }, divisor)
  b.writeUInt32LE(fitU32(id), 0)
  return b
}
