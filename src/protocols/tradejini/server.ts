/**
 * The broker's side of the Nxtrad stream, for the simulator and for tests: the same requests, the same bytes. A wrong
 * login is let in and then shown out, as the real server does it; here with the client's first message.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import type { Field } from "./encode.ts"
import { authFrame, encodeFrame, l1Fields, l1Packet, l5Packet, pongFrame } from "./encode.ts"
import { UNAUTHORIZED, accessToken } from "./handshake.ts"
import { LEVELS, SEGMENT_NAMES, tokenOf } from "./layout.ts"
import { tradejiniOptions } from "./options.ts"

const PACKETS_PER_FRAME = 100

const SEGMENT_NUMBERS: ReadonlyMap<string, number> = new Map(
  Object.entries(SEGMENT_NAMES).map(([number, name]) => [name, Number(number)])
)

export class TradejiniServerCodec implements ServerCodec {
  readonly #codes: Readonly<Record<string, number>>
  readonly #divisors: ReadonlyMap<number, number>
  readonly #admitted: boolean
  /** What this client was last told, by what it calls the instrument and by key. */
  #l1 = new Map<string, Map<number, number>>()
  #l5 = new Set<string>()

  constructor(options: CodecOptions, { accepted, request: { url } }: ServerContext) {
    const { codes, divisors } = tradejiniOptions(options)
    this.#codes = codes
    this.#divisors = divisors
    const { apiKey, authToken } = accepted()
    const given = new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("token")
    this.#admitted = given === `${reveal(apiKey)}:${accessToken(reveal(authToken))}`
  }

  greet(): ReadonlyArray<Frame> {
    return this.#admitted ? [authFrame()] : []
  }

  isLoggedIn(): boolean {
    return this.#admitted
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (!this.#admitted) return { ...NOTHING, close: UNAUTHORIZED }
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    // What the real server says to a request that it does not understand is UNCONFIRMED; this one says nothing.
    if (request === undefined) return NOTHING
    const { action, tokens, type } = request
    if (type === "PING") return { answers: [pongFrame()], touched: [] }
    if (type !== "L1" && type !== "L5") return NOTHING
    if (action === "unsub") {
      if (type === "L1") this.#l1 = new Map()
      else this.#l5 = new Set()
      return NOTHING
    }
    if (action !== "sub" || !Array.isArray(tokens)) return NOTHING
    const touched = new Map<string, WireInstrument>()
    for (const item of tokens as ReadonlyArray<unknown>) {
      const name = isObject(item) ? item["t"] : undefined
      if (typeof name !== "string") continue
      const at = name.lastIndexOf("_")
      const segment = SEGMENT_NUMBERS.get(name.slice(at + 1))
      const instrument = segment === undefined ? undefined : find(name.slice(0, at), segment)
      if (instrument !== undefined) touched.set(name, instrument)
    }
    // The new list takes the old one's place, and begins with all that is known.
    if (type === "L1") this.#l1 = new Map([...touched.keys()].map((name) => [name, new Map()]))
    else this.#l5 = new Set(touched.keys())
    return { answers: [], touched: [...touched.values()] }
  }

  #nameOf({ exchange, token }: WireInstrument): string {
    const code = this.#codes[exchange]
    return `${token}_${code === undefined ? "" : SEGMENT_NAMES[code]}`
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const name = this.#nameOf(instrument)
    return [
      ...(this.#l1.has(name) ? [{ mode: "quote", depth: 0 } as const] : []),
      ...(this.#l5.has(name) ? [{ mode: "depth", depth: LEVELS } as const] : [])
    ]
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let packets: Array<Uint8Array> = []
    for (const [instrument, tick] of states) {
      const code = this.#codes[instrument.exchange]
      const divisor = code === undefined ? undefined : this.#divisors.get(code)
      const token = tokenOf(instrument.token)
      if (code === undefined || divisor === undefined || token === undefined) continue
      const name = this.#nameOf(instrument)
      const told = this.#l1.get(name)
      const news = told === undefined ? [] : tell(told, l1Fields(tick, divisor))
      if (news.length > 0) packets.push(l1Packet(code, token, news))
      if (this.#l5.has(name)) packets.push(l5Packet(code, token, tick, divisor))
      if (packets.length >= PACKETS_PER_FRAME) {
        frames.push(encodeFrame(packets))
        packets = []
      }
    }
    if (packets.length > 0) frames.push(encodeFrame(packets))
    return frames
  }
}

/** The fields that differ from what was told; they count as told then. */
const tell = (told: Map<number, number>, fields: ReadonlyArray<Field>): ReadonlyArray<Field> =>
  fields.filter(([key, value]) => {
    if (told.get(key) === value) return false
    told.set(key, value)
    return true
  })
