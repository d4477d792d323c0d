/**
 * The broker's side of Dhan's live feed, for the simulator and for tests: the same requests, the same bytes. Dhan
 * acknowledges nothing; what it does about a request that it cannot read is UNCONFIRMED, and this side passes over it.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { isObject, parseObject, plainNumber } from "../kit/text.ts"
import { numericCodes } from "../kit/variant.ts"
import { encodeDisconnect, encodeOpenInterest, encodePreviousClose, encodePrices, stacked } from "./encode.ts"
import { TOO_MANY_INSTRUMENTS } from "./failures.ts"
import type { Ask } from "./layout.ts"
import { ASK_DISCONNECT, ASK_FULL, ASK_QUOTE, ASK_TICKER, INDEX_SEGMENT, MAX_ID, asks } from "./layout.ts"
import { dhanOptions } from "./options.ts"
import type { Place, Segments } from "./segments.ts"
import { makeSegments, placeOf } from "./segments.ts"

/** The documentation allows this many instruments in one request. */
const MAX_LIST = 100

/** Small enough for a reader's one buffer. */
const MAX_FRAME = 4096

const WANTS: Readonly<Record<Ask, Want>> = {
  [ASK_TICKER]: { mode: "ltp", depth: 0 },
  [ASK_QUOTE]: { mode: "quote", depth: 0 },
  [ASK_FULL]: { mode: "depth", depth: 5 }
}

interface Held {
  readonly asks: Set<Ask>
  /** What the client was told apart from prices. */
  close: number | undefined
  oi: number | undefined
}

export class DhanServerCodec implements ServerCodec {
  readonly #segments: Segments<Held>
  readonly #codes: Readonly<Record<string, number>>
  readonly #limit: number
  #used = 0

  constructor(options: CodecOptions) {
    const { commoditySegment, subscriptionLimit } = dhanOptions(options)
    this.#segments = makeSegments(commoditySegment)
    this.#codes = { ...numericCodes("dhan", options.codes), NCO: commoditySegment }
    this.#limit = subscriptionLimit
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    const code = request?.["RequestCode"]
    if (request === undefined || typeof code !== "number") return NOTHING
    if (code === ASK_DISCONNECT) return { ...NOTHING, close: { code: 1000, reason: "" } }
    const ask = asks.find((known) => known === code || known + 1 === code)
    const list = request["InstrumentList"]
    if (ask === undefined || !Array.isArray(list)) return NOTHING
    if (list.length > MAX_LIST) return tooMany
    const touched: Array<WireInstrument> = []
    for (const entry of list as ReadonlyArray<unknown>) {
      const found = readEntry(this.#segments, entry, find)
      if (found === undefined) continue
      if (code !== ask) this.#remove(found.place, ask)
      else {
        if (!this.#add(found.place, ask)) return tooMany
        touched.push(found.instrument)
      }
    }
    return { answers: [], touched }
  }

  #add({ id, segment }: Place<Held>, ask: Ask): boolean {
    const held = segment.byId.get(id)
    if (held === undefined) {
      if (this.#used >= this.#limit) return false
      this.#used++
      segment.byId.set(id, { asks: new Set([ask]), close: undefined, oi: undefined })
      return true
    }
    held.asks.add(ask)
    // A new subscription is told everything anew.
    held.close = undefined
    held.oi = undefined
    return true
  }

  #remove({ id, segment }: Place<Held>, ask: Ask): void {
    const held = segment.byId.get(id)
    if (held === undefined || !held.asks.delete(ask) || held.asks.size > 0) return
    segment.byId.delete(id)
    this.#used--
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const place = placeOf(this.#segments, this.#codes, instrument)
    if (typeof place === "string") return []
    const { id, segment } = place
    return [...(segment.byId.get(id)?.asks ?? [])].map((ask) =>
      // A full packet of an index has an empty book.
      ask === ASK_FULL && segment.code === INDEX_SEGMENT ? WANTS[ASK_QUOTE] : WANTS[ask]
    )
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const packets: Array<Uint8Array> = []
    for (const [instrument, tick] of states) {
      const place = placeOf(this.#segments, this.#codes, instrument)
      if (typeof place === "string") continue
      const { id, segment } = place
      const held = segment.byId.get(id)
      if (held === undefined) continue
      const { close, oi = 0 } = tick
      if (close !== undefined && held.close !== close) {
        packets.push(encodePreviousClose(segment.code, id, close))
        held.close = close
      }
      for (const ask of held.asks) packets.push(encodePrices(ask, segment.code, id, tick))
      // Quotes have no open interest: it comes along in a packet of its own, where there is any.
      if (held.asks.has(ASK_QUOTE) && held.oi !== oi && (oi !== 0 || held.oi !== undefined)) {
        packets.push(encodeOpenInterest(segment.code, id, oi))
        held.oi = oi
      }
    }
    return stacked(packets, MAX_FRAME)
  }
}

const tooMany: Received = {
  answers: [encodeDisconnect(TOO_MANY_INSTRUMENTS)],
  touched: [],
  close: { code: 1000, reason: "" }
}

/** One instrument of a request, if it exists. */
export const readEntry = <A>(
  segments: Segments<A>,
  entry: unknown,
  find: FindByToken
): { readonly place: Place<A>; readonly instrument: WireInstrument } | undefined => {
  if (!isObject(entry)) return undefined
  const { ExchangeSegment, SecurityId } = entry
  const segment = segments.find((known) => known?.name === ExchangeSegment)
  if (segment === undefined || typeof SecurityId !== "string") return undefined
  const id = plainNumber(SecurityId, MAX_ID)
  const instrument = find(SecurityId, segment.code)
  return id === undefined || instrument === undefined
    ? undefined
    : { place: { segment, id, givenUp: segment.givenUp }, instrument }
}
