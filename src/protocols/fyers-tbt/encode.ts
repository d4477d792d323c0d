/** Market states to messages of the depth socket. */
import type { Level, Tick } from "../../market/tick.ts"
import { Writer } from "../kit/protobuf.ts"
import {
  DEPTH,
  ENTRY,
  LEVEL,
  LEVELS,
  MARKET_FEED,
  PAISE,
  SOCKET_MESSAGE,
  TYPE_DEPTH,
  WRAPPED
} from "./layout.ts"

/** A book as the wire counts: totals of both sides, then price, quantity and orders of each of the levels. */
export type Sent = Float64Array

const SIDE = 3 * LEVELS
const BIDS = 2
const ASKS = BIDS + SIDE

export const sentOf = (tick: Tick): Sent => {
  const sent = new Float64Array(ASKS + SIDE)
  sent[0] = tick.total_buy_quantity ?? 0
  sent[1] = tick.total_sell_quantity ?? 0
  putSide(sent, BIDS, tick.depth?.buy ?? [])
  putSide(sent, ASKS, tick.depth?.sell ?? [])
  return sent
}

const putSide = (sent: Sent, at: number, levels: ReadonlyArray<Level>): void => {
  const count = Math.min(levels.length, LEVELS)
  for (let i = 0; i < count; i++) {
    const { orders, price, quantity } = levels[i]!
    sent[at + 3 * i] = Math.round(price * PAISE)
    sent[at + 3 * i + 1] = quantity
    sent[at + 3 * i + 2] = orders
  }
}

/**
 * A Depth message of what differs from what the client has; undefined when nothing does.
 *
 * @param before undefined for a snapshot, which tells all levels that are not empty
 */
export const depthOf = (now: Sent, before: Sent | undefined): Uint8Array | undefined => {
  const writer = Writer.create()
  const was = before ?? new Float64Array(now.length)
  if (before === undefined || now[0] !== was[0]) wrap(writer, DEPTH.totalBuy, now[0]!)
  if (before === undefined || now[1] !== was[1]) wrap(writer, DEPTH.totalSell, now[1]!)
  putLevels(writer, DEPTH.ask, now, was, ASKS)
  putLevels(writer, DEPTH.bid, now, was, BIDS)
  const bytes = writer.finish()
  return bytes.length === 0 ? undefined : bytes
}

/** Entries up to the last position with a change; those without one are empty. */
const putLevels = (writer: Writer, tag: number, now: Sent, was: Sent, at: number): void => {
  let length = SIDE
  while (length > 0 && now[at + length - 1] === was[at + length - 1]) length--
  for (let i = at; i < at + length; i += 3) {
    writer.uint32(tag).fork()
    if (now[i] !== was[i]) wrap(writer, LEVEL.price, now[i]!)
    if (now[i + 1] !== was[i + 1]) wrap(writer, LEVEL.quantity, now[i + 1]!)
    if (now[i + 2] !== was[i + 2]) wrap(writer, LEVEL.orders, now[i + 2]!)
    writer.ldelim()
  }
}

const wrap = (writer: Writer, tag: number, value: number): void => {
  writer.uint32(tag).fork().uint32(WRAPPED).int64(value).ldelim()
}

export interface Feed {
  readonly token: string
  readonly ticker: string
  readonly depth: Uint8Array
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly time: number | undefined
}

/** A message with the books of several instruments, all snapshots or all changes. */
export const messageOf = (feeds: ReadonlyArray<Feed>, snapshot: boolean): Uint8Array => {
  const writer = Writer.create()
  writer.uint32(SOCKET_MESSAGE.type).uint32(TYPE_DEPTH)
  for (const { depth, sequence, ticker, time, token } of feeds) {
    writer.uint32(SOCKET_MESSAGE.feed).fork()
    writer.uint32(ENTRY.key).string(token)
    writer.uint32(ENTRY.value).fork()
    writer.uint32(MARKET_FEED.depth).bytes(depth)
    if (time !== undefined) {
      const seconds = Math.floor(time / 1000)
      wrap(writer, MARKET_FEED.feedTime, seconds)
      wrap(writer, MARKET_FEED.sendTime, seconds)
    }
    writer.uint32(MARKET_FEED.token).string(token)
    writer.uint32(MARKET_FEED.sequence).uint32(sequence)
    writer.uint32(MARKET_FEED.ticker).string(ticker)
    writer.ldelim().ldelim()
  }
  return writer.uint32(SOCKET_MESSAGE.snapshot).bool(snapshot).finish()
}
