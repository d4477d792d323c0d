/**
 * The broker's side of Arrow's standard stream, for the simulator and for tests. Arrow acknowledges nothing; what it
 * answers to a bad request or past its limit is UNCONFIRMED, and here is its documented form of an error.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { parseObject, plainNumber } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import { encodePacket } from "./encode.ts"
import type { WireMode } from "./layout.ts"
import { MAX_TOKEN, wireModes } from "./layout.ts"
import type { ArrowOptions } from "./options.ts"
import { arrowOptions, divisorOf } from "./options.ts"

const answer = (message: string, touched: ReadonlyArray<WireInstrument> = []): Received => ({
  answers: [JSON.stringify({ status: "error", message })],
  touched
})

const WANTS: Readonly<Record<WireMode, Want>> = {
  ltp: { mode: "ltp", depth: 0 },
  ltpc: { mode: "ltp", depth: 0 },
  quote: { mode: "quote", depth: 0 },
  full: { mode: "depth", depth: 5 }
}

export class ArrowServerCodec implements ServerCodec {
  readonly #modes = new ServedKinds<number, WireMode>()
  readonly #codes: Readonly<Record<string, string>>
  readonly #options: ArrowOptions

  constructor(options: CodecOptions) {
    this.#codes = textCodes("arrow", options.codes)
    this.#options = arrowOptions(options)
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame !== "string" || frame === "PONG") return NOTHING
    const request = parseObject(frame)
    const mode = wireModes.find((known) => known === request?.["mode"])
    const code = request?.["code"]
    const tokens = mode === undefined ? undefined : request?.[mode]
    if (mode === undefined || (code !== "sub" && code !== "unsub") || !Array.isArray(tokens)) {
      return answer("invalid request")
    }
    const touched: Array<WireInstrument> = []
    let full = false
    for (const token of tokens as ReadonlyArray<unknown>) {
      if (typeof token !== "number") continue
      if (code === "unsub") {
        this.#modes.remove(token, mode)
        continue
      }
      const instrument = find(String(token))
      if (instrument === undefined) continue
      if (this.#add(token, mode)) touched.push(instrument)
      else full = true
    }
    return full ? answer("subscription limit exceeded", touched) : { answers: [], touched }
  }

  #add(token: number, mode: WireMode): boolean {
    const isFull = this.#modes.count >= this.#options.subscriptionLimit
    if (isFull && !this.#modes.has(token, mode)) return false
    this.#modes.add(token, mode)
    return true
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return [...this.#modesOf(instrument)].map((mode) =>
      // A full packet of an index has an empty book.
      mode === "full" && instrument.exchange.endsWith("_INDEX") ? WANTS.quote : WANTS[mode]
    )
  }

  #modesOf({ token }: WireInstrument): ReadonlySet<WireMode> {
    const key = plainNumber(token, MAX_TOKEN)
    return this.#modes.of(key ?? -1)
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const divisor = divisorOf(this.#options, this.#codes[instrument.exchange] ?? "")
      for (const mode of this.#modesOf(instrument)) {
        frames.push(encodePacket(mode, Number(instrument.token), tick, divisor))
      }
    }
    return frames
  }
}
