/** The client's side of one connection to IIFL Capital's broker. */
import { ProtocolViolation } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { RequestsById } from "../kit/requestsById.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Handshake, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { brokerText, chunks, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import { decodeFeed, decodeIndex, decodeLimit, decodeOpenInterest } from "./decode.ts"
import { tellGrants } from "./grants.ts"
import { connackFailure, connectPacket } from "./handshake.ts"
import {
  DEFAULT_DIVISOR,
  DIVISOR_AT,
  FEED_LEAST,
  LIMIT_DIVISOR_AT,
  index,
  limits,
  openInterest
} from "./layout.ts"
import { iiflMqttOptions } from "./options.ts"
import type { Packet } from "./packets.ts"
import { FROM_SERVER, PacketReader, packetBytes } from "./packets.ts"
import type { Stream } from "./topics.ts"
import { isIndex, parseTopic, segmentOf, segmentStreams, segmentTopic, streamsOf, topicOf } from "./topics.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const READY: WireEvent = { type: "ready" }
const PING = packetBytes({ cmd: "pingreq" })
const MAX_ID = 65_535
/** Ids of instruments are 32-bit unsigned in the streams of whole segments. */
const MAX_TOKEN = 0xffff_ffff
/** Quote readers see open interest and limits; LTP readers do not. */
const BEYOND_LTP = modeBit.quote | modeBit.depth

const encoder = new TextEncoder()

