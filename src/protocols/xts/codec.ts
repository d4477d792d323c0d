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
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { numericCodes } from "../kit/variant.ts"
import { BinaryDecoder } from "./binary.ts"
import type { OnMessage } from "./binary.ts"
import type { Subscriptions, Subscription } from "./subscriptions.ts"
import { MAX_ID, makeSubscriptions, makeSubscription } from "./subscriptions.ts"
import { makeFields } from "./fields.ts"
import { PING, pong, readFrame } from "./frames.ts"
import { parseLoosely } from "./full.ts"
import type { MessageCode } from "./layout.ts"
import { BINARY_EVENT, codesOf, isMessageCode, messageCodes } from "./layout.ts"
import { Messages, objectOf, refreshesOf } from "./messages.ts"
import type { XtsOptions } from "./options.ts"
import { xtsOptions } from "./options.ts"
import { Scanner } from "./scan.ts"
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
  readonly #batch: number
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
    this.#batch = options.batch
    this.#origin = handshake?.secrets?.["origin"]
    this.#subscriber = new Subscriber({
      rest: handshake?.secrets?.["rest"] ?? "",
      token: handshake?.secrets?.["token"] ?? "",
      ended: (detail) => this.#ended(detail),
      holder: ({ exchangeInstrumentID, exchangeSegment }, code) => {
        const subscription = this.#book[exchangeSegment]?.get(exchangeInstrumentID)
        return subscription?.codes.includes(code) === true ? subscription.instrument : undefined
      },
      picture: (code, text, receivedAt, sink) => this.#messages.picture(code, text, receivedAt, sink)
    })
  }

  heartbeat(): Outbound {
    return PING
  }

  /**
   * Kinds are independent on the wire: a change subscribes the new one before it gives up the old one. What is asked for
   * once more is given up before, because a second subscription is refused.
   */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const exchangeSegment = this.#codes[instrument.exchange]
        const bySegment = exchangeSegment === undefined ? undefined : this.#book[exchangeSegment]
        const id = plainNumber(instrument.token, MAX_ID)
        if (exchangeSegment === undefined || bySegment === undefined) {
          return `${nameOf(instrument)}: there is no known exchange segment for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "not a plain number", "the broker's")
        return { id, givenUp: bySegment.givenUp, address: { exchangeSegment, exchangeInstrumentID: id } }
      },
      kinds: ({ codes }) => codes,
      make: (instrument, to, held) => {
        const codes = codesOf(to, instrument.exchange, this.#options)
        if (held === undefined) return makeSubscription(instrument, codes)
        forgetOthers(held, codes)
        held.instrument = instrument
        held.codes = codes
        return held
      }
    })
    const rules = { order: "overlap", renews: true, kinds: messageCodes, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, code, items) =>
      this.#subscriber.request(
        action,
        code,
        items.map(({ place }) => place.address)
      )
    )
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

/** What was known of kinds that begin or end now is no base for changes that come later. */
const forgetOthers = (subscription: Subscription, codes: ReadonlyArray<MessageCode>): void => {
  for (const [i, code] of messageCodes.entries()) {
    if (!codes.includes(code) || !subscription.codes.includes(code)) subscription.known[i] = undefined
  }
}

const fail = (sink: Sink, failure: ConnectionFailure): void => sink.event({ type: "failure", failure })

const describe = (payload: unknown): string => {
  const description = (typeof payload === "string" ? parseObject(payload) : objectOf(payload))?.[
    "description"
  ]
  return brokerText(typeof description === "string" ? description : (payload ?? "without a reason"))
}
