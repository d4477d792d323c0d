/**
 * Reads the everyday event of a whole message without `JSON.parse`, which would have to read it twice: once to take the
 * message out of the event's text, and once more.
 *
 * It takes part of JSON only: no blanks, no escapes but those of the text within a text, no known key twice, and numbers
 * for known keys. On everything else, wrong or only unusual, it gives up, and `JSON.parse` has the word; what it takes
 * means the same to both.
 */
import type { Level } from "../../market/tick.ts"
import {
  BACKSLASH,
  BLANK,
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  MAX_DIGITS,
  MINUS,
  OPENING_BRACE,
  OPENING_BRACKET,
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
import { CLOSE, NUMBERS, PRICE, UPDATED, clear, numberKeys, rowKeys } from "./fields.ts"
import type { MessageCode } from "./layout.ts"
import { LTP, messageCodes } from "./layout.ts"

const heads = makeKeyTrie(messageCodes.map((code) => `42["${code}-json-full","`))
const TOUCHLINE = NUMBERS
const BIDS = NUMBERS + 1
const ASKS = NUMBERS + 2
const messageKeys = makeKeyTrie([...numberKeys, "Touchline", "Bids", "Asks"])
const keysOfRow = makeKeyTrie(rowKeys)

/** Sets of keys are small integers. */
const TOUCHLINE_KEYS = (1 << NUMBERS) - (1 << UPDATED)
const TOUCHLINE_SIGNS = (1 << PRICE) | (1 << CLOSE)

/** More has no number that is one; a few hundred would be infinite. */
const MAX_LENGTH = 40

/** Deeper than any message, and shallow enough for any stack. */
const MAX_NESTING = 8

export class Scanner {
  /** Of the last message. */
  code: MessageCode = LTP
  readonly #fields: Fields
  #text = ""
  /** Where nothing can be read any more: giving up is going there. */
  #end = 0
  #at = 0

  constructor(fields: Fields) {
    this.#fields = fields
  }

  /** @returns false where it gives up; what it has read by then is to be forgotten */
  scan(text: string): boolean {
    if (!load(text)) return false
    const { next, wordAt } = heads
    let state = ROOT
    let at = 0
    while (state !== 0 && bytes[at] !== OPENING_BRACE) state = next[(state << 7) | bytes[at++]!]!
    const code = messageCodes[wordAt[state]!]
    if (code === undefined) return false
    this.code = code
    this.#text = text
    this.#end = text.length
    this.#at = at
    clear(this.#fields)
    this.#message()
    at = this.#at
    return bytes[at] === QUOTE && bytes[at + 1] === CLOSING_BRACKET && at + 2 === text.length
  }

  #message(): void {
    const fields = this.#fields
    let seen = 0
    let nested = 0
    do {
      const key = this.#key(messageKeys)
      if (key !== NO_WORD && (seen & (1 << key)) !== 0) return this.#giveUp()
      seen |= key === NO_WORD ? 0 : 1 << key
      if (key === NO_WORD) this.#pass(0)
      else if (key < NUMBERS) fields.numbers[key] = this.#number(true)
      else if (key === TOUCHLINE) nested = this.#touchline()
      else if (key === BIDS) fields.buy = this.#rows()
      else if (key === ASKS) fields.sell = this.#rows()
    } while (this.#goesOn())
    // Which of two touchlines counts is not decided here.
    if ((seen & (1 << TOUCHLINE)) !== 0 && ((seen & TOUCHLINE_KEYS) !== 0 || this.code === LTP))
      this.#giveUp()
    fields.hasTouchline = ((seen | nested) & TOUCHLINE_SIGNS) !== 0
    fields.hasBook = (seen & ((1 << BIDS) | (1 << ASKS))) !== 0
  }

  /** @returns the keys that it has */
  #touchline(): number {
    const { numbers } = this.#fields
    if (bytes[this.#at] !== OPENING_BRACE) this.#giveUp()
    let seen = 0
    do {
      const key = this.#key(messageKeys)
      if (key >= UPDATED && key < NUMBERS) {
        if ((seen & (1 << key)) !== 0) this.#giveUp()
        seen |= 1 << key
        numbers[key] = this.#number(true)
      } else this.#pass(0)
    } while (this.#goesOn())
    return seen
  }

  #rows(): ReadonlyArray<Level> {
    const rows: Array<Level> = []
    if (bytes[this.#at] !== OPENING_BRACKET) this.#giveUp()
    else if (bytes[this.#at + 1] === CLOSING_BRACKET) {
      this.#at += 2
      return rows
    }
    for (;;) {
      if (this.#at === this.#end) return rows
      if (bytes[++this.#at] !== OPENING_BRACE) this.#giveUp()
      rows.push(this.#row())
      const letter = bytes[this.#at]!
      if (letter === COMMA) continue
      if (letter === CLOSING_BRACKET) this.#at++
      else this.#giveUp()
      return rows
    }
  }

  #row(): Level {
    let quantity = NaN
    let price = NaN
    let orders = NaN
    do {
      const key = this.#key(keysOfRow)
      if (key === 0 && quantity !== quantity) quantity = this.#number(true)
      else if (key === 1 && price !== price) price = this.#number(true)
      else if (key === 2 && orders !== orders) orders = this.#number(true)
      else if (key === NO_WORD) this.#pass(0)
      else this.#giveUp()
    } while (this.#goesOn())
    // NaN is falsy: what was not told is 0.
    return { price: price || 0, quantity: quantity || 0, orders: orders || 0 }
  }

  #giveUp(): void {
    this.#at = this.#end
  }

  /** Behind a member of an object: whether another one follows. */
  #goesOn(): boolean {
    const letter = bytes[this.#at]!
    if (letter === CLOSING_BRACE) this.#at++
    else if (letter !== COMMA) this.#giveUp()
    return letter === COMMA
  }

  /** From the brace or the comma before a key to its value. */
  #key({ next, wordAt }: KeyTrie): number {
    let at = this.#at
    if (at === this.#end) return NO_WORD
    if (bytes[at + 1] !== BACKSLASH || bytes[at + 2] !== QUOTE) {
      this.#giveUp()
      return NO_WORD
    }
    at += 3
    let state = ROOT
    let letter = bytes[at]!
    while (letter !== BACKSLASH) {
      if (letter < BLANK || letter === QUOTE) {
        this.#giveUp()
        return NO_WORD
      }
      state = next[(state << 7) | letter]!
      letter = bytes[++at]!
    }
    const isWhole = bytes[at + 1] === QUOTE && bytes[at + 2] === COLON
    this.#at = isWhole ? at + 3 : this.#end
    return wordAt[state]!
  }

  /** @param wanted otherwise it is only passed over */
  #number(wanted: boolean): number {
    const from = this.#at
    const negative = bytes[from] === MINUS
    let at = negative ? from + 1 : from
    const first = at
    let n = 0
    let digit = bytes[at]! - ZERO
    const leadsWithZero = digit === 0
    while (digit >= 0 && digit <= 9) {
      n = n * 10 + digit
      digit = bytes[++at]! - ZERO
    }
    let digits = at - first
    if (digits === 0 || (leadsWithZero && digits > 1)) this.#at = this.#end
    else this.#at = at
    if (digit === POINT - ZERO) {
      const point = at
      digit = bytes[++at]! - ZERO
      while (digit >= 0 && digit <= 9) {
        n = n * 10 + digit
        digit = bytes[++at]! - ZERO
      }
      const decimals = at - point - 1
      digits += decimals
      if (decimals === 0) this.#at = this.#end
      else if (this.#at < this.#end) this.#at = at
      if (digits <= MAX_DIGITS) n /= powers[decimals]!
    }
    if (digits > MAX_LENGTH) this.#at = this.#end
    if (digits > MAX_DIGITS && wanted && this.#at < this.#end) return Number(this.#text.slice(from, at))
    return negative ? -n : n
  }

  /** Over a value that nobody reads; it must be JSON all the same. */
  #pass(nesting: number): void {
    const letter = bytes[this.#at]!
    if (letter === BACKSLASH) return this.#passText()
    if (letter === OPENING_BRACE && nesting < MAX_NESTING) {
      do {
        this.#key(keysOfRow)
        this.#pass(nesting + 1)
      } while (this.#goesOn())
      return
    }
    if (letter === 110) return this.#passWord("null")
    // Servers write it where there is no value, and it counts as null.
    if (letter === 78) return this.#passWord("NaN")
    this.#number(false)
  }

  #passText(): void {
    let at = this.#at + 2
    if (bytes[at - 1] !== QUOTE) return this.#giveUp()
    let letter = bytes[at]!
    while (letter !== BACKSLASH) {
      if (letter < BLANK || letter === QUOTE) return this.#giveUp()
      letter = bytes[++at]!
    }
    this.#at = bytes[at + 1] === QUOTE ? at + 2 : this.#end
  }

  #passWord(word: string): void {
    this.#at = this.#text.startsWith(word, this.#at) ? this.#at + word.length : this.#end
  }
}
