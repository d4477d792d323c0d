/**
 * The attachments of `xts-binary-packet` events: packets one after the other, little-endian, each plain or in raw
 * DEFLATE. Three layouts of the payload are in the field; the one that fits its length exactly is the right one.
 */
import { inflateSync } from "fflate"
import type { Level } from "../../market/tick.ts"
import { FrameReader, i64le } from "../kit/bytes.ts"
import type { Sink } from "../protocol.ts"
import type { Subscriptions, Subscription } from "./subscriptions.ts"
import { remember } from "./subscriptions.ts"
import type { MessageCode } from "./layout.ts"
import { DEPTH, ENGINE_MESSAGE, LTP, OPEN_INTEREST, isMessageCode, toEpochMs } from "./layout.ts"
import type { LayoutReader } from "./layouts.ts"
import { layouts } from "./layouts.ts"
import type { Known } from "./ticks.ts"
import { bookless, filled, openInterestTick, touchlineTick } from "./ticks.ts"

/** Head of a packet: compressed or not, code, segment, id, book type, market type, size of the payload. */
const PLAIN_HEAD = 15
/** With the compressed size in addition. */
const COMPRESSED_HEAD = 17

/** More than twice a book of two hundred rows a side; what is larger is none of ours. */
const MAX_PAYLOAD = 20_000

/** Of a payload of version 4, without extended properties; older ones have neither sequence number nor those. */
const HEAD_V4 = 26
const HEAD_OLD = 14
/** Segment, id and the exchange's time end the head. */
const HEAD_END = 14

/** No book has more rows on a side. */
const MAX_ROWS = 200
const MAX_PROPERTIES = 200

/** Called with every message that somebody wants. */
export type OnMessage = (subscription: Subscription, code: MessageCode, known: Known) => void

export class BinaryDecoder {
  readonly #book: Subscriptions
  readonly #divisors: ReadonlyMap<number, number>
  readonly #reader = new FrameReader()
  /** One byte more than allowed, to notice what is larger. */
  readonly #room = new Uint8Array(MAX_PAYLOAD + 1)
  readonly #roomView = new DataView(this.#room.buffer)

  constructor(book: Subscriptions, divisors: ReadonlyMap<number, number>) {
    this.#book = book
    this.#divisors = divisors
  }

  decode(frame: Uint8Array, receivedAt: number, sink: Sink, onMessage: OnMessage): void {
    const end = frame.length
    const view = this.#reader.view(frame)
    let at = end > 0 && frame[0] === ENGINE_MESSAGE ? 1 : 0
    if (at === end) return sink.event({ type: "ignored", what: "an empty attachment" })
    while (at < end) {
      const flag = frame[at]!
      if (flag > 1) return sink.reject("unknown_packet", `compression flag ${flag}`)
      const head = flag === 0 ? PLAIN_HEAD : COMPRESSED_HEAD
      if (at + head > end) return sink.reject("truncated", `${end - at} bytes of a packet's head`)
      const size = view.getUint16(at + (flag === 0 ? 13 : 15), true)
      const next = at + head + size
      if (next > end) {
        return sink.reject("truncated", `a packet declares ${size} bytes, ${end - at - head} came`)
      }
      const code = view.getUint16(at + 1, true)
      const segment = view.getInt16(at + 3, true)
      const id = view.getInt32(at + 5, true)
      const subscription = this.#find(code, segment, id, sink)
      if (subscription !== undefined) {
        const from = at + head
        const message = { code: code as MessageCode, segment, id }
        if (flag === 0) {
          this.#payload(view, from, size, message, subscription, receivedAt, sink, onMessage)
        } else {
          const length = this.#inflate(frame.subarray(from, next))
          // Whatever stands behind it cannot be trusted either.
          if (length === undefined) return sink.reject("truncated", `message ${code} cannot be inflated`)
          this.#payload(this.#roomView, 0, length, message, subscription, receivedAt, sink, onMessage)
        }
      }
      at = next
    }
  }

