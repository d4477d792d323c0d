/** The broker's side of Firstock, for the simulator and for tests: the same requests, the same frames (version 2). */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { Snapshot } from "./decode.ts"
import { objectOf, snapshotOf } from "./encode.ts"
import { BETWEEN_SCRIPS, IN_SCRIP, LEVELS } from "./layout.ts"

/** How many instruments one frame carries at most; the real server's number is not documented. */
const PER_FRAME = 50

const VERDICTS = {
  good: JSON.stringify({ status: "success", message: "Authentication successful" }),
  bad: JSON.stringify({ status: "failed", message: "unauthenticated" })
}

export class FirstockServerCodec implements ServerCodec {
  readonly #codes: Readonly<Record<string, string>>
  /** By scrip: what was told last, undefined before the first. */
  readonly #sent = new Map<string, Snapshot | undefined>()
  readonly #good: boolean

  constructor(options: CodecOptions, { accepted, request }: ServerContext) {
    this.#codes = textCodes("firstock", options.codes)
    const query = new URLSearchParams(request.url.slice(request.url.indexOf("?") + 1))
    const { authToken, clientCode } = accepted()
    this.#good = query.get("userId") === reveal(clientCode) && query.get("jKey") === reveal(authToken)
  }

  /** The upgrade is always accepted; the first frame says what it was worth. */
  greet(): ReadonlyArray<Frame> {
    return [this.#good ? VERDICTS.good : VERDICTS.bad]
  }

  isLoggedIn(): boolean {
    return this.#good
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (!this.#good) return { ...NOTHING, close: { code: 1000, reason: "" } }
    const message = typeof frame === "string" ? parseObject(frame) : undefined
    const tokens = message?.["tokens"]
    const action = message?.["action"]
    if (typeof tokens !== "string" || (action !== "subscribe" && action !== "unsubscribe")) return NOTHING
    const touched: Array<WireInstrument> = []
    for (const scrip of tokens.split(BETWEEN_SCRIPS)) {
      if (action === "unsubscribe") {
        this.#sent.delete(scrip)
        continue
      }
      const [code = "", token = ""] = scrip.split(IN_SCRIP)
      const instrument = find(token, code)
      if (instrument === undefined) continue
      this.#sent.set(scrip, undefined)
      touched.push(instrument)
    }
    return { answers: [], touched }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const scrip = this.#scripOf(instrument)
    if (scrip === undefined || !this.#sent.has(scrip)) return []
    return instrument.exchange.endsWith("_INDEX")
      ? [{ mode: "quote", depth: 0 }]
      : [{ mode: "depth", depth: LEVELS }]
  }

  #scripOf({ exchange, token }: WireInstrument): string | undefined {
    const code = this.#codes[exchange]
    return code === undefined ? undefined : `${code}${IN_SCRIP}${token}`
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let objects: Record<string, unknown> = {}
    let count = 0
    for (const [instrument, tick] of states) {
      const scrip = this.#scripOf(instrument)
      if (scrip === undefined || !this.#sent.has(scrip)) continue
      const now = snapshotOf(tick, instrument)
      const object = objectOf(this.#codes[instrument.exchange]!, instrument, now, this.#sent.get(scrip))
      if (object === undefined) continue
      this.#sent.set(scrip, now)
      objects[scrip] = object
      if (++count === PER_FRAME) {
        frames.push(JSON.stringify(objects))
        objects = {}
        count = 0
      }
    }
    if (count > 0) frames.push(JSON.stringify(objects))
    return frames
  }
}
