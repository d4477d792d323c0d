/**
 * Reads the everyday feed frame without `JSON.parse`: one flat object of plain texts, as all Noren servers write it.
 *
 * It takes part of JSON only: no blanks, no escapes, no key twice, numbers in digits. On everything else, wrong or only
 * unusual, it gives up, and `JSON.parse` has the word; what it takes means the same to both.
 */
import {
  BACKSLASH,
  BLANK,
  CLOSING_BRACE,
  COLON,
  COMMA,
  MAX_DIGITS,
  MINUS,
  OPENING_BRACE,
  POINT,
  QUOTE,
  ZERO,
  bytes,
  load,
  powers
} from "../kit/jsonBytes.ts"
import { NO_WORD, ROOT, makeKeyTrie } from "../kit/keyTrie.ts"
import type { KeyTrie } from "../kit/keyTrie.ts"
import type { Fields } from "./fields.ts"
import { LTT, SLOTS, keys } from "./layout.ts"

const KIND = SLOTS
const EXCHANGE = SLOTS + 1
const TOKEN = SLOTS + 2
const slots = makeKeyTrie([...keys, "t", "e", "tk"])

/** More has no token that we ask for. */
const MAX_TOKEN_DIGITS = 12

export class Scanner {
  /** Places in the lists of words that the constructor was given; of the last frame. */
  kind = NO_WORD
  exchange = NO_WORD
  token = 0
  readonly #fields: Fields
  readonly #kinds: KeyTrie
  readonly #exchanges: KeyTrie
  /** Which frame had a key last. */
  readonly #seen = new Int32Array(SLOTS + 3)
  #frame = 0

  constructor(fields: Fields, kinds: ReadonlyArray<string>, exchanges: ReadonlyArray<string>) {
    this.#fields = fields
    this.#kinds = makeKeyTrie(kinds)
    this.#exchanges = makeKeyTrie(exchanges)
  }

  /** @returns false where it gives up; what it has read by then is to be forgotten */
  scan(text: string): boolean {
    if (!load(text)) return false
    const fields = this.#fields
    const seen = this.#seen
    const frame = (this.#frame = (this.#frame + 1) | 0)
    const { next, wordAt } = slots
    fields.count = 0
    fields.bad = 0
    let missing = 3
    // The quotation mark of the next key.
    let at = 1
    if (bytes[0] !== OPENING_BRACE) return false
    for (;;) {
      if (bytes[at] !== QUOTE) return false
      let state = ROOT
      let letter = bytes[++at]!
      while (letter !== QUOTE) {
        if (letter < BLANK || letter === BACKSLASH) return false
        state = next[(state << 7) | letter]!
        letter = bytes[++at]!
      }
      if (bytes[at + 1] !== COLON || bytes[at + 2] !== QUOTE) return false
      at += 3
      const slot = wordAt[state]!
      if (slot !== NO_WORD) {
        if (seen[slot] === frame) return false
        seen[slot] = frame
      }
      // From the first letter of the value to the quotation mark behind it.
      if (slot === NO_WORD) at = endOf(at)
      else if (slot < SLOTS) at = slot === LTT ? clockIn(at, fields) : numberIn(at, slot, fields)
      else {
        missing--
        if (slot === KIND) at = this.#kindIn(at)
        else if (slot === EXCHANGE) at = this.#exchangeIn(at)
        else if (slot === TOKEN) at = this.#tokenIn(at)
      }
      if (at < 0) return false
      letter = bytes[++at]!
      if (letter === CLOSING_BRACE) return missing === 0 && at === text.length - 1
      if (letter !== COMMA) return false
      at++
    }
  }

  #kindIn(from: number): number {
    const to = endOf(from)
    this.kind = wordIn(this.#kinds, from, to)
    return this.kind === NO_WORD ? GIVEN_UP : to
  }

  #exchangeIn(from: number): number {
    const to = endOf(from)
    this.exchange = wordIn(this.#exchanges, from, to)
    return this.exchange === NO_WORD ? GIVEN_UP : to
  }

  /** `02885` is another text than `2885`. */
  #tokenIn(from: number): number {
    let at = from
    let token = 0
    let digit = bytes[at]! - ZERO
    if (digit === 0 && bytes[at + 1] !== QUOTE) return GIVEN_UP
    while (digit >= 0 && digit <= 9) {
      token = token * 10 + digit
      digit = bytes[++at]! - ZERO
    }
    this.token = token
    return at > from && at - from <= MAX_TOKEN_DIGITS && bytes[at] === QUOTE ? at : GIVEN_UP
  }
}

const GIVEN_UP = -1

/** The end of a text without escapes. */
const endOf = (from: number): number => {
  let at = from
  let letter = bytes[at]!
  while (letter !== QUOTE) {
    if (letter < BLANK || letter === BACKSLASH) return GIVEN_UP
    letter = bytes[++at]!
  }
  return at
}

const wordIn = ({ next, wordAt }: KeyTrie, from: number, to: number): number => {
  let state = ROOT
  for (let at = from; at < to; at++) {
    state = next[(state << 7) | bytes[at]!]!
  }
  return to < 0 ? NO_WORD : wordAt[state]!
}

/** `2941.40`, `-3`; nothing at all and a lone sign tell nothing. */
const numberIn = (from: number, slot: number, fields: Fields): number => {
  const negative = bytes[from] === MINUS
  let at = negative ? from + 1 : from
  if (bytes[at] === QUOTE) return at
  const first = at
  let n = 0
  let digit = bytes[at]! - ZERO
  while (digit >= 0 && digit <= 9) {
    n = n * 10 + digit
    digit = bytes[++at]! - ZERO
  }
  let digits = at - first
  if (digits === 0) return GIVEN_UP
  if (digit === POINT - ZERO) {
    const point = at
    digit = bytes[++at]! - ZERO
    while (digit >= 0 && digit <= 9) {
      n = n * 10 + digit
      digit = bytes[++at]! - ZERO
    }
    const decimals = at - point - 1
    digits += decimals
    if (digits > MAX_DIGITS) return GIVEN_UP
    n /= powers[decimals]!
  }
  if (digits > MAX_DIGITS || digit !== QUOTE - ZERO) return GIVEN_UP
  put(fields, slot, negative && n !== 0 ? -n : n)
  return at
}

const two = (at: number): number => {
  const tens = bytes[at]! - ZERO
  const ones = bytes[at + 1]! - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN
}

/** `13:58:37`. */
const clockIn = (from: number, fields: Fields): number => {
  const hour = two(from)
  const minute = two(from + 3)
  const second = two(from + 6)
  if (!(hour < 24 && minute < 60 && second < 60)) return GIVEN_UP
  if (bytes[from + 2] !== COLON || bytes[from + 5] !== COLON) return GIVEN_UP
  const seconds = hour * 3600 + minute * 60 + second
  if (seconds === 0 || bytes[from + 8] !== QUOTE) return GIVEN_UP
  put(fields, LTT, seconds)
  return from + 8
}

const put = (fields: Fields, slot: number, value: number): void => {
  fields.slots[fields.count] = slot
  fields.values[fields.count++] = value
}
