/** The kinds of records in a slab, and their payloads. */
import type { Mode } from "../../market/mode.ts"
import { modeNumber, modes } from "../../market/mode.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Change, HttpRequest, Want } from "../../protocols/protocol.ts"

export const KIND = { opened: 1, requested: 2, text: 3, binary: 4, answered: 5, closed: 6, alarm: 7 } as const

/** A change with its instrument's number in the recording. */
export interface NumberedChange {
  readonly instrument: number
  readonly from: Want | undefined
  readonly to: Want | undefined
}

/** Instruments by number. Equal ones share a number, so that the list is bounded by what is ever subscribed. */
export class InstrumentTable {
  readonly #numbers = new Map<string, number>()
  readonly list: Array<WireInstrument> = []

  numberOf({ brokerExchange, brokerSymbol, exchange, symbol, token }: WireInstrument): number {
    const key = `${exchange}\n${symbol}\n${token}\n${brokerExchange}\n${brokerSymbol}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.list.push({ symbol, exchange, token, brokerExchange, brokerSymbol }) - 1
    this.#numbers.set(key, number)
    return number
  }
}

const CHANGE_BYTES = 10

/** Instrument (4 bytes), then mode (1, 0 for none) and depth (2) of `from` and of `to`. */
export const writeChanges = (changes: ReadonlyArray<Change>, table: InstrumentTable): Uint8Array => {
  const bytes = new Uint8Array(changes.length * CHANGE_BYTES)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { from, instrument, to } of changes) {
    view.setUint32(at, table.numberOf(instrument))
    writeWant(view, at + 4, from)
    writeWant(view, at + 7, to)
    at += CHANGE_BYTES
  }
  return bytes
}

const writeWant = (view: DataView, at: number, want: Want | undefined): void => {
  view.setUint8(at, want === undefined ? 0 : modeNumber[want.mode])
  view.setUint16(at + 1, want?.depth ?? 0)
}

export const readChanges = (payload: Uint8Array): ReadonlyArray<NumberedChange> => {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const changes: Array<NumberedChange> = []
  for (let at = 0; at + CHANGE_BYTES <= payload.length; at += CHANGE_BYTES) {
    changes.push({
      instrument: view.getUint32(at),
      from: readWant(view, at + 4),
      to: readWant(view, at + 7)
    })
  }
  return changes
}

const readWant = (view: DataView, at: number): Want | undefined => {
  const mode: Mode | undefined = modes[view.getUint8(at) - 1]
  return mode === undefined ? undefined : { mode, depth: view.getUint16(at + 1) }
}

/**
 * Matches an answer with the request that a replaying decoder makes: by method and body, not by address or headers,
 * which depend on the login and stay out of recordings.
 */
export const digestOf = ({ body = "", method }: Pick<HttpRequest, "method" | "body">): string => {
  let hash = 0x811c9dc5
  const text = `${method}\n${body}`
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, "0")
}
