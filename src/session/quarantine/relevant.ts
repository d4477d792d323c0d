/**
 * Guesses which of a connection's thousands of instruments a wire frame is about, without understanding it: those
 * whose token or symbol stands in it, as text or as a 32-bit number of either byte order. Good enough to open a codec
 * with.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Frame, Want } from "../../protocols/protocol.ts"
import type { SubscribedOnWire } from "./record.ts"
import { subscribedOnWire } from "./record.ts"

/** The most instruments in a record. */
export const MOST_ASKED = 200

export const relevant = (
  wants: ReadonlyMap<WireInstrument, Want>,
  frame: Frame,
  detail: string
): ReadonlyArray<SubscribedOnWire> => {
  if (wants.size <= MOST_ASKED) return [...wants].map(([i, want]) => subscribedOnWire(i, want))
  const words = wordsOf(
    `${typeof frame === "string" ? frame : Buffer.from(frame).toString("latin1")} ${detail}`
  )
  const numbers = typeof frame === "string" ? new Set<number>() : numbersOf(frame)
  const found: Array<SubscribedOnWire> = []
  const others: Array<SubscribedOnWire> = []
  for (const [i, want] of wants) {
    const named = words.has(i.token) || words.has(i.brokerSymbol) || words.has(i.symbol)
    if (named || numbers.has(Number(i.token))) found.push(subscribedOnWire(i, want))
    else if (others.length < MOST_ASKED) others.push(subscribedOnWire(i, want))
    if (found.length === MOST_ASKED) return found
  }
  return [...found, ...others.slice(0, MOST_ASKED - found.length)]
}

const wordsOf = (text: string): ReadonlySet<string> => {
  const words = new Set<string>()
  for (const pattern of [/[0-9]+/g, /[A-Za-z0-9&_-]+/g])
    for (const word of text.match(pattern) ?? []) words.add(word)
  return words
}

const numbersOf = (bytes: Uint8Array): ReadonlySet<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = new Set<number>()
  for (let at = 0; at + 4 <= bytes.length; at++) {
    numbers.add(view.getUint32(at))
    numbers.add(view.getUint32(at, true))
  }
  return numbers
}
