/** The client's side of one Noren connection. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ProtocolViolation } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type {
  Change,
  Codec,
  CodecOptions,
  Handshake,
  Frame,
  Outbound,
  Sink,
  Want,
  WireEvent
} from "../protocol.ts"
import { saysNo } from "../kit/refusal.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { ScripState } from "./decode.ts"
import { emptyScripState, forget, merge, toTick } from "./decode.ts"
import { makeFields, pick } from "./fields.ts"
import { isOk } from "./handshake.ts"
import type { Channel } from "./layout.ts"
import { BETWEEN_SCRIPS, DEPTH, IN_SCRIP, LTP_ONLY, MAX_TOKEN, TOUCHLINE, channels, words } from "./layout.ts"
import type { NorenOptions } from "./options.ts"
import { norenOptions } from "./options.ts"
import { Scanner } from "./scan.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const READY: WireEvent = { type: "ready" }
const NO_VALUES: WireEvent = { type: "ignored", what: "a feed frame without a value" }

interface Kind {
  readonly feed: Channel
  /** Replaces what was known, rather than adding to it. */
  readonly full: boolean
}
const kinds: ReadonlyMap<unknown, Kind> = new Map(
  channels.flatMap((feed): ReadonlyArray<[string, Kind]> => [
    [words[feed].snapshot, { feed, full: true }],
    [words[feed].delta, { feed, full: false }]
  ])
)
/** In the order of the scanner's words. */
const kindList: ReadonlyArray<Kind> = [...kinds.values()]
const kindWords = [...kinds.keys()] as ReadonlyArray<string>

/** Known and not market data: acknowledgements, orders, positions, alerts, texts of the administration, market status. */
const others: ReadonlySet<unknown> = new Set([
  ...channels.map((feed) => words[feed].unsubscribed),
  "ok",
  "om",
  "pk",
  "pm",
  "am",
  "rm",
  "ms"
])

interface Subscription {
  readonly instrument: WireInstrument
  readonly channel: Channel
  /** What each feed has told, by its index; kept as long as the scrip is subscribed at all. */
  readonly pictures: Array<ScripState | undefined>
}

