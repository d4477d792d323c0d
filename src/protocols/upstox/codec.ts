/** The client's side of one connection to Upstox' feed. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import { ByteKeys } from "../kit/byteKeys.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Reader } from "../kit/protobuf.ts"
import { MessageReader, checkEnd, endOf, readInt64, readTag, skipField } from "../kit/protobuf.ts"
import { RequestsById } from "../kit/requestsById.ts"
import type { Change, Codec, CodecOptions, Handshake, Frame, Outbound, Sink, Want } from "../protocol.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, chunks, isObject, parseObject } from "../kit/text.ts"
import { readFeed } from "./decode.ts"
import type { WireMode } from "./layout.ts"
import * as L from "./layout.ts"
import { upstoxOptions } from "./options.ts"
import { Values, tickOf } from "./values.ts"

interface Subscription {
  instrument: WireInstrument
  mode: WireMode
  /** What all messages together have told. */
  readonly known: Values
}

interface AskedKeys {
  readonly mode: WireMode
  readonly keys: ReadonlyArray<string>
}

/** What is poorer goes first, because it makes room. */
const MODES_IN_ORDER: ReadonlyArray<WireMode> = ["ltpc", "full", "full_d30"]

/**
 * Thirty levels are asked for on top of five: a standard account does not get them, and how it is told is UNCONFIRMED.
 * This way it has five, whether the answer is a refusal or silence.
 */
const DEEP: ReadonlyArray<WireMode> = ["full", "full_d30"]

export class UpstoxCodec implements Codec {
  readonly #subscriptions = new ByteKeys<Subscription>()
  readonly #givenUp = new GivenUp(this.#subscriptions)
  readonly #reader = new MessageReader()
  readonly #batch: number
  readonly #plus: boolean
  readonly #guid: string
  #sent = 0
  /** Subscriptions whose refusal would be understood, by the id of the request. */
  readonly #asked = new RequestsById<string, AskedKeys>()
  /** Messages of the frame that is being read; they take effect when all of it has proved good. */
  readonly #told: Array<Values> = []
  readonly #toldOf: Array<Subscription> = []

  constructor(options: CodecOptions, handshake?: Handshake) {
    this.#batch = options.batch
    this.#plus = upstoxOptions(options).plus
    this.#guid = handshake?.secrets?.["guid"] ?? ""
  }