  /** Before anything is inflated: most of what nobody wants is not worth it. */
  #find(code: number, segment: number, id: number, sink: Sink): Subscription | undefined {
    // No SDK has a binary form of the LTP message.
    if (!isMessageCode(code) || code === LTP) {
      sink.event({ type: "ignored", what: `binary message ${code}` })
      return undefined
    }
    const bySegment = this.#book[segment]
    if (bySegment === undefined) {
      sink.reject("unknown_segment", `segment ${segment}`)
      return undefined
    }
    const subscription = bySegment.get(id)
    if (subscription === undefined) {
      const former = bySegment.givenUp.of(id)
      sink.reject("not_subscribed", `segment ${segment}, instrument ${id}`, former?.instrument)
    }
    return subscription
  }

  /** The payload's length in the room; undefined when it does not fit or is no DEFLATE. */
  #inflate(compressed: Uint8Array): number | undefined {
    if (compressed.length > MAX_PAYLOAD) return undefined
    try {
      const { length } = inflateSync(compressed, { out: this.#room })
      return length > MAX_PAYLOAD ? undefined : length
    } catch {
      return undefined
    }
  }

  #payload(
    v: DataView,
    at: number,
    size: number,
    message: Message,
    subscription: Subscription,
    receivedAt: number,
    sink: Sink,
    onMessage: OnMessage
  ): void {
    const { code, id, segment } = message
    const end = at + size
    const headEnd = endOfHead(v, at, end)
    if (headEnd === undefined) return sink.reject("truncated", `message ${code} has ${size} bytes`)
    const same =
      v.getUint16(at, true) === code &&
      v.getInt16(headEnd - HEAD_END, true) === segment &&
      v.getInt32(headEnd - HEAD_END + 2, true) === id
    if (!same) return sink.reject("unknown_packet", `message ${code} is not what its packet's head says`)
    const exchangeTime = i64le(v, headEnd - 8)
    const divisor = this.#divisors.get(segment)!
    for (const layout of layouts) {
      const known = readMessage(
        layout,
        v,
        headEnd,
        end,
        divisor,
        exchangeTime,
        message,
        subscription,
        receivedAt
      )
      if (known === undefined) continue
      remember(subscription, code, known)
      return onMessage(subscription, code, known)
    }
    sink.reject("unknown_length", `no layout of message ${code} has ${size} bytes`)
  }
}

interface Message {
  readonly code: MessageCode
  readonly segment: number
  readonly id: number
}

/** Where the body begins; undefined when the payload ends before. */
const endOfHead = (v: DataView, at: number, end: number): number | undefined => {
  if (at + HEAD_OLD + HEAD_END > end) return undefined
  if (v.getUint16(at + 2, true) < 4) return at + HEAD_OLD + HEAD_END
  let p = at + HEAD_V4
  if (p + HEAD_END > end) return undefined
  let texts = v.getInt32(at + 22, true) * 2
  if (texts < 0 || texts > 2 * MAX_PROPERTIES) return undefined
  // Extended properties, two texts each; none in practice. UNCONFIRMED: a flag, then length and characters.
  for (; texts > 0; texts--) {
    if (p + 2 > end) return undefined
    p += v.getUint8(p) === 1 ? 2 + v.getUint8(p + 1) : 1
  }
  return p + HEAD_END > end ? undefined : p + HEAD_END
}

/** @returns undefined unless the body has exactly this layout's length */
const readMessage = (
  layout: LayoutReader,
  v: DataView,
  at: number,
  end: number,
  divisor: number,
  exchangeTime: number,
  { code, segment }: Message,
  { instrument }: Subscription,
  receivedAt: number
): Known | undefined => {
  if (code === OPEN_INTEREST) {
    const oi = layout.openInterest(v, at, end)
    return oi === undefined
      ? undefined
      : bookless(openInterestTick(oi, toEpochMs(exchangeTime, segment), instrument, receivedAt))
  }
  if (code !== DEPTH) {
    if (end - at !== layout.touchlineSize) return undefined
    const touchline = layout.touchline(v, at, divisor, segment, exchangeTime)
    return bookless(touchlineTick(touchline, instrument, receivedAt, undefined))
  }
  const bids = countOf(v, at, end)
  if (bids === undefined) return undefined
  const asksAt = at + 4 + bids * layout.rowSize
  const asks = countOf(v, asksAt, end)
  if (asks === undefined) return undefined
  const touchlineAt = asksAt + 4 + asks * layout.rowSize
  if (end - touchlineAt !== layout.touchlineSize) return undefined
  const buy = rowsOf(layout, v, at + 4, bids, divisor)
  const sell = rowsOf(layout, v, asksAt + 4, asks, divisor)
  const touchline = layout.touchline(v, touchlineAt, divisor, segment, exchangeTime)
  const depth = { buy: filled(buy), sell: filled(sell) }
  return { tick: touchlineTick(touchline, instrument, receivedAt, depth), buy, sell, whole: true }
}

const countOf = (v: DataView, at: number, end: number): number | undefined => {
  if (at + 4 > end) return undefined
  const count = v.getInt32(at, true)
  return count < 0 || count > MAX_ROWS ? undefined : count
}

const rowsOf = (
  { row, rowSize }: LayoutReader,
  v: DataView,
  at: number,
  count: number,
  divisor: number
): ReadonlyArray<Level> => {
  const rows: Array<Level> = []
  for (let i = 0; i < count; i++) rows.push(row(v, at + i * rowSize, divisor))
  return rows
}
