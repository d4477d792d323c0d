/**
 * The broker's side of the depth socket, for the simulator and for tests: a snapshot of each book, then what changes,
 * on channels that have been resumed.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { authorization } from "../fyers-hsm/handshake.ts"
import type { CodecOptions, Frame, HttpAnswer, Refusal, Want } from "../protocol.ts"
import type {
  Received,
  ServedRequest,
  ServerCodec,
  ServerContext,
  ServerHttpContext,
  UpgradeRequest
} from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject } from "../kit/text.ts"
import type { Feed, Sent } from "./encode.ts"
import { depthOf, messageOf, sentOf } from "./encode.ts"
import { LEVELS } from "./layout.ts"

const admitted = (headers: UpgradeRequest["headers"], accepted: Credentials): boolean =>
  headers["authorization"] === authorization(accepted)

/** Which status the real server declines with is not documented. */
export const admit = ({ headers }: UpgradeRequest, accepted: Credentials): Refusal | undefined =>
  admitted(headers, accepted) ? undefined : { status: 401, headers: {} }

const ADDRESS_PATH = "/indus/home/tbtws"

/** Where the socket is. */
export const http = (
  { headers, method, url }: ServedRequest,
  { accepted, endpoint }: ServerHttpContext
): HttpAnswer | undefined => {
  if (method !== "GET" || url !== ADDRESS_PATH) return undefined
  return admitted(headers, accepted)
    ? {
        status: 200,
        headers: {},
        body: JSON.stringify({ s: "ok", code: 200, data: { socket_url: endpoint } })
      }
    : { status: 401, headers: {}, body: JSON.stringify({ s: "error", code: -16, message: "unauthorized" }) }
}

interface Subscription {
  readonly channel: string
  /** What the client has; undefined before the snapshot. */
  sent: Sent | undefined
  sequence: number
}

export class FyersTbtServerCodec implements ServerCodec {
  readonly #byTicker = new Map<string, WireInstrument>()
  readonly #subscriptions = new Map<WireInstrument, Subscription>()
  readonly #resumed = new Set<string>()

  constructor({ codes }: CodecOptions, { instruments = [] }: ServerContext) {
    for (const instrument of instruments) {
      if (codes[instrument.exchange] !== undefined) this.#byTicker.set(instrument.brokerSymbol, instrument)
    }
  }

  receive(frame: Frame): Received {
    if (frame === "ping") return { answers: ["pong"], touched: [] }
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    const data = request?.["data"]
    if (request === undefined || !isObject(data)) return refused("invalid request")
    if (request["type"] === 1) return this.#subscribe(data)
    return request["type"] === 2 ? this.#switch(data) : refused("invalid type")
  }

  #subscribe({ channel, mode, subs, symbols }: Readonly<Record<string, unknown>>): Received {
    if (typeof channel !== "string" || mode !== "depth" || (subs !== 1 && subs !== -1)) {
      return refused("invalid subscription")
    }
    const touched: Array<WireInstrument> = []
    let unknown = false
    for (const ticker of texts(symbols)) {
      const instrument = this.#byTicker.get(ticker)
      if (instrument === undefined) unknown = true
      else if (subs === -1) this.#subscriptions.delete(instrument)
      else {
        this.#subscriptions.set(instrument, { channel, sent: undefined, sequence: 0 })
        touched.push(instrument)
      }
    }
    return { answers: unknown ? refused("invalid symbol").answers : [], touched }
  }

  #switch(data: Readonly<Record<string, unknown>>): Received {
    for (const channel of texts(data["pauseChannels"])) this.#resumed.delete(channel)
    const touched: Array<WireInstrument> = []
    for (const channel of texts(data["resumeChannels"])) {
      if (this.#resumed.has(channel)) continue
      this.#resumed.add(channel)
      for (const [instrument, subscription] of this.#subscriptions) {
        if (subscription.channel !== channel) continue
        subscription.sent = undefined
        touched.push(instrument)
      }
    }
    return { ...NOTHING, touched }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return this.#subscriptions.has(instrument) ? [{ mode: "depth", depth: LEVELS }] : []
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const snapshots: Array<Feed> = []
    const changes: Array<Feed> = []
    for (const [instrument, tick] of states) {
      const subscription = this.#subscriptions.get(instrument)
      if (subscription === undefined || !this.#resumed.has(subscription.channel)) continue
      const now = sentOf(tick)
      const depth = depthOf(now, subscription.sent)
      if (depth === undefined) continue
      const { brokerSymbol, token } = instrument
      const list = subscription.sent === undefined ? snapshots : changes
      subscription.sent = now
      subscription.sequence++
      const { sequence } = subscription
      list.push({ token, ticker: brokerSymbol, depth, sequence, time: tick.exchange_time })
    }
    return [
      ...(snapshots.length === 0 ? [] : [messageOf(snapshots, true)]),
      ...(changes.length === 0 ? [] : [messageOf(changes, false)])
    ]
  }
}

const refused = (msg: string): Received => ({ answers: [JSON.stringify({ error: true, msg })], touched: [] })

const texts = (list: unknown): ReadonlyArray<string> =>
  Array.isArray(list) ? list.filter((text) => typeof text === "string") : []
