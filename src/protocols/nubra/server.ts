/**
 * The broker's side of Nubra's feed, for the simulator and for tests: the same commands, the same bytes. The real server's
 * words about a command that it does not take are not documented; these contain "Error", as its own do.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { State } from "./encode.ts"
import { encodeBatch } from "./encode.ts"
import { sessionToken } from "./handshake.ts"
import type { Channel } from "./layout.ts"
import { BOOK, BUCKET, CHANNELS, DEEP, GREEKS, INDEX, ONE_DAY_NAME, SHALLOW, WEIGHTS } from "./layout.ts"
import { nameOnWire, plainName } from "./names.ts"
import { nubraOptions } from "./options.ts"

const ELEMENTS_PER_FRAME = 50

export const admit = ({ headers }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const right =
    headers["authorization"] === `Bearer ${sessionToken(accepted)}` &&
    headers["x-device-id"] === reveal(accepted.clientCode)
  return right ? undefined : { status: 401, headers: {} }
}

const answer = (text: string): Received => ({ answers: [text], touched: [] })

const channels: ReadonlyMap<string | undefined, Channel> = new Map([
  ["index", INDEX],
  ["index_bucket", BUCKET],
  ["orderbook", BOOK],
  ["greeks", GREEKS]
])

export class NubraServerCodec implements ServerCodec {
  /** Channels as bits, by instrument. */
  readonly #held = new ServedKinds<WireInstrument, Channel>()
  /** By exchange word and name. */
  readonly #byName = new Map<string, WireInstrument>()
  readonly #codes: Readonly<Record<string, string>>
  readonly #accepted: () => Credentials
  readonly #limit: number
  #weight = 0
  #levels = SHALLOW

  constructor(options: CodecOptions, { accepted, instruments = [] }: ServerContext) {
    this.#codes = textCodes("nubra", options.codes)
    this.#accepted = accepted
    this.#limit = nubraOptions(options).weightLimit
    for (const instrument of instruments) {
      this.#byName.set(`${this.#word(instrument)} ${nameOnWire(instrument)}`, instrument)
    }
  }

  #word({ exchange }: Pick<WireInstrument, "exchange">): string {
    return this.#codes[exchange] ?? ""
  }

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame !== "string") return answer("Error: a command is a text")
    const [verb, token, word, ...rest] = frame.split(" ")
    if (verb !== "batch_subscribe" && verb !== "batch_unsubscribe") return answer("Error: unknown command")
    if (token !== sessionToken(this.#accepted())) return answer("Invalid Token")
    if (word === "orderbook_depth") return this.#setLevels(Number(rest[0]))
    const channel = channels.get(word)
    const list = parseObject(rest[0] ?? "")
    const wanted = channel === undefined ? undefined : this.#readList(channel, list, rest.slice(1), find)
    if (channel === undefined || wanted === undefined) return answer("Error: malformed command")
    if (verb === "batch_unsubscribe") {
      for (const instrument of wanted)
        if (this.#held.remove(instrument, channel)) this.#weight -= WEIGHTS[channel]
      return NOTHING
    }
    const touched: Array<WireInstrument> = []
    for (const instrument of wanted) {
      const more = this.#held.has(instrument, channel) ? 0 : WEIGHTS[channel]
      if (this.#weight + more > this.#limit) {
        return { answers: ["Error: the weight limit of the session is reached"], touched }
      }
      this.#weight += more
      this.#held.add(instrument, channel)
      touched.push(instrument)
    }
    return { answers: [], touched }
  }

  #setLevels(levels: number): Received {
    if (!Number.isInteger(levels) || levels < SHALLOW || levels > DEEP) {
      return answer("Error: orderbook_depth is 5 to 20")
    }
    this.#levels = levels
    return { answers: [], touched: this.#held.with(BOOK) }
  }

  /** Unknown instruments are passed over. `undefined` for what is no list of this channel. */
  #readList(
    channel: Channel,
    list: Readonly<Record<string, unknown>> | undefined,
    rest: ReadonlyArray<string>,
    find: FindByToken
  ): ReadonlyArray<WireInstrument> | undefined {
    const { indexes, instruments } = list ?? {}
    if (!Array.isArray(indexes) || !Array.isArray(instruments)) return undefined
    if (channel === BOOK || channel === GREEKS) return present(instruments.map((ref) => find(String(ref))))
    const [interval, exchange] = channel === BUCKET ? rest : [ONE_DAY_NAME, rest[0]]
    if (interval !== ONE_DAY_NAME || exchange === undefined) return undefined
    return present(indexes.map((name) => this.#byName.get(`${exchange} ${plainName(String(name))}`)))
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const wants: Record<Channel, Want> = {
      [INDEX]: { mode: "ltp", depth: 0 },
      [BUCKET]: { mode: "quote", depth: 0 },
      [BOOK]: { mode: "depth", depth: this.#levels },
      [GREEKS]: { mode: "quote", depth: 0 }
    }
    return CHANNELS.filter((channel) => this.#held.has(instrument, channel)).map((channel) => wants[channel])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const channel of CHANNELS) {
      const due: Array<State> = states.filter(([i]) => this.#held.has(i, channel))
      for (let at = 0; at < due.length; at += ELEMENTS_PER_FRAME) {
        const part = due.slice(at, at + ELEMENTS_PER_FRAME)
        frames.push(encodeBatch(channel, part, this.#levels, (i) => this.#word(i)))
      }
    }
    return frames
  }
}

const present = (found: ReadonlyArray<WireInstrument | undefined>): ReadonlyArray<WireInstrument> =>
  found.filter((i) => i !== undefined)