const beyond = (some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlyArray<string> =>
  [...some].filter((one) => !others.has(one))

/** An instrument that somebody wants. */
interface Held {
  instrument: WireInstrument
  readonly segment: string
}

interface Topic {
  readonly held: Held
  readonly stream: Stream
}

export class IiflMqttCodec implements Codec {
  readonly awaitsReady = true
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #limits: boolean
  readonly #secrets: Handshake["secrets"]
  /** By topic: what a packet says of itself. */
  readonly #topics = new Map<string, Topic>()
  readonly #formerTopics = new GivenUp(this.#topics)
  /** By the first of its topics. */
  readonly #givenUp = new GivenUp(new Map<string, Held>())
  /** Tradable ones by segment and id, for the streams of whole segments; how many there are decides those. */
  readonly #segments = new Map<string, Map<number, Held>>()
  readonly #packets: PacketReader
  /** Topics of requests that the broker has not answered yet. */
  readonly #asked = new RequestsById<number, ReadonlyArray<string>>()
  #lastId = 0
  readonly #unasked = new LocalRefusals()
  #receivedAt = 0
  #sink: Sink | undefined
  /** Sent when the read at hand is done with. */
  #answers: Array<Uint8Array> = []

  constructor(options: CodecOptions, handshake: Handshake | undefined) {
    this.#codes = textCodes("iifl-mqtt", options.codes)
    this.#batch = options.batch
    this.#limits = iiflMqttOptions(options).limits
    this.#secrets = handshake?.secrets
    this.#packets = new PacketReader(FROM_SERVER, {
      publish: (topic, id, view, at, length) => this.#publish(topic, id, view, at, length, this.#sink!),
      packet: (packet) => this.#packet(packet, this.#sink!),
      malformed: (detail) => this.#sink!.reject("unknown_packet", brokerText(detail))
    })
  }

  hello(): ReadonlyArray<Outbound> {
    return this.#secrets === undefined ? [] : [connectPacket(this.#secrets)]
  }

  heartbeat(): Outbound {
    return PING
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Set(this.#segments.keys())
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const segment = segmentOf(instrument, this.#codes)
        if (segment === undefined)
          return `${nameOf(instrument)}: IIFL Capital publishes nothing of ${instrument.exchange}`
        if (plainNumber(instrument.token, MAX_TOKEN) === undefined) {
          return badToken(instrument, "no plain number", "IIFL Capital's")
        }
        const topics = streamsOf(instrument).map((stream) => topicOf(stream, segment, instrument.token))
        return { id: topics[0]!, givenUp: this.#givenUp, segment, topics }
      },
      kinds: (_, { topics }) => topics,
      make: (instrument, _, known, { segment, topics }) => {
        const held = known ?? { instrument, segment }
        held.instrument = instrument
        for (const [i, stream] of streamsOf(instrument).entries())
          this.#topics.set(topics[i]!, { held, stream })
        if (isIndex(instrument)) return held
        const others = this.#segments.get(segment)
        if (others === undefined) this.#segments.set(segment, new Map([[Number(instrument.token), held]]))
        else others.set(Number(instrument.token), held)
        return held
      },
      drop: ({ instrument, segment }, { topics }) => {
        for (const topic of topics) this.#formerTopics.drop(topic)
        const others = this.#segments.get(segment)
        if (isIndex(instrument) || others?.delete(Number(instrument.token)) !== true) return
        if (others.size === 0) this.#segments.delete(segment)
      }
    })
    const after = new Set(this.#segments.keys())
    return stepsOf(changed, { order: "oldFirst" }).flatMap(({ action, items }) => {
      const isSubscribe = action === "subscribe"
      const segments = isSubscribe ? beyond(after, before) : beyond(before, after)
      const ofSegments = this.#limits
        ? segments.flatMap((segment) => segmentStreams.map((stream) => segmentTopic(stream, segment)))
        : []
      return chunks([...items.map(({ kind }) => kind), ...ofSegments], this.#batch).map((topics) =>
        packetBytes(
          isSubscribe
            ? {
                cmd: action,
                messageId: this.#nextId(topics),
                subscriptions: topics.map((topic) => ({ topic, qos: 0 }))
              }
            : { cmd: action, messageId: this.#nextId([]), unsubscriptions: [...topics] }
        )
      )
    })
  }

  #nextId(topics: ReadonlyArray<string>): number {
    this.#lastId = (this.#lastId % MAX_ID) + 1
    if (topics.length > 0) this.#asked.remember(this.#lastId, topics)
    return this.#lastId
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    this.#receivedAt = receivedAt
    this.#sink = sink
    const broken = this.#packets.read(typeof frame === "string" ? encoder.encode(frame) : frame)
    if (broken !== undefined) {
      sink.event({ type: "failure", failure: new ProtocolViolation({ detail: broken }) })
    }
    if (this.#answers.length === 0) return
    const answers = this.#answers
    this.#answers = []
    for (const answer of answers) sink.send(answer)
  }

  #packet(packet: Packet, sink: Sink): void {
    switch (packet.cmd) {
      case "connack": {
        const { returnCode } = packet
        if (returnCode === 0) return sink.event(READY)
        if (returnCode === undefined) return sink.reject("truncated", "a CONNACK without a code")
        return sink.event({ type: "failure", failure: connackFailure(returnCode) })
      }
      case "suback":
        return tellGrants(
          packet.granted as ReadonlyArray<number>,
          this.#asked.take(packet.messageId ?? 0) ?? [],
          (topic) => this.#servedBy(topic),
          sink
        )
      case "pingresp":
        return sink.event(HEARTBEAT)
      default:
        return sink.event({ type: "ignored", what: packet.cmd })
    }
  }

  #servedBy(topic: string): WireInstrument | undefined {
    const known = this.#topics.get(topic)
    return known === undefined || known.stream === "oi" ? undefined : known.held.instrument
  }

  #publish(topic: string, id: number, view: DataView, at: number, length: number, sink: Sink): void {
    // We ask for no packets that wait for an answer. Whoever sends one gets it.
    if (id !== 0) this.#answers.push(packetBytes({ cmd: "puback", messageId: id }))
    const known = this.#topics.get(topic)
    if (known === undefined) return this.#other(topic, view, at, length, sink)
    const { instrument } = known.held
    if (known.stream === "oi") {
      if (length < openInterest.size) return sink.reject("truncated", `${topic}: ${length} bytes`)
      return sink.tick(instrument, decodeOpenInterest(view, at, instrument, this.#receivedAt, 1), BEYOND_LTP)
    }
    if (known.stream === "index" && length === index.size) {
      const tick = decodeIndex(view, at, instrument, this.#receivedAt)
      if (tick === undefined) {
        return sink.reject("unknown_packet", `${topic}: neither a value nor a divisor of an index`)
      }
      // An index has little else, so its value is for quote readers too.
      return sink.tick(instrument, tick, refreshes.quote)
    }
    if (length < FEED_LEAST) return sink.reject("truncated", `${topic}: ${length} bytes`)
    const divisor = view.getInt32(at + DIVISOR_AT, true)
    if (divisor < 0) return sink.reject("unusable_scale", `${topic}: a divisor of ${divisor}`)
    const tick = decodeFeed(view, at, instrument, this.#receivedAt, divisor === 0 ? DEFAULT_DIVISOR : divisor)
    sink.tick(instrument, tick, refreshes.depth)
  }

  /** Streams of whole segments, and what nobody subscribed. */
  #other(topic: string, view: DataView, at: number, length: number, sink: Sink): void {
    const parsed = parseTopic(topic)
    switch (parsed?.stream) {
      case "mw":
      case "index":
      case "oi":
        return sink.reject("not_subscribed", topic, this.#formerTopics.of(topic)?.held.instrument)
      case "lpp":
      case "marketstatus":
        return sink.event({ type: "ignored", what: parsed.stream })
      case "uppercircuit":
      case "lowercircuit":
      case "high52week":
      case "low52week": {
        const { segment, stream } = parsed
        if (length < limits[stream].size) return sink.reject("truncated", `${topic}: ${length} bytes`)
        const held = this.#segments.get(segment)?.get(view.getUint32(at, true))
        if (held === undefined) return sink.reject("not_subscribed", topic)
        const divisor = view.getInt32(at + LIMIT_DIVISOR_AT, true)
        if (divisor < 0) return sink.reject("unusable_scale", `${topic}: a divisor of ${divisor}`)
        const { instrument } = held
        const scale = divisor === 0 ? DEFAULT_DIVISOR : divisor
        return sink.tick(
          instrument,
          decodeLimit[stream](view, at, instrument, this.#receivedAt, scale),
          BEYOND_LTP
        )
      }
      default:
        return topic.startsWith("prod/updates/")
          ? sink.event({ type: "ignored", what: "an order update" })
          : sink.reject("unknown_packet", `topic ${brokerText(topic)}`)
    }
  }
}
