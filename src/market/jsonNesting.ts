/**
 * How deep a JSON text nests and how much it holds, found before it is parsed: text that is little but brackets takes
 * `JSON.parse` some five times as long as other text, and what it makes holds up the garbage collector and whoever prints it.
 */

/** Deeper than any message of a client or a broker needs. */
export const DEEPEST = 32

const QUOTE = 34
const COMMA = 44
const OPENING_BRACKET = 91
const BACKSLASH = 92
const CLOSING_BRACKET = 93
const OPENING_BRACE = 123
const CLOSING_BRACE = 125

/** Where the string that begins here ends; the text's length when it never does. */
const endOfString = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}

/** What a message may hold. */
export interface MostParts {
  /** Objects and arrays. */
  readonly containers: number
  /** Values that stand behind others, as commas tell. */
  readonly values: number
}

export const anyParts: MostParts = { containers: Infinity, values: Infinity }

/**
 * Whether a text nests deeper than `DEEPEST` ("deep") or holds more than it may ("many"); brackets and commas in strings
 * are text. What is no JSON is judged as far as a parser would read it: it stops at a bracket that closes nothing.
 */
export const excessOf = (text: string, most: MostParts = anyParts): "deep" | "many" | undefined => {
  let depth = 0
  let containers = 0
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === COMMA) {
      if (++values > most.values) return "many"
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      if (++depth > DEEPEST) return "deep"
      if (++containers > most.containers) return "many"
    } else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) {
      if (--depth < 0) return undefined
    }
  }
  return undefined
}

export const nestsTooDeep = (text: string): boolean => excessOf(text) === "deep"
