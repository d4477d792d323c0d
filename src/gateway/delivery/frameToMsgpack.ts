/**
 * A market_data frame's JSON to MessagePack, in one pass over the bytes and without an object in between.
 *
 * The result is what the library makes of the same text, byte by byte. Whatever the feed does not write is left to the
 * library: keys that are unknown or in another order (they might stand twice), escapes, what is not ASCII, exponents,
 * more than 15 digits, white space, and what is no JSON.
 */
import { TEXT_SIZE, put } from "../../bus/fixedText.ts"
import { frameKeys, standsAt } from "./frameKeys.ts"

/** Longer than a book of 200 levels. */
const LONGEST = 65_536
/** `1.5,` is four bytes of JSON and nine of MessagePack. */
const GROWTH = 3
/** An object in an array in an object in an object in an object is as deep as frames go. */
const DEEPEST = 8

const source = new Uint8Array(LONGEST + TEXT_SIZE)
const from = new DataView(source.buffer)
const target = Buffer.allocUnsafeSlow(GROWTH * LONGEST + TEXT_SIZE)
const out = new DataView(target.buffer)

/** Where the next byte of MessagePack goes. Positions in the JSON are passed on instead. */
let end = 0

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const POINT = 46
const ZERO = 48
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const LETTER_T = 116
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
/** `true`. */
const TRUE = 0x74727565

const FIXSTR = 0xa0
const FIXSTR_MOST = 31
/** Of negative integers: as far as 32 bits go. */
const LOWEST = 0x8000_0000

/** Instead of a position: the text has something that is the library's business. */
const UNKNOWN = -1

/** No more digits than that: a double holds them all, and dividing it by a power of ten rounds only once. */
const MOST_DIGITS = 15
const powers = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i)

/** The key that came next the last time: frames are alike. By the one before it, and for a first one by its object's. */
const KEYS = frameKeys.length
const followers = new Uint8Array(KEYS)
const firsts = new Uint8Array(KEYS + 1)
/** The outermost object is under no key. */
const NO_KEY = KEYS

/** The rank of the key at `at`, which must be above the one before it in the same object (or -1). */
const keyAt = (at: number, before: number, parent: number): number => {
  const expected = before < 0 ? firsts[parent]! : followers[before]!
  if (expected > before && standsAt(from, at, frameKeys[expected]!)) return expected
  for (let rank = before + 1; rank < KEYS; rank++) {
    if (!standsAt(from, at, frameKeys[rank]!)) continue
    if (before < 0) firsts[parent] = rank
    else followers[before] = rank
    return rank
  }
  return UNKNOWN
}

const writeInteger = (n: number): void => {
  if (n < 0x80) {
    out.setUint8(end++, n)
  } else if (n < 0x100) {
    out.setUint16(end, 0xcc00 | n)
    end += 2
  } else if (n < 0x10000) {
    out.setUint8(end, 0xcd)
    out.setUint16(end + 1, n)
    end += 3
  } else if (n < 0x1_0000_0000) {
    out.setUint8(end, 0xce)
    out.setUint32(end + 1, n)
    end += 5
  } else {
    const high = (n / 0x1_0000_0000) | 0
    out.setUint8(end, 0xcf)
    out.setInt32(end + 1, high)
    out.setUint32(end + 5, n - high * 0x1_0000_0000)
    end += 9
  }
}

const writeNegative = (n: number): void => {
  if (n >= -0x20) {
    out.setInt8(end++, n)
  } else if (n >= -0x80) {
    out.setUint8(end, 0xd0)
    out.setInt8(end + 1, n)
    end += 2
  } else if (n >= -0x8000) {
    out.setUint8(end, 0xd1)
    out.setInt16(end + 1, n)
    end += 3
  } else {
    out.setUint8(end, 0xd2)
    out.setInt32(end + 1, n)
    end += 5
  }
}

const writeDouble = (n: number): void => {
  out.setUint8(end, 0xcb)
  out.setFloat64(end + 1, n)
  end += 9
}

/** Digits up to here fit a small integer. */
const FEW_DIGITS = 9

