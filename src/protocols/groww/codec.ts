/** The client's side of one connection to Groww's feed. */
import { ProtocolViolation } from "../../market/errors.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { Reader } from "../kit/protobuf.ts"
import type { Change, Codec, CodecOptions, Frame, Handshake, Outbound, Sink } from "../protocol.ts"
import type { WireEvent } from "../protocol.ts"
import { StreamBuffer } from "../kit/streamBuffer.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { decodePayload } from "./decode.ts"
import { connectOperation, failureOf } from "./login.ts"
import * as Nats from "./nats.ts"
import { growwOptions } from "./options.ts"
import { Subscriptions } from "./subscriptions.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const READY: WireEvent = { type: "ready" }
const NOTHING: WireEvent = { type: "ignored", what: "a message without a price" }
const OK: WireEvent = { type: "ignored", what: "+OK" }
const INFO: WireEvent = { type: "ignored", what: "INFO" }

/** `Permissions Violation for Subscription to "/ld/eq/nse/price.2885"`; the quotes came with later servers. */
const SUBSCRIPTION_TO = /^permissions violation for subscription to "?([^\s"']+)/i

/** What the operation at hand needs before it can be read, and that the stream is of no further use. */
const MORE = -1
const BROKEN = -2

export class GrowwCodec implements Codec {
  readonly awaitsReady = true
  readonly #subscriptions: Subscriptions
  readonly #detailedDivisor: number
  readonly #secrets: Handshake["secrets"]
  readonly #waiting = new StreamBuffer()
  readonly #fields = new Nats.Fields()
  #login: "before" | "asked" | "done" = "before"
  readonly #unasked = new LocalRefusals()
  /** Sent when the frame at hand has been read. */
  #answers: Array<Frame> = []

  constructor(options: CodecOptions, handshake: Handshake | undefined) {
    this.#subscriptions = new Subscriptions(options)
    this.#detailedDivisor = growwOptions(options).detailedDivisor
    this.#secrets = handshake?.secrets
  }

  heartbeat(): Outbound {
    return Nats.PING
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    return this.#subscriptions.request(changes, this.#unasked)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    const bytes = this.#waiting.join(typeof frame === "string" ? Nats.bytesOf(frame) : frame)
    let at = 0
    while (at < bytes.length) {
      const next = this.#operation(bytes, at, receivedAt, sink)
      if (next === MORE) break
      // The stream is out of step; what follows in this frame cannot be told apart.
      at = next === BROKEN ? bytes.length : next
    }
    this.#waiting.keep(bytes, at)
    if (this.#answers.length === 0) return
    const answers = this.#answers
    this.#answers = []
    for (const answer of answers) sink.send(answer)
  }

  /** Reads one operation and returns where the next one begins. */
  #operation(bytes: Uint8Array, at: number, receivedAt: number, sink: Sink): number {
    const lf = bytes.indexOf(Nats.LF, at)
    if (lf < 0) {
      if (!Nats.canBegin(bytes, at)) return this.#broken("bytes that begin no operation", sink)
      if (bytes.length - at <= Nats.MAX_LINE_BYTES) return MORE
      return this.#broken("an operation without an end", sink)
    }
    const end = Nats.lineEnd(bytes, at, lf)
    // M or H, in either case.
    const first = bytes[at]! | 0x20
    if (first === 0x6d || first === 0x68) return this.#message(bytes, at, end, lf + 1, receivedAt, sink)
    return this.#control(Nats.textOf(bytes, at, end), sink) ? lf + 1 : BROKEN
  }

