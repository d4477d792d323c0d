/**
 * The broker's side of Kite, for the simulator and for tests: the same requests, the same bytes. Where the real
 * server's answer is not documented (a malformed request, the limit) this one says what it means in Kite's
 * error frame.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { parseObject, plainNumber, reveal } from "../kit/text.ts"
import { encodePacket, packetSize } from "./encode.ts"
import { accessToken } from "./handshake.ts"
import { MAX_TOKEN, MODE_NAMES } from "./layout.ts"
import { kiteOptions } from "./options.ts"

/** How many packets one frame carries at most; the count field would allow 65 535. */
const PACKETS_PER_FRAME = 500

const MODES: ReadonlyMap<unknown, Mode> = new Map(
  Object.entries(MODE_NAMES).map(([mode, name]) => [name, mode as Mode])
)

const FORBIDDEN: Refusal = { status: 403, headers: {} }

export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("api_key") === reveal(accepted.apiKey) &&
    query.get("access_token") === accessToken(reveal(accepted.authToken))
  return right ? undefined : FORBIDDEN
}

const answer = (data: string): Received => ({
  answers: [JSON.stringify({ type: "error", data })],
  touched: []
})

/** What became of one token of a request. */
type Outcome = "touched" | "nothing" | "full"

export class KiteServerCodec implements ServerCodec {
  readonly #modes = new Map<number, Mode>()
  readonly #divisors: ReadonlyArray<number>
  readonly #limit: number

  constructor(options: CodecOptions) {
    const { divisors, subscriptionLimit } = kiteOptions(options)
    this.#divisors = divisors
    this.#limit = subscriptionLimit
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    if (request === undefined) return answer("The request is not a JSON object")
    const { a, v } = request
    if (a === "mode" && Array.isArray(v)) {
      const mode = MODES.get(v[0])
      if (mode === undefined) return answer("The mode is not one of ltp, quote, full")
      return this.#each(v[1], find, (key) => (this.#modes.has(key) ? this.#set(key, mode) : "nothing"))
    }
    if (a === "subscribe")
      return this.#each(v, find, (key) => this.#set(key, this.#modes.get(key) ?? "quote"))
    if (a === "unsubscribe") {
      return this.#each(v, find, (key) => {
        this.#modes.delete(key)
        return "nothing"
      })
    }
    return answer("The action is not one of subscribe, unsubscribe, mode")
  }

  /** Unknown instruments are passed over in silence, as the real server does. */
  #each(list: unknown, find: FindByToken, act: (key: number) => Outcome): Received {
    if (!Array.isArray(list) || !list.every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_TOKEN)) {
      return answer("The request holds no list of instrument numbers")
    }
    const touched: Array<WireInstrument> = []
    let full = false
    for (const key of list as ReadonlyArray<number>) {
      const instrument = find(String(key))
      if (instrument === undefined) continue
      const outcome = act(key)
      if (outcome === "touched") touched.push(instrument)
      else if (outcome === "full") full = true
    }
    const answers = full
      ? answer(`The limit of ${this.#limit} instruments on a connection is reached`).answers
      : []
    return { answers, touched }
  }

  #set(key: number, mode: Mode): Outcome {
    if (this.#modes.size >= this.#limit && !this.#modes.has(key)) return "full"
    this.#modes.set(key, mode)
    return "touched"
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const mode = this.#modeOf(instrument)
    if (mode === undefined) return []
    // An index has no book, so its full packet is a quote.
    if (mode === "depth" && instrument.exchange.endsWith("_INDEX")) return [{ mode: "quote", depth: 0 }]
    return [{ mode, depth: mode === "depth" ? 5 : 0 }]
  }

  #modeOf({ token }: WireInstrument): Mode | undefined {
    const key = plainNumber(token, MAX_TOKEN)
    return key === undefined ? undefined : this.#modes.get(key)
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let tokens: Array<number> = []
    let ticks: Array<Tick> = []
    for (const [{ token }, tick] of states) {
      const key = plainNumber(token, MAX_TOKEN)
      if (key === undefined || !this.#modes.has(key)) continue
      tokens.push(key)
      ticks.push(tick)
      if (tokens.length === PACKETS_PER_FRAME) {
        frames.push(this.#frame(tokens, ticks))
        tokens = []
        ticks = []
      }
    }
    if (tokens.length > 0) frames.push(this.#frame(tokens, ticks))
    return frames
  }

  #frame(tokens: ReadonlyArray<number>, ticks: ReadonlyArray<Tick>): Uint8Array {
    let length = 2
    for (const token of tokens) length += 2 + packetSize(token, this.#modes.get(token)!)
    const frame = new Uint8Array(length)
    const view = new DataView(frame.buffer)
    view.setUint16(0, tokens.length)
    let at = 2
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!
      const mode = this.#modes.get(token)!
      const size = packetSize(token, mode)
      view.setUint16(at, size)
      encodePacket(view, at + 2, token, mode, ticks[i]!, this.#divisors[token & 0xff]!)
      at += 2 + size
    }
    return frame
  }
}
