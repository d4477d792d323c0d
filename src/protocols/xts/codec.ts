/** The client's side of one XTS connection: Engine.IO frames in, REST requests and pings out. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionLost, Displaced } from "../../market/errors.ts"
import { nameOf } from "../../market/instrument.ts"
import type {
  Change,
  Codec,
  CodecOptions,
  Handshake,
  HttpAnswer,
  HttpRequest,
  Frame,
  Outbound,
  Sink,
  WireEvent
} from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { numericCodes } from "../kit/variant.ts"
import { BinaryDecoder } from "./binary.ts"
import type { OnMessage } from "./binary.ts"
import type { Subscriptions, Subscription } from "./subscriptions.ts"
import { MAX_ID, makeSubscriptions, makeSubscription } from "./subscriptions.ts"
import { makeFields } from "./fields.ts"
import { PING, pong, readFrame } from "./frames.ts"
import { parseLoosely } from "./full.ts"
import { BINARY_EVENT, bitOf, codesOf, isMessageCode, messageCodes } from "./layout.ts"
import { Messages, objectOf, refreshesOf } from "./messages.ts"
import type { XtsOptions } from "./options.ts"
import { xtsOptions } from "./options.ts"
import type { Address } from "./requests.ts"
import { Scanner } from "./scan.ts"
import type { CodeChange } from "./subscriber.ts"
import { Subscriber } from "./subscriber.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const READY: WireEvent = { type: "ready" }

/** Which texts of the broker's "error" event mean the end of the session; their form is UNCONFIRMED. */
const ABOUT_SESSION = /token|session|auth|login|log(ged)? ?out|expired/i

/** `1501-json-full`, `1501-json-partial`, `1501-binary-full`, ... */
const MESSAGE_EVENT = /^(\d{4})-(json-full|json-partial|binary-full|binary-partial)$/

