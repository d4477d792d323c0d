/** The client's side of one HSM connection; what the brokers do differently is their `Dialect`. */
import { AuthRejected, ProtocolViolation } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { FrameReader } from "../kit/bytes.ts"
import { UnorderedAcks } from "../kit/unorderedAcks.ts"
import type { Change, Codec, Handshake, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { applyChanges, lastWords, stepsOf } from "../kit/subscriptionDiff.ts"
import type { Fields } from "./fields.ts"
import type { Kind } from "./layout.ts"
import {
  CONNECTION,
  DATA,
  HEAD_SIZE,
  MODE,
  OK,
  OPTION_CHAIN,
  PAUSE,
  REFUSED,
  RESUME,
  SNAPSHOT_REQUEST,
  SUBSCRIBE,
  UNSUBSCRIBE,
  kinds
} from "./layout.ts"
import type { Field } from "./messages.ts"
import { acknowledgement, numberOf, readFields, topicsMessages } from "./messages.ts"
import type { Held } from "./topics.ts"
import { Topics } from "./topics.ts"

/** How an instrument is called: `nse_cm|3045`, and which topics of that name exist. */
export interface Subject {
  readonly name: string
  readonly kinds: ReadonlyArray<Kind>
}

export interface Dialect {
  /** For people: `Fyers`. */
  readonly title: string
  readonly fields: Fields
  readonly channel: number
  readonly batch: number
  /** Whether data messages are numbered before the answer to the login says so. */
  readonly numberedAtFirst: boolean
  /** Whether they are numbered even where that answer asks for no acknowledgements. */
  readonly alwaysNumbered: boolean
  /** `undefined` for an instrument whose token is none of this broker's. */
  readonly subjectOf: (instrument: WireInstrument) => Subject | undefined
  readonly login: (secrets: NonNullable<Handshake["secrets"]>) => Uint8Array
  readonly heartbeat?: Uint8Array
  /** The numbers of the values, where the answer to the login tells them. */
  readonly mapping?: (answer: ReadonlyArray<Field>) => Fields | undefined
  /** Reads the records of a data message into the topics. @param length of the frame */
  readonly records: (
    topics: Topics,
    view: DataView,
    at: number,
    length: number,
    count: number,
    receivedAt: number,
    sink: Sink
  ) => void
}

const READY: WireEvent = { type: "ready" }

/** The SDKs' codes for an answer "no", by the type of the request. */
const CODES: Readonly<Record<number, string>> = {
  [SUBSCRIBE]: "11011",
  [UNSUBSCRIBE]: "11012",
  [SNAPSHOT_REQUEST]: "11013",
  [PAUSE]: "11031",
  [RESUME]: "11032"
}

const REQUESTS: Readonly<Record<number, string>> = {
  [SUBSCRIBE]: "subscription",
  [UNSUBSCRIBE]: "unsubscription",
  [SNAPSHOT_REQUEST]: "snapshot",
  [PAUSE]: "channel pause",
  [RESUME]: "channel resume",
  [OPTION_CHAIN]: "option chain",
  [MODE]: "mode"
}

export class HsmCodec implements Codec {
  readonly awaitsReady = true
  readonly heartbeat?: () => Outbound
  readonly #dialect: Dialect
  readonly #topics: Topics
  readonly #secrets: Handshake["secrets"]
  readonly #reader = new FrameReader()
  #numbered: boolean
  /** Data messages between two acknowledgements; 0: none are asked for. */
  #every = 0
  #sinceLast = 0
  readonly #unasked = new LocalRefusals()
  /** Names of the topics of subscriptions, whose answers are a bare K or N. */
  readonly #outstanding = new UnorderedAcks<string>()

  constructor(dialect: Dialect, handshake: Handshake | undefined) {
    this.#dialect = dialect
    this.#topics = new Topics(dialect.fields)
    this.#secrets = handshake?.secrets
    this.#numbered = dialect.numberedAtFirst
    const { heartbeat } = dialect
    if (heartbeat !== undefined) this.heartbeat = () => heartbeat
  }

  hello(): ReadonlyArray<Outbound> {
    return this.#secrets === undefined ? [] : [this.#dialect.login(this.#secrets)]
  }

  /** What nobody wants any more makes room first; a mode's new topics come before its old ones go. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const { subjectOf, title } = this.#dialect
    // One that is given up and wanted again in one go keeps what is known of it.
    const changed = applyChanges(lastWords(changes), {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const subject = subjectOf(instrument)
        if (subject === undefined) {
          return (
            `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is none of ${title}'s: ` +
            `import the instruments of ${title} anew`
          )
        }
        return { id: subject.name, givenUp: this.#topics.givenUp, offered: subject.kinds }
      },
      kinds: ({ wanted }) => wanted,
      make: (instrument, { mode }, known, { id, offered }) => {
        // A depth reader needs the prices as well, which a book's topic does not have.
        const wanted = offered.filter((kind) => kind !== "dp" || mode === "depth")
        const held: Held = known ?? { instrument, subject: id, wanted }
        held.instrument = instrument
        held.wanted = wanted
        return held
      },
      drop: ({ subject }) => this.#topics.forget(subject)
    })
    return stepsOf(changed, { order: "overlap" }).flatMap(({ action, items }) =>
      this.#messages(
        action === "subscribe" ? SUBSCRIBE : UNSUBSCRIBE,
        items.map(({ kind, place }) => `${kind}|${place.id}`)
      )
    )
  }

  /** Index, quote and depth topics travel in messages of their own. */
  #messages(type: number, topics: ReadonlyArray<string>): ReadonlyArray<Outbound> {
    const { batch, channel } = this.#dialect
    return kinds.flatMap((kind) => {
      const own = topics.filter((topic) => topic.startsWith(kind))
      return topicsMessages(type, own, channel, batch).map(({ bytes, topics: asked }) => {
        if (type === SUBSCRIBE) this.#outstanding.ask(asked)
        return bytes
      })
    })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return sink.reject("malformed_text", brokerText(frame))
    if (frame.length < HEAD_SIZE) return sink.reject("truncated", `${frame.length} bytes`)
    const type = frame[2]!
    switch (type) {
      case DATA:
        return this.#data(frame, receivedAt, sink)
      case CONNECTION:
        return this.#answeredLogin(frame, sink)
      default:
        return REQUESTS[type] === undefined
          ? sink.event({ type: "ignored", what: `message type ${type}` })
          : this.#answered(type, frame, sink)
    }
  }

  #data(frame: Uint8Array, receivedAt: number, sink: Sink): void {
    const { length } = frame
    const start = this.#numbered ? HEAD_SIZE + 4 : HEAD_SIZE
    if (length < start + 2) return sink.reject("truncated", `a data message of ${length} bytes`)
    const view = this.#reader.view(frame)
    if (this.#every > 0 && ++this.#sinceLast >= this.#every) {
      this.#sinceLast = 0
      // Without these the server holds data back.
      sink.send(acknowledgement(view.getUint32(HEAD_SIZE)))
    }
    this.#dialect.records(this.#topics, view, start + 2, length, view.getUint16(start), receivedAt, sink)
  }

  #answeredLogin(frame: Uint8Array, sink: Sink): void {
    const fields = readFields(frame)
    if (fields === undefined) return sink.reject("truncated", "the answer to the login")
    switch (fields[0]?.bytes[0]) {
      case REFUSED:
        return sink.event({
          type: "failure",
          failure: new AuthRejected({ detail: "answer N (11001): the login is wrong or has expired" })
        })
      case OK: {
        this.#every = numberOf(fields[1]?.bytes ?? new Uint8Array(0))
        this.#numbered = this.#every > 0 || this.#dialect.alwaysNumbered
        const mapped = this.#dialect.mapping?.(fields)
        if (mapped !== undefined) this.#topics.renumber(mapped)
        return sink.event(READY)
      }
      default:
        return sink.event({
          type: "failure",
          failure: new ProtocolViolation({ detail: "the answer to the login has no status (11002)" })
        })
    }
  }

  #answered(type: number, frame: Uint8Array, sink: Sink): void {
    const fields = readFields(frame)
    const what = REQUESTS[type]!
    if (fields === undefined) return sink.reject("truncated", `the answer to a ${what}`)
    const good = fields[0]?.bytes[0] === OK
    const instruments = type === SUBSCRIBE ? this.#holders(this.#outstanding.answered(good)) : []
    if (good) {
      if (instruments.length > 0) sink.event({ type: "confirmed", instruments })
      return sink.event({ type: "ignored", what: `${what} accepted` })
    }
    sink.event(refused(`the broker refused a ${what}`, CODES[type], instruments))
  }

  /** The instruments of topics, as far as they are still wanted. */
  #holders(topics: ReadonlyArray<string>): ReadonlyArray<WireInstrument> {
    const found = new Set<WireInstrument>()
    for (const topic of topics) {
      const held = this.#topics.find(topic.slice(topic.indexOf("|") + 1))
      if (held !== undefined) found.add(held.instrument)
    }
    return [...found]
  }
}
