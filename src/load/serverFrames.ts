/**
 * Takes a server's WebSocket frames apart, for a client that must be cheaper than the server it measures: in the usual
 * case a frame costs a look at its first bytes, and its payload is neither copied nor parsed. RFC 6455; no extensions,
 * since none is offered.
 */

/** Bytes of a frame's header at most: no mask, since a server sends none. */
const HEADER_MOST = 10

/** Bytes of the payload that are looked at: enough for the first letter of the message's type. */
export const PEEK = 16

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

export interface FrameHandlers {
  /** A data frame whose payload is passed by: its length, and its first bytes (fewer when it is shorter). */
  readonly passed: (length: number, bytes: Uint8Array, at: number) => void
  /** A whole payload, while everything is read, and of control frames always. */
  readonly read: (opcode: number, payload: Buffer) => void
}

/** One connection's stream. */
export class ServerFrames {
  readonly #handlers: FrameHandlers
  /** Whether data frames are handed over whole. */
  reading = true
  /** A header and the first bytes behind it that came in pieces. */
  readonly #head = Buffer.alloc(HEADER_MOST + PEEK)
  #headLength = 0
  /** Bytes of the payload still to pass by. */
  #skip = 0
  #collecting: { readonly opcode: number; readonly payload: Buffer; filled: number } | undefined

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers
  }

  /** @throws Error for what no server may send */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at)
        this.#skip -= passed
        at += passed
      } else if (this.#collecting !== undefined) {
        at += this.#collect(chunk, at)
      } else if (this.#headLength > 0) {
        at += this.#complete(chunk, at)
      } else {
        const taken = this.#begin(chunk, at, chunk.length)
        if (taken === 0) {
          this.#head.set(chunk.subarray(at))
          this.#headLength = chunk.length - at
          return
        }
        at += taken
      }
    }
  }

  /** Adds to a header that came in pieces; answers how many bytes of the chunk it took. */
  #complete(chunk: Uint8Array, at: number): number {
    const before = this.#headLength
    const more = Math.min(this.#head.length - before, chunk.length - at)
    this.#head.set(chunk.subarray(at, at + more), before)
    const length = before + more
    const needed = neededAt(this.#head, 0, length)
    if (length < needed) {
      this.#headLength = length
      return more
    }
    this.#headLength = 0
    // What lies behind the bytes that are needed belongs to the chunk still.
    const taken = this.#begin(this.#head, 0, needed)
    return taken - before
  }

  /** Starts a frame; answers how many bytes it took, 0 when its head is not all there. */
  #begin(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < neededAt(bytes, at, end)) return 0
    const opcode = bytes[at]! & 0x0f
    const header = headerOf(bytes[at + 1]!)
    const length = lengthAt(bytes, at)
    const body = at + header
    const data = opcode <= OPCODE.BINARY
    if (data && !this.reading) {
      // Continuations belong to the message that was counted.
      if (opcode !== OPCODE.CONTINUATION) this.#handlers.passed(length, bytes, body)
      const here = Math.min(length, end - body)
      this.#skip = length - here
      return header + here
    }
    this.#collecting = { opcode, payload: Buffer.alloc(length), filled: 0 }
    return header + this.#collect(bytes.subarray(0, end), body)
  }

  #collect(bytes: Uint8Array, at: number): number {
    const { filled, opcode, payload } = this.#collecting!
    const here = Math.min(payload.length - filled, bytes.length - at)
    payload.set(bytes.subarray(at, at + here), filled)
    this.#collecting!.filled += here
    if (filled + here === payload.length) {
      this.#collecting = undefined
      this.#handlers.read(opcode, payload)
    }
    return here
  }
}

/** Bytes of the header, by its second byte. */
const headerOf = (second: number): number => {
  if ((second & 0x80) !== 0) throw new Error("the server masks its frames, which no server may do")
  return second < 126 ? 2 : second === 126 ? 4 : HEADER_MOST
}

const lengthAt = (bytes: Uint8Array, at: number): number => {
  const short = bytes[at + 1]! & 0x7f
  if (short < 126) return short
  let length = 0
  for (let i = at + 2; i < at + (short === 126 ? 4 : HEADER_MOST); i++) length = length * 256 + bytes[i]!
  return length
}

/** Bytes that must be there before the frame can be begun: as far as is known from what is there. */
const neededAt = (bytes: Uint8Array, at: number, end: number): number => {
  if (end - at < 2) return 2
  const header = headerOf(bytes[at + 1]!)
  return end - at < header ? header : header + Math.min(PEEK, lengthAt(bytes, at))
}