export class NorenCodec implements Codec {
  readonly awaitsReady = true
  /** By exchange, then token: tokens are unique within an exchange only. */
  readonly #exchanges = new Map<unknown, Map<number, Subscription>>()
  readonly #givenUp = new Map<unknown, GivenUp<number, Subscription>>()
  /** The same in the order of the scanner's words. */
  readonly #tokens: ReadonlyArray<Map<number, Subscription>>
  readonly #codes: Readonly<Record<string, string>>
  readonly #options: NorenOptions
  readonly #batch: number
  readonly #login: Handshake["secrets"]
  readonly #fields = makeFields()
  readonly #scanner: Scanner
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions, handshake?: Handshake) {
    this.#options = norenOptions(options)
    this.#codes = textCodes("noren", options.codes)
    for (const code of Object.values(this.#codes)) {
      const tokens = new Map<number, Subscription>()
      this.#exchanges.set(code, tokens)
      this.#givenUp.set(code, new GivenUp(tokens))
    }
    this.#tokens = [...this.#exchanges.values()]
    this.#scanner = new Scanner(this.#fields, kindWords, [...this.#exchanges.keys()] as ReadonlyArray<string>)
    this.#batch = options.batch
    this.#login = handshake?.secrets
  }

  hello(): ReadonlyArray<Outbound> {
    if (this.#login === undefined) return []
    const { connectType, source, tokenKey } = this.#options
    const { token, uid } = this.#login
    return [JSON.stringify({ t: connectType, uid, actid: uid, source, [tokenKey]: token })]
  }

  heartbeat(): Outbound {
    return this.#options.heartbeat
  }

  /** Channels are independent, so a scrip that changes its channel gets the new one before it gives up the old one. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const code = this.#codes[instrument.exchange]
        const id = plainNumber(instrument.token, MAX_TOKEN)
        if (code === undefined) {
          return `${nameOf(instrument)}: this broker's feed has no code for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "not a plain number", "this broker's")
        return { id, givenUp: this.#givenUp.get(code)!, scrip: `${code}${IN_SCRIP}${id}` }
      },
      kinds: ({ channel }) => [channel],
      make: (instrument, to, held) => ({
        instrument,
        channel: this.#channelOf(to),
        pictures: held?.pictures ?? []
      })
    })
    const rules = { order: "overlap", kinds: channels, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, channel, items) =>
      JSON.stringify({
        t: words[channel][action],
        k: items.map(({ place }) => place.scrip).join(BETWEEN_SCRIPS)
      })
    )
  }

  #channelOf({ depth, mode }: Want): Channel {
    // Indices have no book, and nothing else that readers would miss in the touchline.
    if (mode === "depth" && depth > 0) return DEPTH
    return mode === "ltp" && this.#options.ltpFeed ? LTP_ONLY : TOUCHLINE
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame !== "string") return sink.reject("unknown_packet", `${frame.length} bytes, and no text`)
    if (this.#scanner.scan(frame)) {
      const { exchange, kind, token } = this.#scanner
      const subscription = this.#tokens[exchange]!.get(token)
      if (subscription !== undefined) {
        return this.#tell(kindList[kind]!, subscription, frame, receivedAt, sink)
      }
    }
    const message = parseObject(frame)
    if (message === undefined) return sink.reject("malformed_text", brokerText(frame))
    const { t } = message
    const kind = kinds.get(t)
    if (kind !== undefined) return this.#feed(kind, message, receivedAt, sink)
    switch (t) {
      case "h":
      case "hk":
        return sink.event(HEARTBEAT)
      case "ak":
      case "ck":
        return sink.event(verdict(message["s"], message))
      case "cf":
        return sink.event(verdict(message["k"], message))
    }
    if (others.has(t)) return sink.event({ type: "ignored", what: String(t) })
    sink.reject(typeof t === "string" ? "unknown_packet" : "malformed_text", brokerText(frame))
  }

  #feed(kind: Kind, message: Readonly<Record<string, unknown>>, receivedAt: number, sink: Sink): void {
    const { e } = message
    const token = textIn(message["tk"])
    if (token === undefined) return sink.reject("malformed_text", `a feed frame without a token`)
    const tokens = this.#exchanges.get(e)
    if (tokens === undefined) return sink.reject("unknown_segment", `exchange ${brokerText(e)}`)
    const number = plainNumber(token, MAX_TOKEN) ?? NaN
    const subscription = tokens.get(number)
    if (subscription === undefined) {
      const former = this.#givenUp.get(e)?.of(number)
      return sink.reject("not_subscribed", brokerText(`${e}|${token}`), former?.instrument)
    }
    pick(message, this.#fields)
    this.#tell(kind, subscription, message, receivedAt, sink)
  }

  /** @param frame for a log */
  #tell(
    { feed, full }: Kind,
    { instrument, pictures }: Subscription,
    frame: unknown,
    receivedAt: number,
    sink: Sink
  ): void {
    // The first values are the acknowledgement as well, also where they are none.
    if (full) sink.event({ type: "confirmed", instruments: [instrument] })
    const { bad, count } = this.#fields
    if (count === 0) {
      return bad > 0 ? sink.reject("malformed_text", brokerText(frame)) : sink.event(NO_VALUES)
    }
    const picture = (pictures[feed] ??= emptyScripState())
    if (full) forget(picture)
    const levels = merge(picture, this.#fields)
    const tick = toTick(picture, levels, feed, instrument, receivedAt)
    sink.tick(instrument, tick, refreshes[tick.mode])
  }
}

/** Values are texts; numbers are taken for theirs. */
const textIn = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined

/** A no refuses the login: tokens end overnight, and only a new one helps. */
const verdict = (status: unknown, message: Readonly<Record<string, unknown>>): WireEvent => {
  if (isOk(status)) return READY
  const said = message["emsg"] === undefined ? "" : `: ${brokerText(message["emsg"])}`
  const detail = `the login was answered ${brokerText(status ?? "without a status")}${said}`
  const failure: ConnectionFailure =
    saysNo(status) || said !== "" ? new AuthRejected({ detail }) : new ProtocolViolation({ detail })
  return { type: "failure", failure }
}
