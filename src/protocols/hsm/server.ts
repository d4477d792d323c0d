/**
 * The broker's side of HSM, for the simulator and for tests: the same messages, the same bytes. A topic begins with a
 * snapshot and goes on with updates of what changed; data messages are numbered, since it asks for acknowledgements.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { Frame, Want } from "../protocol.ts"
import type { Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import type { Dialect } from "./codec.ts"
import type { Scale } from "./encode.ts"
import { changesOf, valuesOf } from "./encode.ts"
import type { Fields } from "./fields.ts"
import type { Kind } from "./layout.ts"
import {
  CONNECTION,
  DATA,
  HEAD_SIZE,
  LEVELS,
  MODE,
  PAUSE,
  RESUME,
  SUBSCRIBE,
  UNSUBSCRIBE,
  kinds
} from "./layout.ts"
import type { Field } from "./messages.ts"
import { field, message, readFields, readTopics, uint32 } from "./messages.ts"

/** A topic as it is served to one client. */
export interface Served {
  /** The server's own number of it, on this connection. */
  readonly id: number
  readonly kind: Kind
  readonly name: string
  readonly instrument: WireInstrument
  readonly scale: Scale
  /** What the client has been told, by slot; undefined before the snapshot. */
  sent: Int32Array | undefined
}

export interface ServerDialect {
  readonly fields: Fields
  readonly acknowledgeEvery: number
  readonly subjectOf: Dialect["subjectOf"]
  readonly admits: (login: ReadonlyArray<Field>, accepted: Credentials) => boolean
  /** What follows the acknowledgement count in the answer to a good login. */
  readonly welcome?: (login: ReadonlyArray<Field>) => ReadonlyArray<Field>
  readonly scaleOf: (instrument: WireInstrument) => Scale
  /** Records, complete. @param values by slot */
  readonly snapshot: (topic: Served, values: Int32Array) => Uint8Array
  /** @param count of values from the first one on */
  readonly update: (topic: Served, values: Int32Array, count: number) => Uint8Array
}

/** The SDKs' answer to a login that is refused is no close code but the text N; the code here is the plain one. */
const NORMAL = 1000

/** The length field of a message has two bytes. */
const MAX_RECORDS = 60_000

const answer = (type: number, status: "K" | "N"): Frame => message(type, [field(1, status)])

const WANTS: Readonly<Record<Kind, Want>> = {
  if: { mode: "quote", depth: 0 },
  sf: { mode: "quote", depth: 0 },
  dp: { mode: "depth", depth: LEVELS }
}

export class HsmServerCodec implements ServerCodec {
  readonly #dialect: ServerDialect
  readonly #accepted: () => Credentials
  readonly #bySubject = new Map<string, WireInstrument>()
  /** By name of the topic. */
  readonly #topics = new Map<string, Served>()
  readonly #ofInstrument = new Map<WireInstrument, Array<Served>>()
  #loggedIn = false
  #lastId = 0
  #messages = 0

