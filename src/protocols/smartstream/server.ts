/** The broker's side of Smart Stream, for the simulator and for tests: the same requests, the same bytes. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { numericCodes } from "../kit/variant.ts"
import { isObject, parseObject, plainNumber, reveal } from "../kit/text.ts"
import { encodePacket } from "./encode.ts"
import { withoutBearer } from "./handshake.ts"
import type { WireMode } from "./layout.ts"
import {
  ACTION_SUBSCRIBE,
  ACTION_UNSUBSCRIBE,
  DEEP_EXCHANGE_TYPE,
  DEPTH_20,
  LTP,
  MAX_TOKEN,
  QUOTE,
  SNAP_QUOTE,
  wireModes
} from "./layout.ts"
import { smartStreamOptions } from "./options.ts"

/** Header, what it must hold, and how the broker names it when it does not. */
const checks: ReadonlyArray<readonly [string, keyof Credentials, string]> = [
  ["authorization", "authToken", "Auth token"],
  ["x-client-code", "clientCode", "Client Code"],
  ["x-api-key", "apiKey", "API Key"],
  ["x-feed-token", "feedToken", "Feed Token"]
]

/** m.Stock's clients have their login in the query, Angel's in headers. */
export const admit = ({ headers, url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  if (query.has("API_KEY")) {
    const right =
      query.get("API_KEY") === reveal(accepted.apiKey) &&
      query.get("ACCESS_TOKEN") === withoutBearer(reveal(accepted.authToken))
    return right ? undefined : { status: 401, headers: {} }
  }
  for (const [header, field, name] of checks) {
    const given = headers[header]
    if (given === undefined || withoutBearer(given.trim()) !== withoutBearer(reveal(accepted[field]))) {
      return { status: 401, headers: { "x-error-message": `Invalid Header - Invalid ${name}` } }
    }
  }
  return undefined
}

const error = (correlationID: unknown, errorCode: string, errorMessage: string): Frame =>
  JSON.stringify({
    correlationID: typeof correlationID === "string" ? correlationID : "",
    errorCode,
    errorMessage
  })

const WANTS: Readonly<Record<WireMode, Want>> = {
  [LTP]: { mode: "ltp", depth: 0 },
  [QUOTE]: { mode: "quote", depth: 0 },
  [SNAP_QUOTE]: { mode: "depth", depth: 5 },
  [DEPTH_20]: { mode: "depth", depth: 20 }
}

export class SmartStreamServerCodec implements ServerCodec {
  /** By exchange type and token. */
  readonly #held = new ServedKinds<string, WireMode>()
  readonly #divisors: ReadonlyMap<number, number>
  readonly #codes: Readonly<Record<string, number>>
  readonly #limit: number
  readonly #deepLimit: number
  #deep = 0
  #sequence = 0

  constructor(options: CodecOptions) {
    const { divisors, subscriptionLimit, deepLimit } = smartStreamOptions(options)
    this.#divisors = divisors
    this.#codes = numericCodes("smartstream", options.codes)
    this.#limit = subscriptionLimit
    this.#deepLimit = deepLimit
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame !== "string") return NOTHING
    if (frame === "ping") return { answers: ["pong"], touched: [] }
    const request = parseObject(frame)
    const params = request?.["params"]
    const invalid: Received = {
      answers: [error(request?.["correlationID"], "E1001", "Invalid Request Payload")],
      touched: []
    }
    if (request === undefined || !isObject(params)) return invalid
    const { action, correlationID } = request
    const mode = wireModes.find((m) => m === params["mode"])
    const groups = readGroups(params["tokenList"])
    if (mode === undefined || groups === undefined) return invalid
    if (action !== ACTION_SUBSCRIBE && action !== ACTION_UNSUBSCRIBE) return invalid
    if (mode === DEPTH_20 && groups.some((g) => g.exchangeType !== DEEP_EXCHANGE_TYPE)) return invalid

    const touched: Array<WireInstrument> = []
    let full = false
    for (const { exchangeType, tokens } of groups) {
      if (!this.#divisors.has(exchangeType)) return invalid
      for (const token of tokens) {
        const instrument = find(token, exchangeType)
        // The real server's word on tokens that do not exist is UNCONFIRMED; this one passes over them.
        if (instrument === undefined || plainNumber(token, MAX_TOKEN) === undefined) continue
        const key = keyOf(exchangeType, token)
        if (action === ACTION_UNSUBSCRIBE) this.#remove(key, mode)
        else if (this.#add(key, mode)) touched.push(instrument)
        else full = true
      }
    }
    const limit = "Invalid Request. Subscription Limit Exceeded"
    return { answers: full ? [error(correlationID, "E1002", limit)] : [], touched }
  }

  /** Repeating the same token and mode is free. False when there is no room. */
  #add(key: string, mode: WireMode): boolean {
    if (this.#held.has(key, mode)) return true
    const isFull = this.#held.count >= this.#limit || (mode === DEPTH_20 && this.#deep >= this.#deepLimit)
    if (isFull) return false
    if (mode === DEPTH_20) this.#deep++
    this.#held.add(key, mode)
    return true
  }

  #remove(key: string, mode: WireMode): void {
    if (this.#held.remove(key, mode) && mode === DEPTH_20) this.#deep--
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return this.#modesOf(instrument).map((mode) => WANTS[mode])
  }

  #modesOf({ exchange, token }: WireInstrument): ReadonlyArray<WireMode> {
    const held = this.#held.of(keyOf(this.#codes[exchange], token))
    return wireModes.filter((mode) => held.has(mode))
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const { exchange, token } = instrument
      const exchangeType = this.#codes[exchange] ?? 0
      const divisor = this.#divisors.get(exchangeType)
      if (divisor === undefined) continue
      for (const mode of this.#modesOf(instrument)) {
        frames.push(encodePacket(mode, exchangeType, token, tick, divisor, ++this.#sequence))
      }
    }
    return frames
  }
}

const keyOf = (exchangeType: number | undefined, token: string): string => `${exchangeType}:${token}`

interface Group {
  readonly exchangeType: number
  readonly tokens: ReadonlyArray<string>
}

/** `undefined` when the list is not what the documentation says. */
const readGroups = (list: unknown): ReadonlyArray<Group> | undefined => {
  if (!Array.isArray(list) || list.length === 0) return undefined
  const groups: Array<Group> = []
  for (const item of list as ReadonlyArray<unknown>) {
    if (!isObject(item)) return undefined
    const { exchangeType, tokens } = item
    if (typeof exchangeType !== "number" || !Array.isArray(tokens)) return undefined
    if (!tokens.every((t) => typeof t === "string")) return undefined
    groups.push({ exchangeType, tokens })
  }
  return groups
}
