/** The broker's side of m.Stock's dialect, for the simulator and for tests. What it says of a login is UNCONFIRMED. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { i64le, putI64le } from "../kit/bytes.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import { withoutBearer } from "./handshake.ts"
import { DEPTH_20, EXCHANGE_TIME_AT, SIZES, SNAP_QUOTE, TRADE_TIME_AT } from "./layout.ts"
import { EPOCH_1980 } from "./mstock.ts"
import { mstockOptions } from "./options.ts"
import { SmartStreamServerCodec } from "./server.ts"

const LOGIN = "LOGIN:"

const error = (data: unknown): Frame => JSON.stringify({ type: "error", data })

const thrownOut = (data: string): Received => ({
  answers: [error(data)],
  touched: [],
  close: { code: 1008, reason: data }
})

export class MStockServerCodec implements ServerCodec {
  readonly #inner: SmartStreamServerCodec
  readonly #context: ServerContext
  readonly #ahead: number
  #loggedIn = false

  constructor(options: CodecOptions, context: ServerContext) {
    this.#inner = new SmartStreamServerCodec(options)
    this.#context = context
    this.#ahead = mstockOptions(options).ahead
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame !== "string") return NOTHING
    if (frame.startsWith(LOGIN)) {
      this.#loggedIn = frame.slice(LOGIN.length) === withoutBearer(reveal(this.#context.accepted().authToken))
      return this.#loggedIn
        ? { answers: ["Login successful"], touched: [] }
        : thrownOut("Invalid access token")
    }
    if (!this.#loggedIn) return thrownOut("Login first")
    const params = parseObject(frame)?.["params"]
    if (!isObject(params) || params["mode"] === DEPTH_20)
      return { answers: [error("Invalid request")], touched: [] }
    const { answers, touched } = this.#inner.receive(frame, find)
    return { answers: answers.map((a) => error(parseObject(String(a))?.["errorMessage"])), touched }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return this.#inner.holds(instrument)
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames = this.#inner.encode(states)
    for (const frame of frames) if (typeof frame !== "string") this.#retime(frame)
    return frames
  }

  /** From Angel's times to seconds since 1980. */
  #retime(packet: Uint8Array): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
    const own = (seconds: number): number => (seconds === 0 ? 0 : seconds - EPOCH_1980 + this.#ahead)
    putI64le(view, EXCHANGE_TIME_AT, own(Math.floor(i64le(view, EXCHANGE_TIME_AT) / 1000)))
    if (packet.length === SIZES[SNAP_QUOTE]) putI64le(view, TRADE_TIME_AT, own(i64le(view, TRADE_TIME_AT)))
  }
}
