/**
 * The operations of the NATS client protocol as they lie in a stream of bytes.
 * Source: NATS documentation ("Client Protocol").
 */
export const LF = 10
const CR = 13
const SPACE = 32
const TAB = 9

/** Real ones have some hundred bytes; INFO, the longest, a few thousand in a large cluster. */
export const MAX_LINE_BYTES = 64 * 1024

/** What a server announces as `max_payload` unless told otherwise; a message of this feed has some hundred. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024

const latin1 = new TextDecoder("latin1")
const utf8 = new TextDecoder()
const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

export const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  utf8.decode(bytes.subarray(from, to))

/** Where a line ends, without its CR. @param lf where its LF is */
export const lineEnd = (bytes: Uint8Array, from: number, lf: number): number =>
  lf > from && bytes[lf - 1] === CR ? lf - 1 : lf

/** The names of a server's operations. */
const NAMES: ReadonlyArray<string> = ["MSG ", "HMSG ", "INFO ", "PING", "PONG", "+OK", "-ERR "]

/** Whether an operation of a server can begin with what is there of it. Names may be in any case. */
export const canBegin = (bytes: Uint8Array, at: number): boolean => {
  const start = latin1.decode(bytes.subarray(at, at + 5)).toUpperCase()
  return NAMES.some((name) => name.startsWith(start) || start.startsWith(name))
}

export const MSG = bytesOf("msg")
export const HMSG = bytesOf("hmsg")

/** Whether an operation has this name. @param name in lower case */
export const isNamed = (bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean => {
  if (to - from !== name.length) return false
  for (let i = 0; i < name.length; i++) if ((bytes[from + i]! | 0x20) !== name[i]) return false
  return true
}

/** The fields of a control line: where they begin and end. One for all lines of a connection. */
export class Fields {
  readonly #at = new Int32Array(12)
  count = 0

  /** Splits at blanks; more fields than any operation has are left out. */
  read(bytes: Uint8Array, from: number, to: number): void {
    this.count = 0
    let at = from
    while (at < to && this.count < 6) {
      while (at < to && isBlank(bytes[at]!)) at++
      if (at === to) return
      this.#at[2 * this.count] = at
      while (at < to && !isBlank(bytes[at]!)) at++
      this.#at[2 * this.count + 1] = at
      this.count++
    }
  }

  from(field: number): number {
    return this.#at[2 * field]!
  }

  to(field: number): number {
    return this.#at[2 * field + 1]!
  }

  /** A field as a whole number; -1 for anything else, or one that is too long. */
  number(bytes: Uint8Array, field: number): number {
    const to = this.to(field)
    let value = 0
    let at = this.from(field)
    if (to - at > 9) return -1
    for (; at < to; at++) {
      const digit = bytes[at]! - 48
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return value
  }
}

const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB

/** Whether CR LF stand at a place: what ends a payload. */
export const endsAt = (bytes: Uint8Array, at: number): boolean => bytes[at] === CR && bytes[at + 1] === LF

export const PING = bytesOf("PING\r\n")
export const PONG = bytesOf("PONG\r\n")
