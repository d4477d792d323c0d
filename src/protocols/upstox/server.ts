/**
 * The broker's side of Upstox' feed, for the simulator and for tests: the authorize call, the same requests, the same
 * bytes. How the real server words a refusal is UNCONFIRMED.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, HttpAnswer, Refusal, Want } from "../protocol.ts"
import type {
  FindByToken,
  Received,
  ServedRequest,
  ServerCodec,
  ServerHttpContext,
  UpgradeRequest
} from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { FeedOf } from "./encode.ts"
import { encodeFeeds, encodeMarketInfo } from "./encode.ts"
import { AUTHORIZE_PATH, bearer } from "./handshake.ts"
import type { WireMode } from "./layout.ts"
import { INITIAL_FEED, INVALID_TOKEN, LEVELS, LIVE_FEED, WIRE_MODES } from "./layout.ts"
import { upstoxOptions } from "./options.ts"

const FEEDS_PER_FRAME = 50

/**
 * The code of the address that the authorize call gives. It ends with the token, as the real one's does, but one code is
 * good for any number of connections here: what is asked of a simulator holds no state.
 */
const codeOf = (accepted: Credentials): string => {
  let hash = 0
  for (const c of `code of ${reveal(accepted.authToken)}`)
    hash = (Math.imul(hash, 31) + c.charCodeAt(0)) >>> 0
  return hash.toString(16).padStart(8, "0")
}

/** By the code, or by the token itself, as the official SDK connects. */
export const admit = ({ headers, url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("code") === codeOf(accepted) || headers["authorization"] === bearer(reveal(accepted.authToken))
  return right ? undefined : { status: 401, headers: {} }
}

const json = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body)
})

export const http = (
  { headers, method, url }: ServedRequest,
  { accepted, endpoint }: Pick<ServerHttpContext, "accepted" | "endpoint">
): HttpAnswer | undefined => {
  if (method !== "GET" || url.split("?")[0] !== AUTHORIZE_PATH) return undefined
  if (headers["authorization"] !== bearer(reveal(accepted.authToken))) {
    const message = "Invalid token used to access API"
    return json(401, { status: "error", errors: [{ errorCode: INVALID_TOKEN, message }] })
  }
  const address = `${endpoint}?requestId=simulated&code=${codeOf(accepted)}`
  return json(200, {
    status: "success",
    data: { authorized_redirect_uri: address, authorizedRedirectUri: address }
  })
}

export class UpstoxServerCodec implements ServerCodec {
  /** By instrument key. */
  readonly #modes = new Map<string, WireMode>()
  /** Keys whose snapshot is due. */
  readonly #fresh = new Set<string>()
  readonly #segments: ReadonlySet<string>
  readonly #limit: number
  readonly #deepLimit: number
  readonly #plus: boolean

  constructor(options: CodecOptions) {
    const { deepLimit, plus, subscriptionLimit } = upstoxOptions(options)
    this.#segments = new Set(Object.values(textCodes("upstox", options.codes)))
    this.#limit = subscriptionLimit
    this.#deepLimit = deepLimit
    this.#plus = plus
  }

  greet(): ReadonlyArray<Frame> {
    return [encodeMarketInfo(this.#segments)]
  }

  receive(frame: Frame, find: FindByToken): Received {
    // Requests are binary frames; the real server passes over texts.
    if (typeof frame === "string") return NOTHING
    const request = parseObject(new TextDecoder().decode(frame))
    const { data, guid, method } = request ?? {}
    const refuse = (code: string, message: string): Received => ({
      answers: [JSON.stringify({ guid, method, status: "failed", error: { code, message } })],
      touched: []
    })
    const keys = isObject(data) ? data["instrumentKeys"] : undefined
    if (!isObject(data) || !isKeys(keys)) return refuse("1101", "Invalid request")
    if (method === "unsub") {
      for (const key of keys) this.#modes.delete(key)
      return NOTHING
    }
    const mode = WIRE_MODES.find((m) => m === (data["mode"] ?? "ltpc"))
    if (mode === undefined || (method !== "sub" && method !== "change_mode")) {
      return refuse("1102", "Invalid mode or method")
    }
    const known = keys.filter((key) => find(key) !== undefined)
    const wanted = method === "sub" ? known : known.filter((key) => this.#modes.has(key))
    if (mode === "full_d30" && !this.#plus) return refuse("1107", "Mode is not allowed for this account")
    const room = this.#roomFor(mode)
    if (wanted.filter((key) => !room.held(key)).length > room.left) {
      return refuse("1108", "Subscription limit exceeded")
    }
    for (const key of wanted) {
      this.#modes.set(key, mode)
      this.#fresh.add(key)
    }
    return { answers: [], touched: wanted.map((key) => find(key)!) }
  }

  /** How many more keys fit, and which are counted already. */
  #roomFor(mode: WireMode): { readonly left: number; readonly held: (key: string) => boolean } {
    if (mode !== "full_d30") {
      return { left: this.#limit - this.#modes.size, held: (key) => this.#modes.has(key) }
    }
    const deep = [...this.#modes.values()].filter((m) => m === mode).length
    return { left: this.#deepLimit - deep, held: (key) => this.#modes.get(key) === mode }
  }

  holds({ exchange, token }: WireInstrument): ReadonlyArray<Want> {
    const mode = this.#modes.get(token)
    if (mode === undefined) return []
    if (mode === "ltpc") return [{ mode: "ltp", depth: 0 }]
    return exchange.endsWith("_INDEX")
      ? [{ mode: "quote", depth: 0 }]
      : [{ mode: "depth", depth: LEVELS[mode] }]
  }

  /** A message has one time and one type, so states of several times become several messages. */
  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let feeds: Array<FeedOf> = []
    let type = LIVE_FEED
    let time = 0
    const flush = (): void => {
      if (feeds.length > 0) frames.push(encodeFeeds(type, feeds, time))
      feeds = []
    }
    for (const [instrument, tick] of states) {
      const mode = this.#modes.get(instrument.token)
      if (mode === undefined) continue
      const ownType = this.#fresh.delete(instrument.token) ? INITIAL_FEED : LIVE_FEED
      const ownTime = tick.exchange_time ?? tick.received_time
      if (ownType !== type || ownTime !== time || feeds.length === FEEDS_PER_FRAME) flush()
      type = ownType
      time = ownTime
      feeds.push({ instrument, tick, mode })
    }
    flush()
    return frames
  }
}

const isKeys = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((key) => typeof key === "string")