  /** `MSG subject sid [reply-to] size`, or `HMSG subject sid [reply-to] header-size size`. */
  #message(
    bytes: Uint8Array,
    at: number,
    end: number,
    start: number,
    receivedAt: number,
    sink: Sink
  ): number {
    const fields = this.#fields
    fields.read(bytes, at, end)
    const { count } = fields
    const headed = Nats.isNamed(bytes, at, fields.to(0), Nats.HMSG)
    const few = headed ? 5 : 4
    const named = headed || Nats.isNamed(bytes, at, fields.to(0), Nats.MSG)
    if (!named || (count !== few && count !== few + 1)) return this.#unreadable(bytes, at, end, sink)
    const sid = fields.number(bytes, 2)
    const size = fields.number(bytes, count - 1)
    const header = headed ? fields.number(bytes, count - 2) : 0
    if (sid < 0 || size < 0 || header < 0 || header > size) return this.#unreadable(bytes, at, end, sink)
    if (size > Nats.MAX_PAYLOAD_BYTES) return this.#broken(`a message of ${size} bytes`, sink)
    const stop = start + size
    if (stop + 2 > bytes.length) return MORE
    if (!Nats.endsAt(bytes, stop)) return this.#broken("a message of another size than it says", sink)
    this.#payload(bytes, fields.from(1), fields.to(1), sid, start + header, stop, receivedAt, sink)
    return stop + 2
  }

  #payload(
    bytes: Uint8Array,
    subjectFrom: number,
    subjectTo: number,
    sid: number,
    from: number,
    to: number,
    receivedAt: number,
    sink: Sink
  ): void {
    const feed = this.#subscriptions.find(bytes, subjectFrom, subjectTo, sid)
    if (feed === undefined) {
      const subject = Nats.textOf(bytes, subjectFrom, subjectTo)
      return sink.reject("not_subscribed", brokerText(subject), this.#subscriptions.former(subject))
    }
    const { instrument } = feed.held
    const reader = new Reader(bytes)
    reader.pos = from
    reader.len = to
    let tick
    try {
      const divisor = feed.kind === "price_detailed" ? this.#detailedDivisor : 1
      tick = decodePayload(reader, instrument, receivedAt, divisor)
    } catch (error) {
      return sink.reject("truncated", `${feed.subject}: ${String(error)}`)
    }
    if (tick === undefined) return sink.event(NOTHING)
    // A price message may hold the day's figures too, and a subject something else than its name says.
    sink.tick(instrument, tick, tick.mode === "depth" ? modeBit.depth : feed.refreshes | refreshes[tick.mode])
  }

  /** False where the stream is of no further use. */
  #control(line: string, sink: Sink): boolean {
    const blank = line.search(/[ \t]/)
    const name = (blank < 0 ? line : line.slice(0, blank)).toUpperCase()
    const rest = blank < 0 ? "" : line.slice(blank).trim()
    switch (name) {
      case "PING":
        this.#answers.push(Nats.PONG)
        sink.event(HEARTBEAT)
        return true
      case "PONG":
        if (this.#login === "asked") {
          this.#login = "done"
          sink.event(READY)
        } else sink.event(HEARTBEAT)
        return true
      case "+OK":
        sink.event(OK)
        return true
      case "INFO":
        return this.#info(rest, sink)
      case "-ERR":
        this.#error(rest.replace(/^'|'$/g, ""), sink)
        return true
      default:
        this.#broken(`"${brokerText(line)}"`, sink)
        return false
    }
  }

  /** The first one opens the login; later ones tell of changes in the cluster. */
  #info(json: string, sink: Sink): boolean {
    const info = parseObject(json)
    if (info === undefined) {
      this.#broken("an INFO that is no JSON", sink)
      return false
    }
    sink.event(INFO)
    if (this.#login !== "before" || this.#secrets === undefined) return true
    const { nonce } = info
    const connect = connectOperation(this.#secrets, typeof nonce === "string" ? nonce : undefined)
    this.#answers.push(Nats.bytesOf(connect), Nats.PING)
    this.#login = "asked"
    return true
  }

  #error(text: string, sink: Sink): void {
    const failure = failureOf(text)
    if (failure !== undefined) return sink.event({ type: "failure", failure })
    const subject = SUBSCRIPTION_TO.exec(text)?.[1]
    const instrument = subject === undefined ? undefined : this.#subscriptions.holder(subject)
    sink.event(refused(brokerText(text), undefined, instrument && [instrument]))
  }

  #unreadable(bytes: Uint8Array, at: number, end: number, sink: Sink): typeof BROKEN {
    return this.#broken(`"${brokerText(Nats.textOf(bytes, at, end))}"`, sink)
  }

  #broken(what: string, sink: Sink): typeof BROKEN {
    sink.event({
      type: "failure",
      failure: new ProtocolViolation({ detail: `${what} where NATS is spoken` })
    })
    return BROKEN
  }
}
