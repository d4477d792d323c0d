/** WebSocket frames as bytes, from a server (RFC 6455, section 5): for what a library never sends. */
import type { Frame } from "../../protocols/protocol.ts"

const CONTINUATION = 0
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PONG = 10
const FINAL = 0x80

export const payloadOf = (frame: Frame): Uint8Array =>
  typeof frame === "string" ? Buffer.from(frame, "utf8") : frame

const bytesOf = (opcode: number, final: boolean, payload: Uint8Array): Uint8Array => {
  const { length } = payload
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const bytes = new Uint8Array(head + length)
  const view = new DataView(bytes.buffer)
  bytes[0] = opcode | (final ? FINAL : 0)
  if (head === 2) bytes[1] = length
  else if (head === 4) {
    bytes[1] = 126
    view.setUint16(2, length)
  } else {
    bytes[1] = 127
    view.setBigUint64(2, BigInt(length))
  }
  bytes.set(payload, head)
  return bytes
}

const opcodeOf = (frame: Frame): number => (typeof frame === "string" ? TEXT : BINARY)

export const wholeFrame = (frame: Frame): Uint8Array => bytesOf(opcodeOf(frame), true, payloadOf(frame))

/** The same message as a first frame and continuations. @param size of the next piece, at least 1 */
export const fragments = (frame: Frame, size: () => number): ReadonlyArray<Uint8Array> => {
  const payload = payloadOf(frame)
  const pieces: Array<Uint8Array> = []
  let at = 0
  do {
    const end = Math.min(payload.length, at + size())
    const opcode = at === 0 ? opcodeOf(frame) : CONTINUATION
    pieces.push(bytesOf(opcode, end === payload.length, payload.subarray(at, end)))
    at = end
  } while (at < payload.length)
  return pieces
}

export const pongFrame = (payload: Uint8Array): Uint8Array => bytesOf(PONG, true, payload)

/** With any code, those included that no endpoint may send. */
export const closeFrame = (code: number, reason: string): Uint8Array => {
  const words = Buffer.from(reason, "utf8")
  const payload = new Uint8Array(2 + words.length)
  new DataView(payload.buffer).setUint16(0, code)
  payload.set(words, 2)
  return bytesOf(CLOSE, true, payload)
}
