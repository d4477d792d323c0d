/** What is Kotak's own in its version of HSM, on both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Dialect, Subject } from "../hsm/codec.ts"
import { isFine } from "../hsm/encode.ts"
import type { Kind } from "../hsm/layout.ts"
import { CONNECTION, SNAPSHOT, UPDATE } from "../hsm/layout.ts"
import { MAX_TOPIC, bytesOf, field, message, textOf } from "../hsm/messages.ts"
import type { Served, ServerDialect } from "../hsm/server.ts"
import type { CodecOptions } from "../protocol.ts"
import { textCodes } from "../kit/variant.ts"
import { fieldsOf } from "./fields.ts"
import { loginOf } from "./handshake.ts"
import { kotakOptions } from "./options.ts"
import { readRecords } from "./records.ts"

const TRADABLE: ReadonlyArray<Kind> = ["sf", "dp"]
const QUOTE: ReadonlyArray<Kind> = ["sf"]
const INDEX: ReadonlyArray<Kind> = ["if"]

/** Printable, and without the sign that parts a topic's name. */
const TOKEN = /^[\x20-\x7b\x7d\x7e]+$/

/**
 * An index has a topic of its own kind under its name; one that is known by its number alone is asked for like a
 * tradable, as some clients do with all of them.
 */
const subjects = (options: CodecOptions) => {
  const codes = textCodes("kotak-hsm", options.codes)
  return ({ exchange, token }: WireInstrument): Subject | undefined => {
    const segment = codes[exchange]
    if (segment === undefined || !TOKEN.test(token)) return undefined
    const name = `${segment}|${token}`
    if (name.length + 3 > MAX_TOPIC) return undefined
    if (!exchange.endsWith("_INDEX")) return { name, kinds: TRADABLE }
    return { name, kinds: /^\d+$/.test(token) ? QUOTE : INDEX }
  }
}

export const dialect = (options: CodecOptions): Dialect => {
  const { channel, epoch, source } = kotakOptions(options)
  return {
    title: "Kotak",
    fields: fieldsOf(epoch),
    channel,
    batch: options.batch,
    numberedAtFirst: false,
    alwaysNumbered: false,
    subjectOf: subjects(options),
    login: ({ sid = "", token = "" }) =>
      message(CONNECTION, [field(1, token), field(2, sid), field(3, source)]),
    records: readRecords
  }
}

export const serverDialect = (options: CodecOptions): ServerDialect => {
  const { acknowledgeEvery, epoch } = kotakOptions(options)
  return {
    fields: fieldsOf(epoch),
    acknowledgeEvery,
    subjectOf: subjects(options),
    admits: ([token, sid], accepted) => {
      const right = loginOf(accepted)
      return (
        token !== undefined &&
        sid !== undefined &&
        textOf(token.bytes) === right.token &&
        textOf(sid.bytes) === right.sid
      )
    },
    scaleOf: ({ exchange }) => ({ multiplier: 1, precision: isFine(exchange) ? 4 : 2 }),
    snapshot: encodeSnapshot,
    update: encodeUpdate
  }
}

/** Ids of the texts in a snapshot: name, token, segment, trading symbol. */
const TEXTS = [51, 52, 53, 54] as const

/** See records.ts for the layouts. */
const encodeSnapshot = (topic: Served, values: Int32Array): Uint8Array => {
  const { id, instrument, kind, name } = topic
  const count = values.length - 1
  const texts = [kind, instrument.token, name.split("|")[1] ?? "", instrument.brokerSymbol].map(bytesOf)
  const size = texts.reduce((sum, text) => sum + 2 + text.length, 8 + name.length + 1 + 4 * count + 1)
  const record = new Uint8Array(size)
  const view = new DataView(record.buffer)
  putHead(view, size, SNAPSHOT, id)
  view.setUint8(7, name.length)
  record.set(bytesOf(name), 8)
  let at = 8 + name.length
  at = putValues(view, at, values, count)
  view.setUint8(at++, texts.length)
  for (const [i, text] of texts.entries()) {
    view.setUint8(at, TEXTS[i]!)
    view.setUint8(at + 1, text.length)
    record.set(text, at + 2)
    at += 2 + text.length
  }
  return record
}

const encodeUpdate = ({ id }: Served, values: Int32Array, count: number): Uint8Array => {
  const size = 8 + 4 * count
  const record = new Uint8Array(size)
  const view = new DataView(record.buffer)
  putHead(view, size, UPDATE, id)
  putValues(view, 7, values, count)
  return record
}

const putHead = (view: DataView, size: number, kind: number, id: number): void => {
  view.setUint16(0, size - 2)
  view.setUint8(2, kind)
  view.setUint32(3, id)
}

/** @returns where they end */
const putValues = (view: DataView, at: number, values: Int32Array, count: number): number => {
  view.setUint8(at, count)
  for (let i = 0; i < count; i++) view.setInt32(at + 1 + 4 * i, values[i + 1]!)
  return at + 1 + 4 * count
}
