/**
 * The two encodings of a message: JSON text, and MessagePack for those who chose the sub-protocol `algoways.msgpack`.
 * Both are made once per (instrument, mode); what is a client's own (its sequence number, the time of sending) is added
 * at the end of the outer object without touching the rest.
 */
import { Encoder, decode, encode } from "@msgpack/msgpack"

export type Encoding = "json" | "msgpack"

/** The sub-protocol that a client names to be served MessagePack. */
export const MSGPACK_PROTOCOL = "algoways.msgpack"

/** Keys of one client alone, appended to a message. Numbers, flags and flat objects of numbers. */
export type Extras = Readonly<Record<string, number | boolean | Readonly<Record<string, number>>>>

/** The same message in MessagePack. */
export const toMsgpack = (json: string): Buffer => {
  const bytes = encode(JSON.parse(json))
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A message's bytes. */
export const encoded = (json: string, encoding: Encoding): Buffer =>
  encoding === "json" ? Buffer.from(json) : toMsgpack(json)

/** Undefined for what is no MessagePack. Only for what `msgpackFault` finds no fault with. */
export const fromMsgpack = (bytes: Uint8Array): unknown => {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}

const CLOSING = Buffer.from("}")

/** A map of up to 15 keys, which all our messages are, says its size in its first byte. */
const FIXMAP = 0x80
const FIXMAP_MOST = 15

/** Kept, since each takes 2 KB of memory. */
const extrasEncoder = new Encoder()

export const withExtras = (payload: Uint8Array, encoding: Encoding, extras: Extras): Buffer => {
  if (encoding === "json") {
    const tail = JSON.stringify(extras)
    return Buffer.concat([
      payload.subarray(0, payload.length - 1),
      Buffer.from(`,${tail.slice(1, -1)}`),
      CLOSING
    ])
  }
  // Copied below, before the next call.
  const tail = extrasEncoder.encodeSharedRef(extras)
  const count = (payload[0]! & FIXMAP_MOST) + (tail[0]! & FIXMAP_MOST)
  if ((payload[0]! & ~FIXMAP_MOST) !== FIXMAP || count > FIXMAP_MOST) {
    return Buffer.from(encode({ ...(decode(payload) as object), ...extras }))
  }
  const message = Buffer.allocUnsafe(payload.length + tail.length - 1)
  message.set(tail, payload.length - 1)
  message.set(payload)
  message[0] = FIXMAP | count
  return message
}