export class XtsCodec implements Codec {
  readonly awaitsReady = true
  readonly #options: XtsOptions
  readonly #codes: Readonly<Record<string, number>>
  readonly #book: Subscriptions
  readonly #messages: Messages
  readonly #fields = makeFields()
  readonly #scanner = new Scanner(this.#fields)
  readonly #binary: BinaryDecoder
  readonly #subscriber: Subscriber
  readonly #origin: string | undefined
  #joined = false
  /** Binary frames that the last event announced, and whether they hold packets. */
  #announced = 0
  #packets = false
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions, handshake?: Handshake) {
    this.#options = xtsOptions(options)
    this.#codes = numericCodes("xts", options.codes)
    this.#book = makeSubscriptions(this.#options.divisors)
    this.#messages = new Messages(this.#book)
    this.#binary = new BinaryDecoder(this.#book, this.#options.divisors)
    this.#origin = handshake?.secrets?.["origin"]
    this.#subscriber = new Subscriber({
      rest: handshake?.secrets?.["rest"] ?? "",
      token: handshake?.secrets?.["token"] ?? "",
      batch: options.batch,
      ended: (detail) => this.#ended(detail),
      holder: ({ exchangeInstrumentID, exchangeSegment }, code) => {
        const subscription = this.#book[exchangeSegment]?.get(exchangeInstrumentID)
        return subscription !== undefined && (subscription.codes & bitOf(code)) !== 0
          ? subscription.instrument
          : undefined
      },
      picture: (code, text, receivedAt, sink) => this.#messages.picture(code, text, receivedAt, sink)
    })
  }

  heartbeat(): Outbound {
    return PING
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, Touched>()
    for (const change of changes) {
      const { instrument, to } = change
      const segment = this.#codes[instrument.exchange]
      const bySegment = segment === undefined ? undefined : this.#book[segment]
      const id = plainNumber(instrument.token, MAX_ID)
      if (segment === undefined || bySegment === undefined || id === undefined) {
        this.#unasked.add(
          instrument,
          bySegment === undefined
            ? `${nameOf(instrument)}: there is no known exchange segment for ${instrument.exchange}`
            : `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is not a plain number: ` +
                `import the broker's instruments anew`
        )
        continue
      }
      const key = `${segment}:${id}`
      const subscription = bySegment.givenUp.before(id, change)
      const touched = before.get(key) ?? {
        segment,
        bySegment,
        id,
        codes: subscription?.codes ?? 0,
        anew: false
      }
      before.set(key, touched)
      if (isSubscribe(change)) touched.anew = true
      if (to === undefined) {
        bySegment.givenUp.drop(id)
        continue
      }
      const codes = codesOf(to, instrument.exchange, this.#options)
      if (subscription === undefined) bySegment.set(id, makeSubscription(instrument, codes))
      else {
        forgetOthers(subscription, codes)
        subscription.instrument = instrument
        subscription.codes = codes
      }
    }
    return this.#requests(before)
  }

  /**
   * Kinds are independent on the wire: a change subscribes the new one before it gives up the old one. What is asked for
   * once more is given up before, because a second subscription is refused.
   */
  #requests(before: ReadonlyMap<string, Touched>): ReadonlyArray<Outbound> {
    const gone: Array<CodeChange> = []
    const added: Array<CodeChange> = []
    const replaced: Array<CodeChange> = []
    for (const { anew, bySegment, codes: was, id, segment } of before.values()) {
      const is = bySegment.get(id)?.codes ?? 0
      const address: Address = { exchangeSegment: segment, exchangeInstrumentID: id }
      if (anew && is !== 0) {
        if (was !== 0) gone.push({ address, codes: was })
        added.push({ address, codes: is })
        continue
      }
      if ((is & ~was) !== 0) added.push({ address, codes: is & ~was })
      if ((was & ~is) !== 0) (is === 0 ? gone : replaced).push({ address, codes: was & ~is })
    }
    return [
      ...this.#subscriber.requests("unsubscribe", gone),
      ...this.#subscriber.requests("subscribe", added),
      ...this.#subscriber.requests("unsubscribe", replaced)
    ]
  }

  answered(request: HttpRequest, answer: HttpAnswer, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    this.#subscriber.answered(request, answer, receivedAt, sink)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame !== "string") return this.#attachment(frame, receivedAt, sink)
    if (this.#scanner.scan(frame)) {
      this.#dropAnnounced(sink)
      if (this.#messages.scanned(this.#scanner.code, this.#fields, receivedAt, sink)) return
    }
    const packet = readFrame(frame)
    switch (packet.type) {
      case "event":
        this.#dropAnnounced(sink)
        return this.#event(packet.text, receivedAt, sink)
      case "binary":
        this.#dropAnnounced(sink)
        this.#announced = packet.attachments
        this.#packets = packet.text.startsWith(`["${BINARY_EVENT}"`)
        return
      case "pong":
      case "alive":
      case "connected":
        return sink.event(HEARTBEAT)
      case "ping":
        // Only a server of a later Engine.IO pings.
        sink.send(pong(packet.text))
        return sink.event(HEARTBEAT)
      case "closed":
        return fail(sink, new ConnectionLost({ detail: "the broker ended the Socket.IO session" }))
      case "error":
        return fail(sink, this.#ended(brokerText(packet.text)))
      case "malformed":
        return sink.reject("malformed_text", brokerText(frame))
    }
  }

  #dropAnnounced(sink: Sink): void {
    if (this.#announced === 0) return
    sink.reject("truncated", `${this.#announced} announced binary frames did not come`)
    this.#announced = 0
  }

  #attachment(frame: Uint8Array, receivedAt: number, sink: Sink): void {
    if (this.#announced === 0)
      return sink.reject("unknown_packet", `a binary frame of ${frame.length} bytes that no event announced`)
    this.#announced--
    if (!this.#packets) return sink.event({ type: "ignored", what: "an attachment of another event" })
    const onMessage: OnMessage = (subscription, code, { tick }) =>
      sink.tick(subscription.instrument, tick, refreshesOf(code, tick))
    this.#binary.decode(frame, receivedAt, sink, onMessage)
  }

  #event(text: string, receivedAt: number, sink: Sink): void {
    const event = parseLoosely(text)
    if (!Array.isArray(event)) return sink.reject("malformed_text", brokerText(text))
    const [name, payload] = event as ReadonlyArray<unknown>
    if (typeof name !== "string") return sink.reject("malformed_text", brokerText(text))
    const message = MESSAGE_EVENT.exec(name)
    if (message === null) return this.#control(name, payload, sink)
    const code = Number(message[1])
    if (!isMessageCode(code)) return sink.event({ type: "ignored", what: `message ${code}` })
    switch (message[2]) {
      case "json-full":
        this.#messages.full(code, payload, false, receivedAt, sink)
        return
      case "json-partial":
        return this.#messages.partial(code, payload, receivedAt, sink)
      default:
        // Of older servers, and nowhere described.
        return sink.event({ type: "ignored", what: brokerText(name) })
    }
  }

  #control(name: string, payload: unknown, sink: Sink): void {
    switch (name) {
      case "joined": {
        const answer = objectOf(payload)
        if (answer?.["type"] === "error") return fail(sink, this.#ended(describe(payload)))
        this.#joined = true
        return sink.event(READY)
      }
      case "logout":
        return fail(sink, this.#ended(describe(payload)))
      case "error": {
        const detail = describe(payload)
        return this.#joined && !ABOUT_SESSION.test(detail)
          ? sink.event({ type: "refused", detail })
          : fail(sink, this.#ended(detail))
      }
      default:
        return sink.event({ type: "ignored", what: brokerText(name) })
    }
  }

  /**
   * The token is no longer good. One that we got ourselves, and that was good before, was ended by a later login with
   * the same keys, or by its age: another login helps. Everything else needs other credentials.
   */
  #ended(detail: string): ConnectionFailure {
    return this.#joined && this.#origin === "login" ? new Displaced({ detail }) : new AuthRejected({ detail })
  }
}

/** An instrument of one request, with the codes it had before. */
interface Touched {
  readonly segment: number
  readonly bySegment: Map<number, Subscription>
  readonly id: number
  readonly codes: number
  /** Asked for even where it is subscribed. */
  anew: boolean
}

/** What was known of kinds that begin or end now is no base for changes that come later. */
const forgetOthers = (subscription: Subscription, codes: number): void => {
  for (const [i, code] of messageCodes.entries()) {
    const kept = subscription.codes & codes & bitOf(code)
    if (kept === 0) subscription.known[i] = undefined
  }
}

const fail = (sink: Sink, failure: ConnectionFailure): void => sink.event({ type: "failure", failure })

const describe = (payload: unknown): string => {
  const description = (typeof payload === "string" ? parseObject(payload) : objectOf(payload))?.[
    "description"
  ]
  return brokerText(typeof description === "string" ? description : (payload ?? "without a reason"))
}
