/**
 * A market_data frame's JSON to MessagePack, in one pass over the bytes and without an object in between.
 *
 * The result is what the library makes of the same text, byte by byte. It knows what the feed writes, and leaves the
 * rest to the library: keys that are unknown or in another order (they might stand twice), escapes, what is not ASCII,
 * exponents, white space, and what is no JSON.
 *
 * A frame's head, up to the names in `data`, is the same in every frame of a view: it is compared as a whole and its
 * MessagePack is made once, which is also how readers get the names as they wrote them.
 */
import { TEXT_SIZE, fixed, put } from "./fixedText.ts"
import type { Names } from "./msgpackHead.ts"
import { feedHead, packedHead } from "./msgpackHead.ts"
import { frameKeys, mark, packed, standsAt } from "./msgpackKeys.ts"
import { DIGITS, digitsIn, valueOf } from "./jsonDigits.ts"
import { packDouble, packInteger, packNegative, packSmall } from "./msgpackNumbers.ts"

/** Longer than a frame with a book of 200 levels. */
const LONGEST = 32_768
/** `1.5,` is four bytes of JSON and nine of MessagePack. */
const GROWTH = 3

/** Room for one frame, for all writers: each is done before the next one starts. Zeros behind the longest stop any reading. */
const source = Buffer.alloc(LONGEST + TEXT_SIZE)
const sourceWords = new Int32Array(source.buffer)
const from = new DataView(source.buffer)
const target = Buffer.allocUnsafeSlow(GROWTH * LONGEST)
const out = new DataView(target.buffer)

/** Where the next byte of MessagePack goes. Positions in the JSON are passed on instead. */
let end = 0

/** Instead of a position: here stands something that is the library's business. */
const UNKNOWN = -1

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const POINT = 46
const ZERO = 48
const OPEN_BRACE = 123
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const CLOSE_BRACE = 125
/** `true`. */
const TRUE = 0x74727565

/** A double holds every number of up to this many digits exactly, so that dividing it by a power of ten rounds only once. */
const MOST_DIGITS = 15
const powers = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i)
const smallPowers = Int32Array.from(powers.subarray(0, 5))

/**
 * Digits are read four at a time: taken one by one, each number's end is a branch that the processor cannot foresee.
 */
const number = (start: number): number => {
  const negative = source[start] === MINUS
  const digits = negative ? start + 1 : start
  let at = digits
  let word = from.getInt32(at) ^ DIGITS
  let count = digitsIn(word)
  if (count === 0) return UNKNOWN
  let small = valueOf(word, count)
  at += count
  if (count === 4) {
    word = from.getInt32(at) ^ DIGITS
    count = digitsIn(word)
    if (count > 0) small = (Math.imul(small, smallPowers[count]!) + valueOf(word, count)) | 0
    at += count
  }
  if (source[digits] === ZERO && at > digits + 1) return UNKNOWN
  if (count < 4 && source[at] !== POINT && !negative) {
    end = packSmall(out, end, small)
    return at
  }
  let n = small
  while (count === 4) {
    word = from.getInt32(at) ^ DIGITS
    count = digitsIn(word)
    if (count > 0) n = n * powers[count]! + valueOf(word, count)
    at += count
  }
  let decimals = 0
  if (source[at] === POINT) {
    const first = ++at
    do {
      word = from.getInt32(at) ^ DIGITS
      count = digitsIn(word)
      if (count > 0) n = n * powers[count]! + valueOf(word, count)
      at += count
    } while (count === 4)
    decimals = at - first
    if (decimals === 0) return UNKNOWN
  }
  if (at - digits > MOST_DIGITS) n = Number(source.toString("latin1", digits, at))
  else if (decimals > 0) n /= powers[decimals]!
  if (!Number.isSafeInteger(n)) end = packDouble(out, end, negative ? -n : n)
  else end = negative ? packNegative(out, end, -n) : packInteger(out, end, n)
  return at
}

const isPlain = (c: number): boolean => c >= 0x20 && c < 0x7f && c !== QUOTE && c !== BACKSLASH

const FIXSTR = 0xa0
const FIXSTR_MOST = 31

/** @param start behind the opening quote */
const string = (start: number): number => {
  let at = start
  while (isPlain(source[at]!)) at++
  const length = at - start
  if (source[at] !== QUOTE || length > FIXSTR_MOST) return UNKNOWN
  out.setUint8(end++, FIXSTR + length)
  for (let i = 0; i < length; i += 8) out.setFloat64(end + i, from.getFloat64(start + i))
  end += length
  return at + 1
}

/** Bytes that say how many values an array or a map has. */
const countSize = (count: number): number => (count < 16 ? 1 : 3)

/**
 * Says it, now that it is known.
 * @param room bytes reserved for it at `head`; the rest moves if the number differs
 */
const writeCount = (head: number, room: number, count: number, few: number, many: number): void => {
  const size = countSize(count)
  if (size !== room) {
    target.copyWithin(head + size, head + room, end)
    end += size - room
  }
  if (size === 1) {
    out.setUint8(head, few + count)
  } else {
    out.setUint8(head, many)
    out.setUint16(head + 1, count)
  }
}

