/** What is Fyers' own in its version of HSM, on both sides. */
import type { Dialect } from "../hsm/codec.ts"
import { isFine } from "../hsm/encode.ts"
import { CONNECTION, PING, SNAPSHOT, UPDATE } from "../hsm/layout.ts"
import { bytesOf, field, message, textOf } from "../hsm/messages.ts"
import type { Served, ServerDialect } from "../hsm/server.ts"
import type { CodecOptions } from "../protocol.ts"
import { NAMES, fieldsOf, readMapping, writeMapping } from "./fields.ts"
import { accessToken, hsmKey } from "./handshake.ts"
import { fyersOptions } from "./options.ts"
import { readRecords } from "./records.ts"
import { subjectOf } from "./subject.ts"

/** Production, as the JavaScript SDK says it (the Go SDK sends `1`). */
const PRODUCTION = "P"
/** Asks for the mapping of the fields in the answer. */
const WITH_MAPPING = 1

const FIELDS = fieldsOf(NAMES)

export const dialect = (options: CodecOptions): Dialect => {
  const { alwaysNumbered, channel, source } = fyersOptions(options)
  return {
    title: "Fyers",
    fields: FIELDS,
    channel,
    batch: options.batch,
    numberedAtFirst: true,
    alwaysNumbered,
    subjectOf,
    login: ({ key = "" }) =>
      message(CONNECTION, [
        field(1, key),
        field(2, PRODUCTION),
        field(3, Uint8Array.of(WITH_MAPPING)),
        field(4, source)
      ]),
    heartbeat: Uint8Array.of(0, 1, PING),
    mapping: (answer) => {
      const text = answer[2]
      const names = text === undefined ? undefined : readMapping(textOf(text.bytes))
      return names === undefined ? undefined : fieldsOf(names)
    },
    records: readRecords
  }
}

export const serverDialect = (options: CodecOptions): ServerDialect => {
  const mapping = writeMapping(NAMES)
  return {
    fields: FIELDS,
    acknowledgeEvery: fyersOptions(options).acknowledgeEvery,
    subjectOf,
    admits: ([key], accepted) => {
      const right = hsmKey(accessToken(accepted))
      return right !== undefined && key !== undefined && textOf(key.bytes) === right
    },
    welcome: (login) => (login[2]?.bytes[0] === WITH_MAPPING ? [field(3, mapping)] : []),
    scaleOf: ({ exchange }) => ({ multiplier: isFine(exchange) ? 100 : 1, precision: 2 }),
    snapshot: encodeSnapshot,
    update: encodeUpdate
  }
}

/** See records.ts for the layouts. */
const encodeSnapshot = (topic: Served, values: Int32Array): Uint8Array => {
  const { id, instrument, name, scale } = topic
  const count = values.length - 1
  const [, segment = "", own = ""] = name.split("|")
  const texts = [segment, own, instrument.brokerSymbol].map(bytesOf)
  const size = texts.reduce((sum, text) => sum + 1 + text.length, 4 + name.length + 1 + 4 * count + 5)
  const record = new Uint8Array(size)
  const view = new DataView(record.buffer)
  view.setUint8(0, SNAPSHOT)
  view.setUint16(1, id)
  view.setUint8(3, name.length)
  record.set(bytesOf(name), 4)
  let at = 4 + name.length
  view.setUint8(at, count)
  putValues(view, at + 1, values, count)
  at += 1 + 4 * count + 2
  view.setUint16(at, scale.multiplier)
  view.setUint8(at + 2, scale.precision)
  at += 3
  for (const text of texts) {
    view.setUint8(at, text.length)
    record.set(text, at + 1)
    at += 1 + text.length
  }
  return record
}

const encodeUpdate = ({ id }: Served, values: Int32Array, count: number): Uint8Array => {
  const record = new Uint8Array(4 + 4 * count)
  const view = new DataView(record.buffer)
  view.setUint8(0, UPDATE)
  view.setUint16(1, id)
  view.setUint8(3, count)
  putValues(view, 4, values, count)
  return record
}

const putValues = (view: DataView, at: number, values: Int32Array, count: number): void => {
  for (let i = 0; i < count; i++) view.setInt32(at + 4 * i, values[i + 1]!)
}
