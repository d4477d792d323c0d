/**
 * The broker's side of HDFC's feed, for the simulator and for tests: the same requests, the same bytes. Where the real
 * server's words are not documented (acknowledgements, the limit) this one says what it means in a status text.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { Writer } from "../kit/protobuf.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import { writeHeartbeat, writePacket } from "./encode.ts"
import { withoutBearer } from "./handshake.ts"
import type { ScripType } from "./layout.ts"
import { LEVELS } from "./layout.ts"
import { hdfcOptions } from "./options.ts"

const PACKETS_PER_FRAME = 50

/** "Full authentication is required", whichever part is wrong or missing. */
const UNAUTHORISED: Refusal = { status: 401, headers: {} }

export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("token") === withoutBearer(reveal(accepted.authToken)) &&
    query.get("api_key") === reveal(accepted.apiKey)
  return right ? undefined : UNAUTHORISED
}

export const heartbeat = (): Frame => {
  const writer = new Writer()
  writeHeartbeat(writer)
  return writer.finish()
}

const statusFrame = (status: string, message: string): Frame => JSON.stringify({ status, message })

export class HdfcServerCodec implements ServerCodec {
  /** By scrip id. One type at a time: the last that was asked for. */
  readonly #types = new Map<string, ScripType>()
  readonly #codes: Readonly<Record<string, string>>
  readonly #limit: number
  #sequence = 0

  constructor(options: CodecOptions) {
    this.#codes = textCodes("hdfc", options.codes)
    this.#limit = hdfcOptions(options).subscriptionLimit
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    if (request === undefined) {
      return { answers: [statusFrame("error", "The request is not a JSON object")], touched: [] }
    }
    if (request["heart_beat"] === true) return NOTHING
    const dropped = readScrips(request["unSubscribe"])
    const added = readScrips(request["subscribe"])
    if (dropped === undefined || added === undefined) {
      return { answers: [statusFrame("error", "The request holds no list of scrips")], touched: [] }
    }
    for (const { scripId, type } of dropped) {
      if (this.#types.get(scripId) === type) this.#types.delete(scripId)
    }
    const touched: Array<WireInstrument> = []
    let problem: string | undefined
    for (const { scripId, type } of added) {
      // The prefix may hold an underscore itself, the token never does.
      const cut = scripId.lastIndexOf("_")
      const instrument = find(scripId.slice(cut + 1), scripId.slice(0, cut))
      if (instrument === undefined) problem = `Unknown scripId ${scripId}`
      else if (this.#types.size >= this.#limit && !this.#types.has(scripId)) {
        problem = `The limit of ${this.#limit} instruments is reached`
      } else {
        this.#types.set(scripId, type)
        touched.push(instrument)
      }
    }
    const answer =
      problem === undefined ? statusFrame("success", "subscription updated") : statusFrame("error", problem)
    return { answers: [answer], touched }
  }

  #scripOf({ exchange, token }: WireInstrument): string {
    return `${this.#codes[exchange]}_${token}`
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const type = this.#types.get(this.#scripOf(instrument))
    if (type === undefined) return []
    if (type === "LTP") return [{ mode: "ltp", depth: 0 }]
    return instrument.exchange.endsWith("_INDEX")
      ? [{ mode: "quote", depth: 0 }]
      : [{ mode: "depth", depth: LEVELS }]
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let writer = new Writer()
    let packets = 0
    for (const [instrument, tick] of states) {
      const type = this.#types.get(this.#scripOf(instrument))
      if (type === undefined) continue
      writePacket(writer, this.#codes[instrument.exchange]!, instrument, tick, type, ++this.#sequence)
      if (++packets % PACKETS_PER_FRAME !== 0) continue
      frames.push(writer.finish())
      writer = new Writer()
    }
    if (packets % PACKETS_PER_FRAME !== 0) frames.push(writer.finish())
    return frames
  }
}

interface Scrip {
  readonly scripId: string
  readonly type: ScripType
}

/** Nothing where the list is left out, `undefined` when it is not what the documentation says. */
const readScrips = (list: unknown): ReadonlyArray<Scrip> | undefined => {
  if (list === undefined) return []
  if (!Array.isArray(list)) return undefined
  const scrips: Array<Scrip> = []
  for (const item of list as ReadonlyArray<unknown>) {
    if (!isObject(item)) return undefined
    const { scripId, type } = item
    if (typeof scripId !== "string" || (type !== "LTP" && type !== "ALL")) return undefined
    scrips.push({ scripId, type })
  }
  return scrips
}
