/** The broker's side of INDmoney's price stream, for the simulator and for tests. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { parseObject, reveal } from "../kit/text.ts"
import type { WireMode } from "./codec.ts"
import type { WireNames } from "./options.ts"
import { tokenOf, wireNames } from "./options.ts"

const UNAUTHORISED: Refusal = { status: 401, headers: {} }

export const admit = ({ headers }: UpgradeRequest, accepted: Credentials): Refusal | undefined =>
  headers["authorization"] === reveal(accepted.authToken) ? undefined : UNAUTHORISED

export class IndMoneyServerCodec implements ServerCodec {
  readonly #held = new ServedKinds<string, WireMode>()
  readonly #names: WireNames

  constructor(options: CodecOptions) {
    this.#names = wireNames(options)
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    const mode = request?.["mode"]
    const names = request?.["instruments"]
    if ((mode !== "ltp" && mode !== "quote") || !Array.isArray(names)) return NOTHING
    const touched: Array<WireInstrument> = []
    for (const name of names) {
      const { segment, token } = this.#names.read(String(name))
      const instrument = find(token, segment)
      if (instrument === undefined) continue
      if (request?.["action"] === "subscribe") {
        this.#held.add(String(name), mode)
        touched.push(instrument)
      } else this.#held.remove(String(name), mode)
    }
    return { answers: [], touched }
  }

  #modesOf(instrument: WireInstrument): ReadonlySet<WireMode> {
    return this.#held.of(this.#names.of(instrument))
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return [...this.#modesOf(instrument)].map((mode) => ({ mode, depth: 0 }))
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      for (const mode of this.#modesOf(instrument)) {
        const data = mode === "ltp" ? { ltp: tick.ltp } : quote(tick)
        const timestamp = tick.exchange_time
        frames.push(
          JSON.stringify({ mode, instrument: tokenOf(this.#names.of(instrument)), timestamp, data })
        )
      }
    }
    return frames
  }
}

const quote = (tick: Tick) => ({
  ltp: tick.ltp,
  open: tick.open,
  high: tick.high,
  low: tick.low,
  close: tick.close,
  volume: tick.volume,
  bid_price: tick.depth?.buy[0]?.price,
  bid_qty: tick.depth?.buy[0]?.quantity,
  ask_price: tick.depth?.sell[0]?.price,
  ask_qty: tick.depth?.sell[0]?.quantity,
  average_price: tick.average_price,
  oi: tick.oi
})