  /** A key has one mode at a time, and another `sub` changes it. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      placeOf: ({ token }) => ({ id: token, givenUp: this.#givenUp }),
      kinds: ({ mode }) => (mode === "full_d30" ? DEEP : [mode]),
      make: (instrument, to, held): Subscription => {
        const mode = this.#modeOf(to)
        // A poorer mode brings a snapshot of its own; what only the richer one told would grow old.
        const kept = held !== undefined && L.LEVELS[mode] >= L.LEVELS[held.mode]
        return { instrument, mode, known: kept ? held.known : new Values() }
      }
    })
    return stepsOf(changed, { order: "oldFirst", replaces: true }).flatMap(({ action, items }) => {
      const keysOf = (wanted: (mode: WireMode) => boolean): ReadonlyArray<ReadonlyArray<string>> =>
        chunks(
          items.flatMap(({ kind, place }) => (wanted(kind) ? [place.id] : [])),
          this.#batch
        )
      return action === "unsubscribe"
        ? keysOf((mode) => mode !== "full_d30").map((keys) => this.#frame("unsub", keys))
        : MODES_IN_ORDER.flatMap((mode) =>
            keysOf((kind) => kind === mode).map((keys) => this.#frame("sub", keys, mode))
          )
    })
  }

  #modeOf({ depth, mode }: Want): WireMode {
    if (mode === "ltp") return "ltpc"
    return depth > L.LEVELS.full && this.#plus ? "full_d30" : "full"
  }

  /** JSON, and yet a binary frame: the broker takes no other. */
  #frame(method: "sub" | "unsub", instrumentKeys: ReadonlyArray<string>, mode?: WireMode): Uint8Array {
    const guid = `${this.#guid}${(this.#sent++).toString(16).padStart(8, "0")}`
    if (mode !== undefined) this.#asked.remember(guid, { mode, keys: instrumentKeys })
    const data = mode === undefined ? { instrumentKeys } : { mode, instrumentKeys }
    return new TextEncoder().encode(JSON.stringify({ guid, method, data }))
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    if (typeof frame === "string") return this.#decodeText(frame, sink)
    if (frame.length === 0) return sink.event({ type: "ignored", what: "an empty frame" })
    this.#toldOf.length = 0
    let time: number
    try {
      time = this.#readResponse(this.#reader.over(frame), sink)
    } catch (malformed) {
      return sink.reject(
        malformed instanceof RangeError ? "truncated" : "unknown_packet",
        `${frame.length} bytes are no FeedResponse`
      )
    }
    const { length } = this.#toldOf
    for (let i = 0; i < length; i++) this.#tell(this.#toldOf[i]!, this.#told[i]!, receivedAt, time, sink)
  }

  #tell(subscription: Subscription, told: Values, receivedAt: number, time: number, sink: Sink): void {
    const { instrument, known, mode } = subscription
    known.merge(told)
    sink.tick(instrument, tickOf(known, instrument, receivedAt, time), refreshes[told.mode])
    // A late message of a richer mode, which nothing would renew.
    if (mode === "ltpc") known.forgetAllButPrice()
  }

  /** @returns the time of the message */
  #readResponse(reader: Reader, sink: Sink): number {
    let type = L.INITIAL_FEED
    let time = 0
    let isMarketInfo = false
    while (reader.pos < reader.len) {
      const tag = readTag(reader)
      switch (tag) {
        case L.TYPE:
          type = readInt64(reader)
          break
        case L.FEEDS:
          this.#readEntry(reader, sink)
          break
        case L.CURRENT_TIME:
          time = readInt64(reader)
          break
        case L.MARKET_INFO:
          isMarketInfo = true
          skipField(reader, tag)
          break
        default:
          skipField(reader, tag)
      }
    }
    checkEnd(reader, reader.len)
    if (isMarketInfo || type === L.MARKET_INFO_TYPE) {
      sink.event({ type: "ignored", what: "market status" })
      this.#toldOf.length = 0
    }
    return time
  }

  /** An instrument's key and message. */
  #readEntry(reader: Reader, sink: Sink): void {
    const end = endOf(reader)
    let keyAt = 0
    let keyEnd = 0
    let valueAt = 0
    let valueEnd = 0
    while (reader.pos < end) {
      const tag = readTag(reader)
      if (tag === L.KEY) {
        keyEnd = endOf(reader)
        keyAt = reader.pos
        reader.pos = keyEnd
      } else if (tag === L.VALUE) {
        valueEnd = endOf(reader)
        valueAt = reader.pos
        reader.pos = valueEnd
      } else skipField(reader, tag)
    }
    checkEnd(reader, end)
    const subscription = this.#subscriptions.at(reader.buf, keyAt, keyEnd)
    if (subscription === undefined) {
      const key = new TextDecoder().decode(reader.buf.subarray(keyAt, keyEnd))
      return sink.reject("not_subscribed", brokerText(key), this.#givenUp.of(key)?.instrument)
    }
    const place = this.#toldOf.length
    const into = (this.#told[place] ??= new Values())
    into.clear()
    reader.pos = valueAt
    if (valueAt !== 0 && readFeed(reader, valueEnd, into)) this.#toldOf.push(subscription)
    else sink.event({ type: "ignored", what: "a feed without a message" })
    reader.pos = end
  }

  /** Refusals come as text; their `error` is a text or an object with a code (UNCONFIRMED). */
  #decodeText(text: string, sink: Sink): void {
    const message = parseObject(text)
    if (message === undefined) return sink.reject("malformed_text", brokerText(text))
    const { error, guid, status } = message
    if (error === undefined && !(typeof status === "string" && /^(?:failed|error)$/i.test(status))) {
      return sink.event({ type: "ignored", what: brokerText(text) })
    }
    const { code, errorCode = code, message: said } = isObject(error) ? error : {}
    const detail = brokerText(said ?? error ?? text)
    if (errorCode === L.INVALID_TOKEN) {
      return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
    }
    const asked = typeof guid === "string" ? this.#asked.take(guid) : undefined
    const isDeep = asked?.mode === "full_d30"
    // Without the 30 levels they are served all the same.
    sink.event(
      isDeep
        ? refused(`${detail} (30 levels are for Plus accounts; 5 are served instead)`, errorCode)
        : refused(detail, errorCode, this.#holders(asked?.keys ?? []))
    )
    if (isDeep) for (const frame of this.#withoutDeepBooks(asked.keys)) sink.send(frame)
  }

  #holders(keys: ReadonlyArray<string>): ReadonlyArray<WireInstrument> {
    return keys.flatMap((key) => this.#subscriptions.get(key)?.instrument ?? [])
  }

  /** After a refusal of 30 levels: asks for five, for what still wants them. */
  #withoutDeepBooks(keys: ReadonlyArray<string>): ReadonlyArray<Outbound> {
    const left = keys.filter((key) => this.#subscriptions.get(key)?.mode === "full_d30")
    for (const key of left) this.#subscriptions.get(key)!.mode = "full"
    return chunks(left, this.#batch).map((part) => this.#frame("sub", part, "full"))
  }
}
