/** The broker's side of Dhan's depth sockets, for the simulator and for tests. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { fitU32 } from "../kit/bytes.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerProtocol } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { parseObject } from "../kit/text.ts"
import { numericCodes } from "../kit/variant.ts"
import type { DepthKind } from "./depth.ts"
import { ASKS, ASK_DEPTH, BIDS, HEADER_SIZE, ROW_SIZE } from "./depth.ts"
import { stacked } from "./encode.ts"
import { admit } from "./handshake.ts"
import { ASK_DISCONNECT } from "./layout.ts"
import { unsubscribeCodeOf } from "./options.ts"
import type { Segments } from "./segments.ts"
import { makeSegments, placeOf } from "./segments.ts"
import { readEntry } from "./server.ts"

/** Messages of several instruments share a frame up to this. */
const MAX_FRAME = 32_768

/** Takes as many instruments as are asked for: what the real sockets do past their limit is UNCONFIRMED. */
export class DhanDepthServerCodec implements ServerCodec {
  readonly #kind: DepthKind
  readonly #segments: Segments<true> = makeSegments()
  readonly #codes: Readonly<Record<string, number>>
  readonly #unsubscribe: number
  #sequence = 0

  constructor(kind: DepthKind, options: CodecOptions) {
    this.#kind = kind
    this.#codes = numericCodes(kind.name, options.codes)
    this.#unsubscribe = unsubscribeCodeOf(kind.name, options)
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    const code = request?.["RequestCode"]
    if (code === ASK_DISCONNECT) return { ...NOTHING, close: { code: 1000, reason: "" } }
    if (code !== ASK_DEPTH && code !== this.#unsubscribe) return NOTHING
    const list = request?.["InstrumentList"]
    const touched: Array<WireInstrument> = []
    for (const entry of (Array.isArray(list) ? list : [request]) as ReadonlyArray<unknown>) {
      const found = readEntry(this.#segments, entry, find)
      if (found === undefined) continue
      const { id, segment } = found.place
      if (code === ASK_DEPTH) {
        segment.byId.set(id, true)
        touched.push(found.instrument)
      } else segment.byId.delete(id)
    }
    return { answers: [], touched }
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const place = placeOf(this.#segments, this.#codes, instrument)
    const held = typeof place !== "string" && place.segment.byId.has(place.id)
    return held ? [{ mode: "depth", depth: this.#kind.levels }] : []
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const messages: Array<Uint8Array> = []
    for (const [instrument, { depth }] of states) {
      const place = placeOf(this.#segments, this.#codes, instrument)
      if (typeof place === "string" || depth === undefined) continue
      const { id, segment } = place
      if (!segment.byId.has(id)) continue
      messages.push(
        this.#message(BIDS, segment.code, id, depth.buy),
        this.#message(ASKS, segment.code, id, depth.sell)
      )
    }
    return stacked(messages, MAX_FRAME)
  }

  #message(code: number, segment: number, id: number, side: ReadonlyArray<Level>): Uint8Array {
    const { counted, levels } = this.#kind
    const rows = counted ? Math.min(side.filter((l) => l.quantity !== 0).length, levels) : levels
    const v = new DataView(new ArrayBuffer(HEADER_SIZE + rows * ROW_SIZE))
    v.setUint16(0, v.byteLength, true)
    v.setUint8(2, code)
    v.setUint8(3, segment)
    v.setUint32(4, fitU32(id), true)
    v.setUint32(8, counted ? rows : ++this.#sequence, true)
    for (let i = 0, at = HEADER_SIZE; i < rows; i++, at += ROW_SIZE) {
      const level = side[i]
      if (level === undefined) break
      v.setFloat64(at, level.price, true)
      v.setUint32(at + 8, fitU32(level.quantity), true)
      v.setUint32(at + 12, fitU32(level.orders), true)
    }
    return new Uint8Array(v.buffer)
  }
}

export const depthServerProtocol = (kind: DepthKind): ServerProtocol => ({
  name: kind.name,
  admit,
  open: (options) => new DhanDepthServerCodec(kind, options)
})
