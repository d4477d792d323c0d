/**
 * Upstox' full message: a walk by hand over the protobuf fields of a message that has one instrument, in modes full.
 * Fields that a tick has no place for are passed over by their wire type; lengths are taken at their word.
 */
import type { Level } from "../../../src/market/tick.ts"
import * as L from "../../../src/protocols/upstox/layout.ts"
import { RECEIVED_AT } from "../ticks.ts"
import type { MinimalRead } from "./read.ts"
import { viewOf } from "./read.ts"

interface Message {
  readonly bytes: Buffer
  readonly view: DataView
}

let pos = 0

const varint = (bytes: Uint8Array): number => {
  let byte = bytes[pos++]!
  if (byte < 0x80) return byte
  let value = byte & 0x7f
  // Products from the fifth byte on: shifts have 32 bits.
  let scale = 0x80
  do {
    byte = bytes[pos++]!
    value += (byte & 0x7f) * scale
    scale *= 0x80
  } while (byte >= 0x80)
  return value
}

const double = (v: DataView): number => {
  pos += 8
  return v.getFloat64(pos - 8, true)
}

const skip = (bytes: Uint8Array, tag: number): void => {
  switch (tag & 7) {
    case 0:
      varint(bytes)
      break
    case 1:
      pos += 8
      break
    case 2: {
      const length = varint(bytes)
      pos += length
      break
    }
    default:
      pos += 4
  }
}

/** Whether the position, which the readers move, is before this. */
const before = (end: number): boolean => pos < end

const enter = (bytes: Uint8Array): number => {
  const length = varint(bytes)
  return pos + length
}

export const upstoxFull: MinimalRead<Message> = {
  prepare: ({ frame }) => ({ bytes: frame, view: viewOf(frame) }),
  read: ({ bytes, view: v }) => {
    const tick = {
      key: "",
      mode: "depth",
      received_time: RECEIVED_AT,
      exchange_time: 0,
      ltt: 0,
      ltp: 0,
      ltq: 0,
      open: 0,
      high: 0,
      low: 0,
      close: 0,
      volume: 0,
      average_price: 0,
      total_buy_quantity: 0,
      total_sell_quantity: 0,
      oi: 0,
      depth: { buy: [] as Array<Level>, sell: [] as Array<Level> }
    }
    pos = 0
    while (pos < bytes.length) {
      const tag = varint(bytes)
      if (tag === L.CURRENT_TIME) tick.exchange_time = varint(bytes)
      else if (tag === L.FEEDS) {
        const end = enter(bytes)
        while (before(end)) {
          const inner = varint(bytes)
          if (inner === L.KEY) {
            const keyEnd = enter(bytes)
            tick.key = bytes.toString("latin1", pos, keyEnd)
            pos = keyEnd
          } else if (inner === L.VALUE) readFeed(bytes, v, tick)
          else skip(bytes, inner)
        }
      } else skip(bytes, tag)
    }
    return tick
  }
}

interface Draft {
  ltt: number
  ltp: number
  ltq: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  average_price: number
  total_buy_quantity: number
  total_sell_quantity: number
  oi: number
  depth: { readonly buy: Array<Level>; readonly sell: Array<Level> }
}

const readFeed = (bytes: Uint8Array, v: DataView, tick: Draft): void => {
  const end = enter(bytes)
  while (before(end)) {
    const tag = varint(bytes)
    if (tag === L.FEED_FULL) {
      const fullEnd = enter(bytes)
      while (before(fullEnd)) {
        const inner = varint(bytes)
        if (inner === L.FULL_MARKET) readMarket(bytes, v, tick)
        else skip(bytes, inner)
      }
    } else skip(bytes, tag)
  }
}

const readMarket = (bytes: Uint8Array, v: DataView, tick: Draft): void => {
  const end = enter(bytes)
  while (before(end)) {
    const tag = varint(bytes)
    switch (tag) {
      case L.MARKET_LTPC:
        readLtpc(bytes, v, tick)
        break
      case L.MARKET_LEVEL: {
        const bookEnd = enter(bytes)
        while (before(bookEnd)) {
          pos++
          readLevel(bytes, v, tick)
        }
        break
      }
      case L.MARKET_OHLC: {
        const candlesEnd = enter(bytes)
        while (before(candlesEnd)) {
          pos++
          readCandle(bytes, v, tick)
        }
        break
      }
      case L.AVERAGE:
        tick.average_price = double(v)
        break
      case L.VOLUME:
        tick.volume = varint(bytes)
        break
      case L.OPEN_INTEREST:
        tick.oi = double(v)
        break
      case L.TOTAL_BUY:
        tick.total_buy_quantity = double(v)
        break
      case L.TOTAL_SELL:
        tick.total_sell_quantity = double(v)
        break
      default:
        skip(bytes, tag)
    }
  }
}

const readLtpc = (bytes: Uint8Array, v: DataView, tick: Draft): void => {
  const end = enter(bytes)
  while (before(end)) {
    const tag = varint(bytes)
    if (tag === L.LTP) tick.ltp = double(v)
    else if (tag === L.LTT) tick.ltt = varint(bytes)
    else if (tag === L.LTQ) tick.ltq = varint(bytes)
    else if (tag === L.CLOSE) tick.close = double(v)
    else skip(bytes, tag)
  }
}

const readLevel = (bytes: Uint8Array, v: DataView, { depth }: Draft): void => {
  const end = enter(bytes)
  let bidQuantity = 0
  let bidPrice = 0
  let askQuantity = 0
  let askPrice = 0
  while (before(end)) {
    const tag = varint(bytes)
    if (tag === L.BID_QUANTITY) bidQuantity = varint(bytes)
    else if (tag === L.BID_PRICE) bidPrice = double(v)
    else if (tag === L.ASK_QUANTITY) askQuantity = varint(bytes)
    else if (tag === L.ASK_PRICE) askPrice = double(v)
    else skip(bytes, tag)
  }
  depth.buy.push({ price: bidPrice, quantity: bidQuantity, orders: 0 })
  depth.sell.push({ price: askPrice, quantity: askQuantity, orders: 0 })
}

const readCandle = (bytes: Uint8Array, v: DataView, tick: Draft): void => {
  const end = enter(bytes)
  let isDay = false
  while (before(end)) {
    const tag = varint(bytes)
    if (tag === L.INTERVAL) {
      const last = enter(bytes)
      isDay = bytes[pos] === 0x31
      pos = last
    } else if (isDay && tag === L.OPEN) tick.open = double(v)
    else if (isDay && tag === L.HIGH) tick.high = double(v)
    else if (isDay && tag === L.LOW) tick.low = double(v)
    else skip(bytes, tag)
  }
}
