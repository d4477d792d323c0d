/**
 * Reads the everyday feed frame without `JSON.parse`: one flat object of plain texts, as all Noren servers write it.
 *
 * It takes part of JSON only: no blanks, no escapes, no key twice, numbers in digits. On everything else, wrong or only
 * unusual, it gives up, and `JSON.parse` has the word; what it takes means the same to both.
 */
import { NO_WORD, ROOT, makeKeyTrie } from "../keyTrie.ts"
import type { KeyTrie } from "../keyTrie.ts"
import type { Fields } from "./fields.ts"
import { LTT, SLOTS, keys } from "./layout.ts"

const KIND = SLOTS
const EXCHANGE = SLOTS + 1
const TOKEN = SLOTS + 2
const slots = makeKeyTrie([...keys, "t", "e", "tk"])

const QUOTE = 34
const MINUS = 45
const POINT = 46
const ZERO = 48
const COLON = 58
const BACKSLASH = 92
const BLANK = 32
const ASCII = 127

/** Whole numbers of so many digits, and their division by these powers, are exact: the result is what `Number` gives. */
const MAX_DIGITS = 15
const powers = Array.from({ length: MAX_DIGITS + 1 }, (_, i) => 10 ** i)

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
    const fields = this.#fields
    const seen = this.#seen
    const frame = (this.#frame = (this.#frame + 1) | 0)
    const { next, wordAt } = slots
    fields.count = 0
    fields.bad = 0
    let missing = 3
    // The quotation mark of the next key; a read beyond the end is NaN, which is no letter.
    let at = 1
    if (text.charCodeAt(0) !== 123) return false
    for (;;) {
      if (text.charCodeAt(at) !== QUOTE) return false
      let state = ROOT
      let letter = text.charCodeAt(++at)
      while (letter !== QUOTE) {
        if (!(letter >= BLANK && letter < ASCII) || letter === BACKSLASH) return false
        state = next[(state << 7) | letter]!
        letter = text.charCodeAt(++at)
      }
      if (text.charCodeAt(at + 1) !== COLON || text.charCodeAt(at + 2) !== QUOTE) return false
      at += 3
      const slot = wordAt[state]!
      if (slot !== NO_WORD) {
        if (seen[slot] === frame) return false
        seen[slot] = frame
      }
      // From the first letter of the value to the quotation mark behind it.
      if (slot === NO_WORD) at = endOf(text, at)
      else if (slot < SLOTS) at = slot === LTT ? clockIn(text, at, fields) : numberIn(text, at, slot, fields)
      else {
        missing--
        if (slot === KIND) at = this.#kindIn(text, at)
        else if (slot === EXCHANGE) at = this.#exchangeIn(text, at)
        else if (slot === TOKEN) at = this.#tokenIn(text, at)
      }
      if (at < 0) return false
      letter = text.charCodeAt(++at)
      if (letter === 125) return missing === 0 && at === text.length - 1
      if (letter !== 44) return false
      at++
    }
  }

  #kindIn(text: string, from: number): number {
    const to = endOf(text, from)
    this.kind = wordIn(this.#kinds, text, from, to)
    return this.kind === NO_WORD ? GIVEN_UP : to
  }

  #exchangeIn(text: string, from: number): number {
    const to = endOf(text, from)
    this.exchange = wordIn(this.#exchanges, text, from, to)
    return this.exchange === NO_WORD ? GIVEN_UP : to
  }

  /** `02885` is another text than `2885`. */
  #tokenIn(text: string, from: number): number {
    let at = from
    let token = 0
    let digit = text.charCodeAt(at) - ZERO
    if (digit === 0 && text.charCodeAt(at + 1) !== QUOTE) return GIVEN_UP
    while (digit >= 0 && digit <= 9) {
      token = token * 10 + digit
      digit = text.charCodeAt(++at) - ZERO
    }
    this.token = token
    return at > from && at - from <= MAX_TOKEN_DIGITS && text.charCodeAt(at) === QUOTE ? at : GIVEN_UP
  }
}

const GIVEN_UP = -1

/** The end of a text without escapes. */
const endOf = (text: string, from: number): number => {
  let at = from
  let letter = text.charCodeAt(at)
  while (letter !== QUOTE) {
    if (!(letter >= BLANK) || letter === BACKSLASH) return GIVEN_UP
    letter = text.charCodeAt(++at)
  }
  return at
}

const wordIn = ({ next, wordAt }: KeyTrie, text: string, from: number, to: number): number => {
  let state = ROOT
  for (let at = from; at < to; at++) {
    const letter = text.charCodeAt(at)
    if (letter > ASCII) return NO_WORD
    state = next[(state << 7) | letter]!
  }
  return to < 0 ? NO_WORD : wordAt[state]!
}

/** `2941.40`, `-3`; nothing at all and a lone sign tell nothing. */
const numberIn = (text: string, from: number, slot: number, fields: Fields): number => {
  const negative = text.charCodeAt(from) === MINUS
  let at = negative ? from + 1 : from
  if (text.charCodeAt(at) === QUOTE) return at
  const first = at
  let n = 0
  let digit = text.charCodeAt(at) - ZERO
  while (digit >= 0 && digit <= 9) {
    n = n * 10 + digit
    digit = text.charCodeAt(++at) - ZERO
  }
  let digits = at - first
  if (digits === 0) return GIVEN_UP
  if (digit === POINT - ZERO) {
    const point = at
    digit = text.charCodeAt(++at) - ZERO
    while (digit >= 0 && digit <= 9) {
      n = n * 10 + digit
      digit = text.charCodeAt(++at) - ZERO
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

const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN
}

/** `13:58:37`. */
const clockIn = (text: string, from: number, fields: Fields): number => {
  const hour = two(text, from)
  const minute = two(text, from + 3)
  const second = two(text, from + 6)
  if (!(hour < 24 && minute < 60 && second < 60)) return GIVEN_UP
  if (text.charCodeAt(from + 2) !== COLON || text.charCodeAt(from + 5) !== COLON) return GIVEN_UP
  const seconds = hour * 3600 + minute * 60 + second
  if (seconds === 0 || text.charCodeAt(from + 8) !== QUOTE) return GIVEN_UP
  put(fields, LTT, seconds)
  return from + 8
}

const put = (fields: Fields, slot: number, value: number): void => {
  fields.slots[fields.count] = slot
  fields.values[fields.count++] = value
}
