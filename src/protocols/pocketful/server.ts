/**
 * The broker's side of Pocketful's feed, for the simulator and for tests: the same requests, the same bytes. What the
 * real server says to a request that it does not like is UNCONFIRMED; this one says it in a text.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { parseObject, plainNumber, reveal } from "../kit/text.ts"
import { encodePacket } from "./encode.ts"
import type { Stream } from "./layout.ts"
import { COMPACT, MARKET, MAX_TOKEN, SNAPQUOTE, STREAM_NAMES, snapquote, streams } from "./layout.ts"
import { pocketfulOptions } from "./options.ts"

export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("login_id") === reveal(accepted.clientCode) &&
    query.get("access_token") === reveal(accepted.authToken)
  return right ? undefined : { status: 401, headers: {} }
}

const complaint = (message: string): Received => ({ answers: [JSON.stringify({ message })], touched: [] })

const WANTS: Readonly<Record<Stream, Want>> = {
  [COMPACT]: { mode: "ltp", depth: 0 },
  [MARKET]: { mode: "quote", depth: 0 },
  [SNAPQUOTE]: { mode: "depth", depth: snapquote.book!.levels }
}

const BY_NAME: ReadonlyMap<unknown, Stream> = new Map(streams.map((stream) => [STREAM_NAMES[stream], stream]))

export class PocketfulServerCodec implements ServerCodec {
  readonly #codes: Readonly<Record<string, number>>
  readonly #divisors: ReadonlyMap<number, number>
  /** By exchange code and token. */
  readonly #streams = new ServedKinds<string, Stream>()

  constructor(options: CodecOptions) {
    const { codes, divisors } = pocketfulOptions(options)
    this.#codes = codes
    this.#divisors = divisors
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    if (request === undefined) return complaint("invalid request")
    const { a, m, v } = request
    if (a === "h") return NOTHING
    const stream = BY_NAME.get(m)
    if ((a !== "subscribe" && a !== "unsubscribe") || stream === undefined || !Array.isArray(v)) {
      return complaint("invalid request")
    }
    const touched: Array<WireInstrument> = []
    for (const pair of v as ReadonlyArray<unknown>) {
      if (!Array.isArray(pair) || typeof pair[0] !== "number" || typeof pair[1] !== "number") {
        return complaint("invalid instrument")
      }
      const [code, token] = pair as [number, number]
      const instrument = find(String(token), code)
      if (instrument === undefined) continue
      const key = `${code}:${token}`
      if (a === "unsubscribe") this.#streams.remove(key, stream)
      else {
        this.#streams.add(key, stream)
        touched.push(instrument)
      }
    }
    return { answers: [], touched }
  }

  #streamsOf({ exchange, token }: WireInstrument): ReadonlyArray<Stream> {
    const held = this.#streams.of(`${this.#codes[exchange]}:${token}`)
    return streams.filter((stream) => held.has(stream))
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return this.#streamsOf(instrument).map((stream) => WANTS[stream])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const held = this.#streamsOf(instrument)
      const code = this.#codes[instrument.exchange]
      const divisor = code === undefined ? undefined : this.#divisors.get(code)
      const token = plainNumber(instrument.token, MAX_TOKEN)
      if (code === undefined || divisor === undefined || token === undefined) continue
      for (const stream of held) frames.push(encodePacket(stream, code, token, tick, divisor))
    }
    return frames
  }
}
