/**
 * The broker's side of Noren, for the simulator and for tests: the same requests, the same frames. What the real
 * servers answer to a malformed request is not documented: this one is silent.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, HttpAnswer, Want } from "../protocol.ts"
import type {
  FindByToken,
  Received,
  ServedRequest,
  ServerCodec,
  ServerContext,
  ServerHttpContext
} from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { Snapshot } from "./decode.ts"
import { frameOf, snapshotOf } from "./encode.ts"
import { loginOf } from "./handshake.ts"
import type { Channel } from "./layout.ts"
import {
  BETWEEN_SCRIPS,
  CREATE_SESSION,
  DEPTH,
  INVALIDATE_SESSION,
  IN_SCRIP,
  LEVELS,
  LTP_ONLY,
  channels,
  words
} from "./layout.ts"
import type { NorenOptions } from "./options.ts"
import { norenOptions } from "./options.ts"

type Request = readonly [Channel, "subscribe" | "unsubscribe"]
const requests: ReadonlyMap<unknown, Request> = new Map(
  channels.flatMap((feed): ReadonlyArray<[unknown, Request]> => [
    [words[feed].subscribe, [feed, "subscribe"]],
    [words[feed].unsubscribe, [feed, "unsubscribe"]]
  ])
)

export class NorenServerCodec implements ServerCodec {
  readonly #options: NorenOptions
  readonly #codes: Readonly<Record<string, string>>
  readonly #context: ServerContext
  /** By feed, then scrip: what was told last, undefined before the snapshot. */
  readonly #sent: ReadonlyArray<Map<string, Snapshot | undefined>> = channels.map(() => new Map())
  #loggedIn = false

  constructor(options: CodecOptions, context: ServerContext) {
    this.#options = norenOptions(options)
    this.#codes = textCodes("noren", options.codes)
    this.#context = context
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    const message = typeof frame === "string" ? parseObject(frame) : undefined
    if (message === undefined) return NOTHING
    const { t } = message
    // Nothing that comes before the login is kept for later.
    if (!this.#loggedIn) return t === this.#options.connectType ? this.#connect(message) : NOTHING
    if (t === "h") {
      return this.#options.answersHeartbeat
        ? { answers: [JSON.stringify({ t: "hk" })], touched: [] }
        : NOTHING
    }
    const request = requests.get(t)
    const list = message["k"]
    if (request === undefined || typeof list !== "string") return NOTHING
    const [feed, action] = request
    const sent = this.#sent[feed]!
    if (action === "unsubscribe") {
      for (const scrip of list.split(BETWEEN_SCRIPS)) sent.delete(scrip)
      return { answers: [JSON.stringify({ t: words[feed].unsubscribed, k: list })], touched: [] }
    }
    const touched: Array<WireInstrument> = []
    for (const scrip of list.split(BETWEEN_SCRIPS)) {
      const [code = "", token = ""] = scrip.split(IN_SCRIP)
      const instrument = find(token, code)
      // The real servers' word on scrips that do not exist is UNCONFIRMED; this one passes over them.
      if (instrument === undefined) continue
      sent.set(scrip, undefined)
      touched.push(instrument)
    }
    return { answers: [], touched }
  }

  #connect(message: Readonly<Record<string, unknown>>): Received {
    const { connectType, source, tokenKey } = this.#options
    const { token, uid } = loginOf(this.#context.accepted(), this.#options)
    this.#loggedIn =
      message["uid"] === uid &&
      message["actid"] === uid &&
      message["source"] === source &&
      message[tokenKey] === token
    const answer = JSON.stringify({ t: `${connectType}k`, uid, s: this.#loggedIn ? "OK" : "NOT_OK" })
    return this.#loggedIn
      ? { answers: [answer], touched: [] }
      : { answers: [answer], touched: [], close: { code: 1000, reason: "" } }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const scrip = this.#scripOf(instrument)
    if (scrip === undefined) return []
    return channels
      .filter((feed) => this.#sent[feed]!.has(scrip))
      .map((feed): Want => {
        if (feed === LTP_ONLY) return { mode: "ltp", depth: 0 }
        const hasBook = feed === DEPTH && !instrument.exchange.endsWith("_INDEX")
        return hasBook ? { mode: "depth", depth: LEVELS } : { mode: "quote", depth: 0 }
      })
  }

  #scripOf({ exchange, token }: WireInstrument): string | undefined {
    const code = this.#codes[exchange]
    return code === undefined ? undefined : `${code}${IN_SCRIP}${token}`
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const scrip = this.#scripOf(instrument)
      if (scrip === undefined) continue
      for (const feed of channels) {
        const sent = this.#sent[feed]!
        if (!sent.has(scrip)) continue
        const now = snapshotOf(tick, feed, instrument)
        const frame = frameOf(feed, this.#codes[instrument.exchange]!, instrument, now, sent.get(scrip))
        if (frame === undefined) continue
        sent.set(scrip, now)
        frames.push(frame)
      }
    }
    return frames
  }
}

/** The two calls that Alice Blue wants before a connection. */
export const http = (
  { body, headers, method, url }: ServedRequest,
  { accepted, options }: ServerHttpContext
): HttpAnswer | undefined => {
  const { session, source } = norenOptions(options)
  if (session !== "rest" || method !== "POST") return undefined
  const path = url.split("?")[0]!
  if (!path.endsWith(CREATE_SESSION) && !path.endsWith(INVALIDATE_SESSION)) return undefined
  const asked = parseObject(body)
  const right =
    headers["authorization"] === `Bearer ${reveal(accepted.authToken)}` &&
    asked?.["userId"] === reveal(accepted.clientCode) &&
    asked["source"] === source
  return right
    ? { status: 200, headers: {}, body: JSON.stringify({ status: "Ok", message: "Success" }) }
    : { status: 401, headers: { "content-type": "text/plain" }, body: "Unauthorized" }
}