const number = (start: number): number => {
  const negative = source[start] === MINUS
  const digits = negative ? start + 1 : start
  let at = digits
  let small = 0
  let digit = source[at]! - ZERO
  while (digit >= 0 && digit <= 9 && at < digits + FEW_DIGITS) {
    small = (small * 10 + digit) | 0
    digit = source[++at]! - ZERO
  }
  let n = small
  while (digit >= 0 && digit <= 9) {
    n = n * 10 + digit
    digit = source[++at]! - ZERO
  }
  const whole = at
  if (whole === digits || (source[digits] === ZERO && whole > digits + 1)) return UNKNOWN
  if (digit === POINT - ZERO) {
    digit = source[++at]! - ZERO
    while (digit >= 0 && digit <= 9) {
      n = n * 10 + digit
      digit = source[++at]! - ZERO
    }
    const decimals = at - whole - 1
    if (decimals === 0 || at - digits > MOST_DIGITS) return UNKNOWN
    n /= powers[decimals]!
    if (Math.floor(n) !== n) {
      writeDouble(negative ? -n : n)
      return at
    }
  } else if (at - digits > MOST_DIGITS) return UNKNOWN
  if (!negative) writeInteger(n)
  else if (n <= LOWEST) writeNegative(-n)
  else return UNKNOWN
  return at
}

const isPlain = (c: number): boolean => c >= 0x20 && c < 0x7f && c !== QUOTE && c !== BACKSLASH

/** @param start behind the opening quote */
const string = (start: number): number => {
  let at = start
  while (isPlain(source[at]!)) at++
  const length = at - start
  if (source[at] !== QUOTE || length > FIXSTR_MOST) return UNKNOWN
  out.setUint8(end++, FIXSTR + length)
  for (let i = start; i < at; i++) out.setUint8(end++, source[i]!)
  return at + 1
}

/** Known only now, and one byte was left for it. */
const writeCount = (head: number, count: number, few: number, many: number): void => {
  if (count < 16) {
    out.setUint8(head, few + count)
    return
  }
  target.copyWithin(head + 3, head + 1, end)
  out.setUint8(head, many)
  out.setUint16(head + 1, count)
  end += 2
}

/** @param start behind the opening brace */
const object = (start: number, parent: number, depth: number): number => {
  const head = end++
  let at = start
  let key = -1
  for (let count = 1; ; count++) {
    key = keyAt(at, key, parent)
    if (key < 0) return UNKNOWN
    const { json, msgpack } = frameKeys[key]!
    end = put(out, end, msgpack)
    at = value(at + json.length, key, depth)
    if (at < 0) return UNKNOWN
    const next = source[at++]
    if (next === COMMA) continue
    if (next !== CLOSE_BRACE) return UNKNOWN
    writeCount(head, count, 0x80, 0xde)
    return at
  }
}

/** @param start behind the opening bracket */
const array = (start: number, parent: number, depth: number): number => {
  const head = end++
  if (source[start] === CLOSE_BRACKET) {
    writeCount(head, 0, 0x90, 0xdc)
    return start + 1
  }
  let at = start
  for (let count = 1; ; count++) {
    at = value(at, parent, depth)
    if (at < 0) return UNKNOWN
    const next = source[at++]
    if (next === COMMA) continue
    if (next !== CLOSE_BRACKET) return UNKNOWN
    writeCount(head, count, 0x90, 0xdc)
    return at
  }
}

/** @returns the position behind it */
const value = (at: number, parent: number, depth: number): number => {
  switch (source[at]) {
    case QUOTE:
      return string(at + 1)
    case OPEN_BRACE:
      return depth === DEEPEST ? UNKNOWN : object(at + 1, parent, depth + 1)
    case OPEN_BRACKET:
      return depth === DEEPEST ? UNKNOWN : array(at + 1, parent, depth + 1)
    case LETTER_T:
      if (from.getInt32(at) !== TRUE) return UNKNOWN
      out.setUint8(end++, 0xc3)
      return at + 4
    default:
      return number(at)
  }
}

/** Undefined for what is the library's business. */
export const frameToMsgpack = (json: Uint8Array): Buffer | undefined => {
  const { length } = json
  if (length > LONGEST) return undefined
  source.set(json)
  // What an earlier text left there is no part of this one.
  source[length] = 0
  end = 0
  if (value(0, NO_KEY, 0) !== length) return undefined
  const msgpack = Buffer.allocUnsafe(end)
  target.copy(msgpack, 0, 0, end)
  return msgpack
}
