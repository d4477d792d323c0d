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
import { isSubscribe } from "../protocol.ts"
import { saysNo } from "../kit/refusal.ts"
import { brokerText, chunks, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { textCodes } from "../kit/variant.ts"
import type { ScripState } from "./decode.ts"
import { emptyScripState, forget, merge, toTick } from "./decode.ts"
import { makeFields, pick } from "./fields.ts"
import { isOk } from "./handshake.ts"
import type { Channel } from "./layout.ts"
import {
  BETWEEN_SCRIPS,
  DEPTH,
  IN_SCRIP,
  LTP_ONLY,
  MAX_TOKEN,
  TOUCHLINE,
  bitOf,
  channels,
  words
} from "./layout.ts"
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
  /** The feeds that were asked for, as bits. */
  readonly feeds: number
  /** What each feed has told, by its index; kept as long as the scrip is subscribed at all. */
  readonly pictures: Array<ScripState | undefined>
}

/** A scrip of one request, with the feeds that it had before. */
interface Touched {
  readonly scrip: string
  readonly was: number
  readonly tokens: Map<number, Subscription>
  readonly token: number
  /** Asked for even where it is subscribed. */
  anew: boolean
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

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, Touched>()
    for (const change of changes) {
      const { instrument, to } = change
      const code = this.#codes[instrument.exchange]
      const token = plainNumber(instrument.token, MAX_TOKEN)
      if (code === undefined || token === undefined) {
        this.#unasked.add(
          instrument,
          code === undefined
            ? `${nameOf(instrument)}: this broker's feed has no code for ${instrument.exchange}`
            : `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is not a plain number: ` +
                `import this broker's instruments anew`
        )
        continue
      }
      const tokens = this.#exchanges.get(code)!
      const givenUp = this.#givenUp.get(code)!
      const held = givenUp.before(token, change)
      const scrip = `${code}${IN_SCRIP}${token}`
      const touched = before.get(scrip) ?? { scrip, token, tokens, was: held?.feeds ?? 0, anew: false }
      before.set(scrip, touched)
      if (isSubscribe(change)) touched.anew = true
      if (to === undefined) givenUp.drop(token)
      else {
        tokens.set(token, { instrument, feeds: this.#feedsOf(to), pictures: held?.pictures ?? [] })
      }
    }
    return this.#frames([...before.values()])
  }

  #feedsOf({ depth, mode }: Want): number {
    // Indices have no book, and nothing else that readers would miss in the touchline.
    if (mode === "depth" && depth > 0) return bitOf(DEPTH)
    return bitOf(mode === "ltp" && this.#options.ltpFeed ? LTP_ONLY : TOUCHLINE)
  }

  /** Feeds are independent, so a scrip that changes its feed gets the new one before it gives up the old one. */
  #frames(touched: ReadonlyArray<Touched>): ReadonlyArray<Outbound> {
    const gone: Array<readonly [string, number]> = []
    const added: Array<readonly [string, number]> = []
    const replaced: Array<readonly [string, number]> = []
    for (const { anew, scrip, token, tokens, was } of touched) {
      const is = tokens.get(token)?.feeds ?? 0
      const plus = anew ? is : is & ~was
      if (plus !== 0) added.push([scrip, plus])
      if ((was & ~is) !== 0) (is === 0 ? gone : replaced).push([scrip, was & ~is])
    }
    return [
      ...this.#requests("unsubscribe", gone),
      ...this.#requests("subscribe", added),
      ...this.#requests("unsubscribe", replaced)
    ]
  }

  #requests(
    action: "subscribe" | "unsubscribe",
    scrips: ReadonlyArray<readonly [scrip: string, bits: number]>
  ): ReadonlyArray<Outbound> {
    return channels.flatMap((feed) => {
      const affected = scrips.filter(([, bits]) => (bits & bitOf(feed)) !== 0).map(([scrip]) => scrip)
      return chunks(affected, this.#batch).map((part) =>
        JSON.stringify({ t: words[feed][action], k: part.join(BETWEEN_SCRIPS) })
      )
    })
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
