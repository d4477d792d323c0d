/**
 * The broker's side of Paytm Money's broadcast, for the simulator and for tests: the same requests, the same bytes.
 * What the real server says to a request that it does not like is UNCONFIRMED; this one names the entry.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { modes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { isObject, parseJson, plainNumber, reveal } from "../kit/text.ts"
import { encodePacket } from "./encode.ts"
import { LEVELS, MAX_ID, MODE_NAMES } from "./layout.ts"
import type { Segment } from "./options.ts"
import { paytmOptions } from "./options.ts"
import { scripType } from "./requests.ts"

export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const given = new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("x_jwt_token")
  return given === reveal(accepted.feedToken) ? undefined : { status: 401, headers: {} }
}

const complaint = (error: string): Frame => JSON.stringify({ error })

const MODES: ReadonlyMap<unknown, Mode> = new Map(modes.map((mode) => [MODE_NAMES[mode], mode]))

/** Which class of segment a script type belongs to. */
const CLASSES: ReadonlyMap<unknown, Segment["class"]> = new Map([
  ["INDEX", "INDEX"],
  ["EQUITY", "CASH"],
  ["ETF", "CASH"],
  ["FUTURE", "FNO"],
  ["OPTION", "FNO"]
])

export class PaytmServerCodec implements ServerCodec {
  readonly #segments: ReadonlyMap<string, Segment>
  readonly #epoch: number
  /** By segment code and security id. */
  readonly #modes = new ServedKinds<string, Mode>()

  constructor(options: CodecOptions) {
    const { epochSeconds, segments } = paytmOptions(options)
    this.#segments = segments
    this.#epoch = epochSeconds
  }

  receive(frame: Frame, find: FindByToken): Received {
    const answers: Array<Frame> = []
    const touched: Array<WireInstrument> = []
    const entries = typeof frame === "string" ? parseArray(frame) : undefined
    if (entries === undefined) return { answers: [complaint("Preferences must be a JSON array")], touched }
    for (const entry of entries) {
      const outcome = this.#take(entry, find)
      if (typeof outcome === "string") answers.push(complaint(outcome))
      else if (outcome !== undefined) touched.push(outcome)
    }
    return { answers, touched }
  }

  /** @returns the instrument that was added, or what is wrong */
  #take(entry: unknown, find: FindByToken): WireInstrument | string | undefined {
    if (!isObject(entry)) return "A preference must be an object"
    const { actionType, exchangeType, modeType, scripId, scripType: type } = entry
    const mode = MODES.get(modeType)
    const segmentClass = CLASSES.get(type)
    if (mode === undefined || segmentClass === undefined || typeof scripId !== "string") {
      return "A preference has an unknown modeType, scripType or scripId"
    }
    const code = `${String(exchangeType)}:${segmentClass}`
    const instrument = find(scripId, code)
    const segment = instrument === undefined ? undefined : this.#segments.get(instrument.exchange)
    if (instrument === undefined || segment === undefined || scripType(instrument, segment) !== type) {
      return "A preference names no instrument"
    }
    const key = `${code}:${scripId}`
    if (actionType === "ADD") {
      this.#modes.add(key, mode)
      return instrument
    }
    if (actionType !== "REMOVE") return "A preference has an unknown actionType"
    this.#modes.remove(key, mode)
    return undefined
  }

  #modesOf({ exchange, token }: WireInstrument): ReadonlyArray<Mode> {
    const held = this.#modes.of(`${this.#segments.get(exchange)?.code}:${token}`)
    return modes.filter((mode) => held.has(mode))
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const isIndex = this.#segments.get(instrument.exchange)?.class === "INDEX"
    return this.#modesOf(instrument).map((mode): Want => {
      if (mode !== "depth") return { mode, depth: 0 }
      // An index has no book, so its full packet is a quote.
      return isIndex ? { mode: "quote", depth: 0 } : { mode, depth: LEVELS }
    })
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const held = this.#modesOf(instrument)
      const id = plainNumber(instrument.token, MAX_ID)
      if (held.length === 0 || id === undefined) continue
      const isIndex = this.#segments.get(instrument.exchange)?.class === "INDEX"
      frames.push(joined(held.map((mode) => encodePacket(mode, isIndex, id, tick, this.#epoch))))
    }
    return frames
  }
}

const joined = (packets: ReadonlyArray<Uint8Array>): Uint8Array => {
  const frame = new Uint8Array(packets.reduce((sum, p) => sum + p.length, 0))
  let at = 0
  for (const packet of packets) {
    frame.set(packet, at)
    at += packet.length
  }
  return frame
}

const parseArray = (text: string): ReadonlyArray<unknown> | undefined => {
  const value = parseJson(text)
  return Array.isArray(value) ? value : undefined
}
