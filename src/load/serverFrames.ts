/**
 * Takes a server's WebSocket frames apart, for a client that must be cheaper than the server it measures: in the usual
 * case a frame costs a look at its first bytes, and its payload is neither copied nor parsed. RFC 6455; no extensions,
 * since none is offered.
 */

/** Bytes of a frame's header at most: no mask, since a server sends none. */
const HEADER_MOST = 10

/** Bytes of the payload that are looked at: enough for the first letter of the message's type. */
export const PEEK = 16

/** A larger frame that must be held in memory is a fault of the server's. */
const MOST_READ = 64 * 1024 * 1024

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

const FINAL = 0x80
const RESERVED = 0x70

export interface FrameHandlers {
  /** A message whose payload is passed by: its length, and where its first bytes are: PEEK of them, or all. */
  readonly passed: (length: number, bytes: Uint8Array, at: number) => void
  /** A whole payload: while everything is read, and of control frames and messages in several frames always. */
  readonly read: (opcode: number, payload: Buffer) => void
}

/** One connection's stream. */
export class ServerFrames {
  readonly #handlers: FrameHandlers
  /** Whether messages are handed over whole; looked at when one begins. */
  reading = true
  /** A header and the first bytes behind it that came in pieces. */
  readonly #head = Buffer.alloc(HEADER_MOST + PEEK)
  #headLength = 0
  /** Bytes of the payload still to pass by. */
  #skip = 0
  #collecting: { readonly first: number; readonly payload: Buffer; filled: number } | undefined
  /** The frames so far of a message in several. */
  #message: { readonly opcode: number; readonly parts: Array<Buffer>; length: number } | undefined

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
        at += this.#collect(chunk, at, chunk.length)
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
    const needed = neededOf(this.#head, length)
    if (length < needed) {
      this.#headLength = length
      return more
    }
    this.#headLength = 0
    // What lies behind the bytes that are needed belongs to the chunk still.
    return this.#begin(this.#head, 0, needed) - before
  }

  /** Starts a frame; answers how many bytes it took, 0 when its head is not all there. */
  #begin(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return 0
    const header = headerOf(bytes[at + 1]!)
    if (end - at < header) return 0
    const length = lengthAt(bytes, at)
    const body = at + header
    const there = end - body
    if (there < PEEK && there < length) return 0
    const first = bytes[at]!
    if (!this.reading && this.#message === undefined && isWhole(first)) {
      this.#handlers.passed(length, bytes, body)
      const here = Math.min(length, there)
      this.#skip = length - here
      return header + here
    }
    this.#admit(first, length)
    this.#collecting = { first, payload: Buffer.allocUnsafe(length), filled: 0 }
    return header + this.#collect(bytes, body, end)
  }

  #admit(first: number, length: number): void {
    const opcode = first & 0x0f
    if ((first & RESERVED) !== 0)
      throw new Error("the server's frames have bits set that only extensions may use")
    if (length > MOST_READ)
      throw new Error(`the server sends a frame of ${length} bytes, more than is kept in memory`)
    if (opcode >= OPCODE.CLOSE) {
      if (opcode > OPCODE.PONG) throw unknown(opcode)
      if ((first & FINAL) === 0 || length > 125)
        throw new Error("the server sends a control frame that is too long or in pieces")
    } else if (opcode > OPCODE.BINARY) throw unknown(opcode)
    else if ((opcode === OPCODE.CONTINUATION) !== (this.#message !== undefined)) {
      throw new Error(
        opcode === OPCODE.CONTINUATION
          ? "the server continues a message that it did not begin"
          : "the server begins a message inside another one"
      )
    }
  }

  #collect(bytes: Uint8Array, at: number, end: number): number {
    const collecting = this.#collecting!
    const { filled, first, payload } = collecting
    const here = Math.min(payload.length - filled, end - at)
    payload.set(bytes.subarray(at, at + here), filled)
    collecting.filled += here
    if (filled + here === payload.length) {
      this.#collecting = undefined
      this.#collected(first, payload)
    }
    return here
  }

  #collected(first: number, payload: Buffer): void {
    const opcode = first & 0x0f
    const final = (first & FINAL) !== 0
    if (opcode >= OPCODE.CLOSE || (final && this.#message === undefined)) {
      return this.#handlers.read(opcode, payload)
    }
    const message = (this.#message ??= { opcode, parts: [], length: 0 })
    message.parts.push(payload)
    message.length += payload.length
    if (message.length > MOST_READ)
      throw new Error(`the server sends a message of more than ${MOST_READ} bytes`)
    if (!final) return
    this.#message = undefined
    this.#handlers.read(message.opcode, Buffer.concat(message.parts))
  }
}

/** The first byte of a message in one frame, without bits of extensions. */
const isWhole = (first: number): boolean =>
  first === (FINAL | OPCODE.TEXT) || first === (FINAL | OPCODE.BINARY)

const unknown = (opcode: number): Error => new Error(`the server sends frames of an unknown kind, ${opcode}`)

/** Bytes of the header, by its second byte. */
const headerOf = (second: number): number => {
  if ((second & 0x80) !== 0) throw new Error("the server masks its frames, which no server may do")
  return second < 126 ? 2 : second === 126 ? 4 : HEADER_MOST
}

const lengthAt = (bytes: Uint8Array, at: number): number => {
  const short = bytes[at + 1]!
  if (short < 126) return short
  if (short === 126) return bytes[at + 2]! * 256 + bytes[at + 3]!
  let length = 0
  for (let i = at + 2; i < at + HEADER_MOST; i++) length = length * 256 + bytes[i]!
  return length
}

/** Bytes that must be there before the frame can be begun: as far as is known from the `length` that are. */
const neededOf = (bytes: Uint8Array, length: number): number => {
  if (length < 2) return 2
  const header = headerOf(bytes[1]!)
  return length < header ? header : header + Math.min(PEEK, lengthAt(bytes, 0))
}
