/** The broker's side of IIFL Capital's market data, for the simulator and for tests: an MQTT broker for its topics alone. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import { divisorOf, encodeFeed, encodeIndex, encodeLimit, encodeOpenInterest } from "./encode.ts"
import { passwordOf, usernameIn } from "./handshake.ts"
import type { Packet } from "./packets.ts"
import { FROM_CLIENT, PacketReader, packetBytes } from "./packets.ts"
import type { SegmentStream, Stream } from "./topics.ts"
import { isIndex, parseTopic, segmentOf, segmentStreams, segmentTopic, streamsOf, topicOf } from "./topics.ts"

const WANTS: Readonly<Record<Stream, Want>> = {
  mw: { mode: "depth", depth: 5 },
  index: { mode: "ltp", depth: 0 },
  oi: { mode: "quote", depth: 0 },
  lpp: { mode: "quote", depth: 0 }
}

const limitFields = {
  uppercircuit: "upper_circuit",
  lowercircuit: "lower_circuit",
  high52week: "week52_high",
  low52week: "week52_low"
} as const satisfies Readonly<Record<SegmentStream, keyof Tick>>

const REFUSED = 0x80
const BAD_LOGIN = 4
const NOT_AUTHORISED = 5

const CLOSING = { code: 1000, reason: "" }

const encoder = new TextEncoder()

export class IiflMqttServerCodec implements ServerCodec {
  readonly #accepted: () => Credentials
  readonly #codes: Readonly<Record<string, string>>
  readonly #topics = new Set<string>()
  readonly #packets: PacketReader
  #loggedIn = false
  /** Of the read at hand. */
  #find: FindByToken = () => undefined
  #answers: Array<Frame> = []
  #touched: Array<WireInstrument> = []
  #ended = false

  constructor(options: CodecOptions, { accepted }: Pick<ServerContext, "accepted">) {
    this.#codes = textCodes("iifl-mqtt", options.codes)
    this.#accepted = accepted
    this.#packets = new PacketReader(FROM_CLIENT, {
      // Nobody publishes here but the broker.
      publish: () => {
        this.#ended = true
      },
      packet: (packet) => this.#packet(packet),
      malformed: () => {
        this.#ended = true
      }
    })
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    this.#find = find
    this.#answers = []
    this.#touched = []
    const broken = this.#packets.read(typeof frame === "string" ? encoder.encode(frame) : frame)
    const answers = this.#answers
    return this.#ended || broken !== undefined
      ? { answers, touched: [], close: CLOSING }
      : { answers, touched: this.#touched }
  }

  #packet(packet: Packet): void {
    if (this.#ended) return
    // The standard: the first packet is a CONNECT, and there is no second one.
    if ((packet.cmd === "connect") === this.#loggedIn) {
      this.#ended = true
      return
    }
    switch (packet.cmd) {
      case "connect": {
        const userSession = reveal(this.#accepted().authToken)
        const password = packet.password?.toString() ?? ""
        const returnCode =
          packet.username === undefined || packet.username !== usernameIn(userSession)
            ? BAD_LOGIN
            : password === passwordOf(userSession)
              ? 0
              : NOT_AUTHORISED
        this.#answers.push(packetBytes({ cmd: "connack", returnCode, sessionPresent: false }))
        this.#loggedIn = returnCode === 0
        this.#ended = !this.#loggedIn
        return
      }
      case "subscribe": {
        const granted = packet.subscriptions.map(({ topic }) => (this.#subscribe(topic) ? 0 : REFUSED))
        this.#answers.push(packetBytes({ cmd: "suback", messageId: packet.messageId ?? 0, granted }))
        return
      }
      case "unsubscribe":
        for (const topic of packet.unsubscriptions) this.#topics.delete(topic)
        this.#answers.push(packetBytes({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: [] }))
        return
      case "pingreq":
        this.#answers.push(packetBytes({ cmd: "pingresp" }))
        return
      case "disconnect":
        this.#ended = true
        return
      default:
    }
  }

  /** What the real broker says to topics of instruments that do not exist is UNCONFIRMED; this one refuses them. */
  #subscribe(topic: string): boolean {
    const parsed = parseTopic(topic)
    if (parsed === undefined) return false
    const { id, segment, stream } = parsed
    if (id === undefined) {
      if (!segmentStreams.some((s) => s === stream) && stream !== "marketstatus") return false
    } else {
      const instrument = this.#find(id, segment)
      if (instrument === undefined) return false
      const own: ReadonlyArray<string> = streamsOf(instrument)
      if (!own.includes(stream) && (stream !== "lpp" || isIndex(instrument))) return false
      if (own.includes(stream)) this.#touched.push(instrument)
    }
    this.#topics.add(topic)
    return true
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const segment = segmentOf(instrument, this.#codes)
    if (segment === undefined) return []
    return streamsOf(instrument)
      .filter((stream) => this.#topics.has(topicOf(stream, segment, instrument.token)))
      .map((stream) => WANTS[stream])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const segment = segmentOf(instrument, this.#codes)
      if (segment === undefined) continue
      const divisor = divisorOf(instrument, tick)
      for (const stream of streamsOf(instrument)) {
        const topic = topicOf(stream, segment, instrument.token)
        if (!this.#topics.has(topic)) continue
        const payload =
          stream === "index"
            ? encodeIndex(tick, divisor)
            : stream === "oi"
              ? encodeOpenInterest(tick)
              : encodeFeed(tick, divisor)
        frames.push(publish(topic, payload))
      }
      if (isIndex(instrument)) continue
      for (const stream of segmentStreams) {
        const topic = segmentTopic(stream, segment)
        const limit = tick[limitFields[stream]]
        if (limit === undefined || !this.#topics.has(topic)) continue
        frames.push(publish(topic, encodeLimit(Number(instrument.token), limit, divisor)))
      }
    }
    return frames
  }
}

const publish = (topic: string, payload: Buffer): Uint8Array =>
  packetBytes({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false })
