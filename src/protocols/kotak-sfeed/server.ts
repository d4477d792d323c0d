/**
 * The broker's side of SFeed, for the simulator and for tests. What the real one answers to tokens that it does not have is
 * UNCONFIRMED: here they are missing in the acknowledgement. An unsubscription is not answered.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { parseObject, plainNumber, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { Target } from "./encode.ts"
import { encodeAuction, encodePacket, isInAuction } from "./encode.ts"
import { SOURCE } from "./handshake.ts"
import type { Topic } from "./layout.ts"
import {
  ACKNOWLEDGED,
  BOOK_LEVELS,
  DIVIDERS,
  FORMAT,
  LOGGED_IN,
  LOGIN_REFUSED,
  MAX_TOKEN,
  SEGMENT_IDS,
  USUAL_DIVIDER,
  WELCOME,
  isIndex,
  topics
} from "./layout.ts"
import { sfeedOptions } from "./options.ts"

/** The real server's code after it has refused a login is not known; this is the plain one. */
const NORMAL = 1000

/** Of one frame, whose size the real server does not tell. */
const MAX_FRAME_BYTES = 16_384

const WANTS: Readonly<Record<Topic, Want>> = {
  ScripsLite: { mode: "ltp", depth: 0 },
  Scrips: { mode: "quote", depth: 0 },
  Depth: { mode: "depth", depth: BOOK_LEVELS },
  Indices: { mode: "quote", depth: 0 }
}

const exchanges = Object.fromEntries(
  Object.entries(SEGMENT_IDS).map(([name, value]) => [name, { value, divider: DIVIDERS[name] }])
)

const control = (message_code: number, more: object): Frame => JSON.stringify({ message_code, ...more })

export class SfeedServerCodec implements ServerCodec {
  readonly #held = new ServedKinds<WireInstrument, Topic>()
  readonly #codes: Readonly<Record<string, string>>
  readonly #limit: number
  readonly #accepted: () => Credentials
  /** Those whose closing auction the client has been told of. */
  readonly #inAuction = new Set<WireInstrument>()
  #loggedIn = false

  constructor(options: CodecOptions, { accepted }: Pick<ServerContext, "accepted">) {
    this.#codes = textCodes("kotak-sfeed", options.codes)
    this.#limit = sfeedOptions(options).subscriptionLimit
    this.#accepted = accepted
  }

  greet(): ReadonlyArray<Frame> {
    return [control(WELCOME, { id: "SIMULATED", version: 1, exchanges })]
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    const message = typeof frame === "string" ? parseObject(frame) : undefined
    if (message === undefined) return NOTHING
    if (!this.#loggedIn) return this.#login(message)
    const { event, inputtoken } = message
    const topic = topics.find((known) => event === `subscribe${known}` || event === `unsubscribe${known}`)
    if (topic === undefined || typeof inputtoken !== "string") return NOTHING
    const keys = inputtoken.split(",")
    if (event === `subscribe${topic}`) return this.#subscribe(topic, keys, find)
    for (const key of keys) {
      const instrument = instrumentOf(topic, key, find)
      if (instrument !== undefined) this.#held.remove(instrument, topic)
    }
    return NOTHING
  }

  #login({ auth, format, source, user }: Readonly<Record<string, unknown>>): Received {
    const { clientCode, feedToken } = this.#accepted()
    this.#loggedIn =
      user === reveal(clientCode) && auth === reveal(feedToken) && format === FORMAT && source === SOURCE
    if (this.#loggedIn) {
      const answer = control(LOGGED_IN, { id: "SIMULATED", version: 1, format: FORMAT, exchanges })
      return { answers: [answer], touched: [] }
    }
    const answers = [control(LOGIN_REFUSED, { message: "Auth failed: invalid credentials" })]
    return { answers, touched: [], close: { code: NORMAL, reason: "" } }
  }

  #subscribe(topic: Topic, keys: ReadonlyArray<string>, find: FindByToken): Received {
    const found = new Map<string, WireInstrument>()
    for (const key of keys) {
      const instrument = instrumentOf(topic, key, find)
      if (instrument !== undefined) found.set(key, instrument)
    }
    const more = [...found.values()].filter((i) => !this.#held.has(i, topic)).length
    if (this.#held.count + more > this.#limit) {
      const description = "SUBSCRIPTION LIMIT EXCEEDED"
      return { answers: [control(ACKNOWLEDGED, { error_code: 1, description, data: {} })], touched: [] }
    }
    const data: Record<string, object> = {}
    for (const [key, instrument] of found) {
      this.#held.add(instrument, topic)
      data[key] = { cas_status: 0, trading_symbols: instrument.brokerSymbol }
    }
    const answer = control(ACKNOWLEDGED, { error_code: 0, description: "SUBSCRIBED", data })
    return { answers: [answer], touched: [...found.values()] }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return topics.filter((topic) => this.#held.has(instrument, topic)).map((topic) => WANTS[topic])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let packets: Array<Uint8Array> = []
    let length = 0
    for (const [instrument, tick] of states) {
      for (const packet of this.#packets(instrument, tick)) {
        if (length + packet.length > MAX_FRAME_BYTES) {
          frames.push(joined(packets, length))
          packets = []
          length = 0
        }
        packets.push(packet)
        length += packet.length
      }
    }
    if (packets.length > 0) frames.push(joined(packets, length))
    return frames
  }

  #packets(instrument: WireInstrument, tick: Tick): ReadonlyArray<Uint8Array> {
    const held = this.#held.of(instrument)
    if (held.size === 0) return []
    const target = targetOf(instrument, this.#codes[instrument.exchange] ?? "")
    const packets = [...held].map((topic) => encodePacket(topic, target, tick))
    const isNow = isInAuction(tick)
    if (!isNow && !this.#inAuction.has(instrument)) return packets
    if (isNow) this.#inAuction.add(instrument)
    else this.#inAuction.delete(instrument)
    return held.has("Scrips") || held.has("Depth") ? [encodeAuction(target, tick), ...packets] : packets
  }
}

const joined = (packets: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const frame = new Uint8Array(length)
  let at = 0
  for (const packet of packets) {
    frame.set(packet, at)
    at += packet.length
  }
  return frame
}

/** @param key `nse_cm|2885` */
const instrumentOf = (topic: Topic, key: string, find: FindByToken): WireInstrument | undefined => {
  const [segment = "", token = ""] = key.split("|")
  const instrument = find(token, segment)
  return instrument !== undefined && isIndex(instrument) === (topic === "Indices") ? instrument : undefined
}

const targetOf = (instrument: WireInstrument, segment: string): Target => {
  const { brokerSymbol, token } = instrument
  const number = plainNumber(token, MAX_TOKEN)
  return {
    id: SEGMENT_IDS[segment] ?? 0,
    number: number ?? numberOf(token),
    name: number === undefined ? token : brokerSymbol,
    divider: DIVIDERS[segment] ?? USUAL_DIVIDER
  }
}

/** The server numbers indices by itself: large, and unlike the master. */
const numberOf = (name: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash | 0x8000_0000) >>> 0
}