const PRICE = mark(`{"price":`)
const QUANTITY = mark(`,"quantity":`)
const ORDERS = mark(`,"orders":`)
const BUY = mark(`{"buy":[`)
const SELL = mark(`,"sell":[`)
/** Each with the head of its map. */
const PACKED_PRICE = fixed(`\x83${packed("price")}`)
const PACKED_QUANTITY = fixed(packed("quantity"))
const PACKED_ORDERS = fixed(packed("orders"))
const PACKED_BUY = fixed(`\x82${packed("buy")}`)
const PACKED_SELL = fixed(packed("sell"))

const level = (start: number): number => {
  if (!standsAt(from, start, PRICE)) return UNKNOWN
  end = put(out, end, PACKED_PRICE)
  let at = number(start + PRICE.length)
  if (at < 0 || !standsAt(from, at, QUANTITY)) return UNKNOWN
  end = put(out, end, PACKED_QUANTITY)
  at = number(at + QUANTITY.length)
  if (at < 0 || !standsAt(from, at, ORDERS)) return UNKNOWN
  end = put(out, end, PACKED_ORDERS)
  at = number(at + ORDERS.length)
  return at < 0 || source[at] !== CLOSE_BRACE ? UNKNOWN : at + 1
}

/** @param start behind the opening bracket */
const levels = (start: number): number => {
  const head = end++
  let at = start
  let count = 0
  if (source[at] !== CLOSE_BRACKET) {
    for (;;) {
      at = level(at)
      if (at < 0) return UNKNOWN
      count++
      if (source[at] !== COMMA) break
      at++
    }
    if (source[at] !== CLOSE_BRACKET) return UNKNOWN
  }
  writeCount(head, 1, count, 0x90, 0xdc)
  return at + 1
}

const book = (start: number): number => {
  if (!standsAt(from, start, BUY)) return UNKNOWN
  end = put(out, end, PACKED_BUY)
  let at = levels(start + BUY.length)
  if (at < 0 || !standsAt(from, at, SELL)) return UNKNOWN
  end = put(out, end, PACKED_SELL)
  at = levels(at + SELL.length)
  return at < 0 || source[at] !== CLOSE_BRACE ? UNKNOWN : at + 1
}

const value = (at: number): number => {
  const c = source[at]
  if (c === QUOTE) return string(at + 1)
  if (c === OPEN_BRACE) return book(at)
  if (from.getInt32(at) !== TRUE) return number(at)
  out.setUint8(end++, 0xc3)
  return at + 4
}

/** The key that followed each the last time, since frames are alike. The names have the last place. */
const followers = new Uint8Array(frameKeys.length + 1)
const NAMES = frameKeys.length

/** The rank of the key at `at`, which must be above the one before it. */
const keyAfter = (before: number, at: number): number => {
  const expected = followers[before]!
  const above = before === NAMES ? 0 : before + 1
  if (expected >= above && standsAt(from, at, frameKeys[expected]!.json)) return expected
  for (let rank = above; rank < frameKeys.length; rank++) {
    if (!standsAt(from, at, frameKeys[rank]!.json)) continue
    followers[before] = rank
    return rank
  }
  return UNKNOWN
}

/** Members of `data`, counted by the last call of `members`. */
let counted = 0

/** @param start behind the names, where a comma or the closing brace stands */
const members = (start: number): number => {
  let at = start
  let key = NAMES
  counted = 2
  while (source[at] === COMMA) {
    key = keyAfter(key, at)
    if (key < 0) return UNKNOWN
    const { json, msgpack } = frameKeys[key]!
    end = put(out, end, msgpack)
    at = value(at + json.length)
    if (at < 0) return UNKNOWN
    counted++
  }
  return source[at] === CLOSE_BRACE ? at + 1 : UNKNOWN
}

const BROKER = mark(`,"broker":"`)
const PACKED_BROKER = fixed(packed("broker"))

/** Whether the frame does; `words` are the whole words of `head`. */
const beginsWith = (head: Uint8Array, words: Int32Array): boolean => {
  // Of integers, where a comparison would be one of doubles: elements may be undefined.
  for (let i = 0; i < words.length; i++) if ((sourceWords[i]! ^ words[i]!) !== 0) return false
  for (let i = 4 * words.length; i < head.length; i++) if (source[i] !== head[i]) return false
  return true
}

/**
 * Transcodes the frames of one view for one requested name. Returns undefined for a frame that it leaves to the library.
 * @param feed as the feed writes it
 * @param reader as it is wanted
 */
export const makeFrameToMsgpack = (feed: Names, reader: Names): ((payload: Buffer) => Buffer | undefined) => {
  const { text, words } = feedHead(feed)
  const { countAt, withRoom } = packedHead(reader)
  let room = 1
  let head = withRoom(room)
  return (payload) => {
    const { length } = payload
    if (length < text.length || length > LONGEST) return undefined
    source.set(payload)
    if (!beginsWith(text, words)) return undefined
    target.set(head)
    end = head.length
    let at = members(text.length)
    if (at < 0 || !standsAt(from, at, BROKER)) return undefined
    writeCount(countAt, room, counted, 0x80, 0xde)
    if (countSize(counted) !== room) {
      room = countSize(counted)
      head = withRoom(room)
    }
    end = put(out, end, PACKED_BROKER)
    at = string(at + BROKER.length)
    // Also what ran on into the rest of an earlier frame ends here.
    if (at < 0 || at + 1 !== length || source[at] !== CLOSE_BRACE) return undefined
    const msgpack = Buffer.allocUnsafe(end)
    target.copy(msgpack, 0, 0, end)
    return msgpack
  }
}
