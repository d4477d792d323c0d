/** Market states to Dhan's packets. Fields that a state does not have go out as zeros. */
import type { Tick } from "../../market/tick.ts"
import { fitU16, fitU32 } from "../kit/bytes.ts"
import { packetOf } from "../kit/packetLayout.ts"
import type { Ask } from "./layout.ts"
import {
  ASK_FULL,
  ASK_TICKER,
  DISCONNECT,
  FULL,
  IST_SECONDS,
  OPEN_INTEREST,
  PREVIOUS_CLOSE,
  QUOTE,
  TICKER,
  packets
} from "./layout.ts"

type State = Partial<Tick>

const packet = (code: number, segment: number, id: number, state: State): DataView => {
  // Prices are rupees: there is no divisor.
  const v = packetOf(packets[code]!, state, 1, IST_SECONDS)
  v.setUint8(0, code)
  v.setUint16(1, v.byteLength, true)
  v.setUint8(3, segment)
  v.setUint32(4, fitU32(id), true)
  return v
}

const bytesOf = (v: DataView): Uint8Array => new Uint8Array(v.buffer)

export const encodePrices = (ask: Ask, segment: number, id: number, tick: Tick): Uint8Array =>
  bytesOf(packet(ask === ASK_TICKER ? TICKER : ask === ASK_FULL ? FULL : QUOTE, segment, id, tick))

export const encodeOpenInterest = (segment: number, id: number, oi: number): Uint8Array =>
  bytesOf(packet(OPEN_INTEREST, segment, id, { oi }))

/** The previous day's open interest, which nothing here knows, stays 0. */
export const encodePreviousClose = (segment: number, id: number, close: number): Uint8Array =>
  bytesOf(packet(PREVIOUS_CLOSE, segment, id, { close }))

export const encodeDisconnect = (reason: number): Uint8Array => {
  const v = packet(DISCONNECT, 0, 0, {})
  v.setUint16(8, fitU16(reason), true)
  return bytesOf(v)
}

/** Packets one after another, in frames of at most so many bytes; a larger packet is a frame of its own. */
export const stacked = (packets: ReadonlyArray<Uint8Array>, most: number): ReadonlyArray<Uint8Array> => {
  const frames: Array<Uint8Array> = []
  for (let first = 0; first < packets.length;) {
    let length = 0
    let next = first
    do length += packets[next++]!.length
    while (next < packets.length && length + packets[next]!.length <= most)
    const frame = new Uint8Array(length)
    let at = 0
    for (; first < next; first++) {
      frame.set(packets[first]!, at)
      at += packets[first]!.length
    }
    frames.push(frame)
  }
  return frames
}