  constructor(dialect: ServerDialect, { accepted, instruments = [] }: ServerContext) {
    this.#dialect = dialect
    this.#accepted = accepted
    for (const instrument of instruments) {
      const subject = dialect.subjectOf(instrument)
      if (subject !== undefined) this.#bySubject.set(subject.name, instrument)
    }
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame): Received {
    if (typeof frame === "string" || frame.length < HEAD_SIZE) return NOTHING
    const type = frame[2]!
    switch (type) {
      case CONNECTION:
        return this.#login(readFields(frame) ?? [])
      case SUBSCRIBE:
      case UNSUBSCRIBE: {
        const topics = readTopics(readFields(frame)?.[0]?.bytes ?? new Uint8Array(0))
        if (!this.#loggedIn || topics === undefined) return { answers: [answer(type, "N")], touched: [] }
        const touched = new Set<WireInstrument>()
        for (const topic of topics) {
          const instrument = type === SUBSCRIBE ? this.#subscribe(topic) : this.#unsubscribe(topic)
          if (instrument !== undefined) touched.add(instrument)
        }
        return { answers: [answer(type, "K")], touched: [...touched] }
      }
      case PAUSE:
      case RESUME:
      case MODE:
        return { answers: [answer(type, this.#loggedIn ? "K" : "N")], touched: [] }
      default:
        // Pings and acknowledgements have no answer.
        return NOTHING
    }
  }

  #login(fields: ReadonlyArray<Field>): Received {
    const { acknowledgeEvery, admits, welcome } = this.#dialect
    if (!admits(fields, this.#accepted())) {
      return { answers: [answer(CONNECTION, "N")], touched: [], close: { code: NORMAL, reason: "" } }
    }
    this.#loggedIn = true
    const told = [field(1, "K"), field(2, uint32(acknowledgeEvery)), ...(welcome?.(fields) ?? [])]
    return { answers: [message(CONNECTION, told)], touched: [] }
  }

  /** Topics that do not exist are passed over. Subscribing once more brings a snapshot once more. */
  #subscribe(name: string): WireInstrument | undefined {
    const known = this.#topics.get(name)
    if (known !== undefined) {
      known.sent = undefined
      return known.instrument
    }
    const kind = kinds.find((prefix) => name.startsWith(`${prefix}|`))
    const instrument = kind === undefined ? undefined : this.#bySubject.get(name.slice(kind.length + 1))
    if (kind === undefined || instrument === undefined) return undefined
    if (this.#dialect.subjectOf(instrument)?.kinds.includes(kind) !== true) return undefined
    const scale = this.#dialect.scaleOf(instrument)
    const topic: Served = { id: ++this.#lastId, kind, name, instrument, scale, sent: undefined }
    this.#topics.set(name, topic)
    const own = this.#ofInstrument.get(instrument)
    if (own === undefined) this.#ofInstrument.set(instrument, [topic])
    else own.push(topic)
    return instrument
  }

  #unsubscribe(name: string): undefined {
    const topic = this.#topics.get(name)
    if (topic === undefined) return
    this.#topics.delete(name)
    const rest = this.#ofInstrument.get(topic.instrument)?.filter((other) => other !== topic) ?? []
    if (rest.length === 0) this.#ofInstrument.delete(topic.instrument)
    else this.#ofInstrument.set(topic.instrument, rest)
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return (this.#ofInstrument.get(instrument) ?? []).map(({ kind }) => WANTS[kind])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let records: Array<Uint8Array> = []
    let length = 0
    for (const [instrument, tick] of states) {
      const topics = this.#ofInstrument.get(instrument)
      if (topics === undefined) continue
      for (const topic of topics) {
        const record = this.#record(topic, tick)
        if (record === undefined) continue
        if (length + record.length > MAX_RECORDS) {
          frames.push(this.#data(records, length))
          records = []
          length = 0
        }
        records.push(record)
        length += record.length
      }
    }
    if (records.length > 0) frames.push(this.#data(records, length))
    return frames
  }

  #record(topic: Served, tick: Tick): Uint8Array | undefined {
    const { fields, snapshot, update } = this.#dialect
    const now = valuesOf(topic.kind, fields, tick, topic.scale)
    if (topic.sent === undefined) {
      topic.sent = now
      return snapshot(topic, now)
    }
    const changes = changesOf(topic.sent, now)
    return changes === undefined ? undefined : update(topic, changes.values, changes.count)
  }

  #data(records: ReadonlyArray<Uint8Array>, length: number): Uint8Array {
    const frame = new Uint8Array(HEAD_SIZE + 6 + length)
    const view = new DataView(frame.buffer)
    view.setUint16(0, frame.length - 2)
    view.setUint8(2, DATA)
    view.setUint32(3, ++this.#messages)
    view.setUint16(7, records.length)
    let at = HEAD_SIZE + 6
    for (const record of records) {
      frame.set(record, at)
      at += record.length
    }
    return frame
  }
}
