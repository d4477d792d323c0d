/**
 * The broker's side of Motilal Oswal's broadcast, for the simulator and for tests: the same packets. How the real
 * server refuses a client is UNCONFIRMED; this one says so in JSON and closes.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { plainNumber, reveal } from "../kit/text.ts"
import { encodeIndex, encodeScrip } from "./encode.ts"
import type { Place } from "./layout.ts"
import { LEVELS, LOGIN, LOGIN_AGAIN, LOGIN_SIZE, MAX_CODE, REGISTER, REGISTER_SIZE } from "./layout.ts"
import { motilalOptions } from "./options.ts"

const refused: Received = {
  answers: [JSON.stringify({ status: "ERROR", message: "Invalid client", errorcode: "", data: null })],
  touched: [],
  close: { code: 1008, reason: "Invalid client" }
}

const EVERYTHING: ReadonlyArray<Want> = [{ mode: "depth", depth: LEVELS }]

export class MotilalServerCodec implements ServerCodec {
  readonly #places: ReadonlyMap<string, Place>
  readonly #context: ServerContext
  /** Registered scrips: letters of exchange and segment, then the code. */
  readonly #registered = new Set<string>()
  #loggedIn = false

  constructor(options: CodecOptions, context: ServerContext) {
    this.#places = motilalOptions(options).places
    this.#context = context
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame === "string" || frame.length === 0) return NOTHING
    const kind = frame[0]
    if ((kind === LOGIN || kind === LOGIN_AGAIN) && frame.length === LOGIN_SIZE) {
      const given = String.fromCharCode(...frame.subarray(4, 4 + Math.min(frame[3]!, 15)))
      this.#loggedIn = given !== "" && given === reveal(this.#context.accepted().clientCode).slice(0, 15)
      return this.#loggedIn ? NOTHING : refused
    }
    if (kind !== REGISTER || frame.length !== REGISTER_SIZE) return NOTHING
    if (!this.#loggedIn) return refused
    const code = new DataView(frame.buffer, frame.byteOffset, frame.length).getInt32(5, true)
    const place = String.fromCharCode(frame[3]!, frame[4]!)
    const instrument = find(String(code), place)
    if (instrument === undefined) return NOTHING
    if (frame[9] === 0) {
      this.#registered.delete(`${place}${code}`)
      return NOTHING
    }
    this.#registered.add(`${place}${code}`)
    return { answers: [], touched: [instrument] }
  }

  /** Indices come unasked, so there is nothing to hold of them. */
  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const place = this.#places.get(instrument.exchange)
    return place !== undefined && this.#isRegistered(place, instrument.token) ? EVERYTHING : []
  }

  #isRegistered({ exchange, type }: Place, token: string): boolean {
    return this.#registered.has(`${String.fromCharCode(exchange, type)}${token}`)
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    if (!this.#loggedIn) return []
    const frames: Array<Frame> = []
    for (const [{ exchange, token }, tick] of states) {
      const place = this.#places.get(exchange)
      const code = plainNumber(token, MAX_CODE)
      if (place === undefined || code === undefined) continue
      if (place.isIndex) frames.push(encodeIndex(place.exchange, code, tick))
      else if (this.#isRegistered(place, token)) frames.push(encodeScrip(place.exchange, code, tick))
    }
    return frames
  }
}
