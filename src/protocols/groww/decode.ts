/** Groww's protobuf payloads to ticks: one per message, without memory of earlier ones. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf } from "../kit/protobuf.ts"
import { putPrices } from "../kit/tickDraft.ts"
import * as L from "./layout.ts"

/**
 * @param reader at the payload's first byte, and ending with it
 * @param divisor of the prices of a price message
 * @returns undefined where there is nothing to tell: no message, or no price in it
 * @throws RangeError for bytes that are no such message
 */
export const decodePayload = (
  reader: Reader,
  instrument: WireInstrument,
  received_time: number,
  divisor: number
): Tick | undefined => {
  // One of three; the last one counts, as everywhere in protobuf.
  let kind = 0
  let from = 0
  let to = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === L.PRICE || tag === L.BOOK || tag === L.INDEX) {
      to = endOf(reader)
      from = reader.pos
      kind = tag
      reader.pos = to
    } else reader.skipType(tag & 7)
  }
  reader.pos = from
  switch (kind) {
    case L.PRICE:
      return decodePrice(reader, to, instrument, received_time, divisor)
    case L.BOOK:
      return decodeBook(reader, to, instrument, received_time)
    case L.INDEX:
      return decodeIndex(reader, to, instrument, received_time)
    default:
      return undefined
  }
}

/** A double of the wire. @throws RangeError for what is no number */
const double = (reader: Reader): number => {
  const value = reader.double()
  if (Number.isFinite(value)) return value
  throw new RangeError("a number is not finite")
}

const milliseconds = (time: number): number => Math.floor(time < L.SECONDS_BELOW ? time * 1000 : time)

const decodePrice = (
  reader: Reader,
  to: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick | undefined => {
  let time = 0
  let open = 0
  let high = 0
  let low = 0
  let close = 0
  let volume = 0
  let average = 0
  let upper = 0
  let lower = 0
  let ltp = 0
  let oi = 0
  while (reader.pos < to) {
    const tag = reader.uint32()
    switch (tag) {
      case L.TIME:
        time = double(reader)
        break
      case L.OPEN:
        open = double(reader)
        break
      case L.HIGH:
        high = double(reader)
        break
      case L.LOW:
        low = double(reader)
        break
      case L.CLOSE:
        close = double(reader)
        break
      case L.VOLUME:
        volume = double(reader)
        break
      case L.AVERAGE:
        average = double(reader)
        break
      case L.UPPER:
        upper = double(reader)
        break
      case L.LOWER:
        lower = double(reader)
        break
      case L.LTP:
        ltp = double(reader)
        break
      case L.OPEN_INTEREST:
        oi = double(reader)
        break
      default:
        reader.skipType(tag & 7)
    }
  }
  checkEnd(reader, to)
  if (ltp === 0) return undefined
  const mode = open !== 0 || high !== 0 || low !== 0 || volume !== 0 ? "quote" : "ltp"
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (time !== 0) tick.exchange_time = milliseconds(time)
  putPrices(
    tick,
    ltp / divisor,
    open / divisor,
    high / divisor,
    low / divisor,
    close / divisor,
    average / divisor
  )
  // A number that is zero does not go over this wire, so none is told from zero: absent.
  if (volume !== 0) tick.volume = volume
  if (oi !== 0) tick.oi = oi
  if (upper !== 0) tick.upper_circuit = upper / divisor
  if (lower !== 0) tick.lower_circuit = lower / divisor
  return tick
}

const decodeIndex = (
  reader: Reader,
  to: number,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick | undefined => {
  let time = 0
  let ltp = 0
  while (reader.pos < to) {
    const tag = reader.uint32()
    if (tag === L.TIME) time = double(reader)
    else if (tag === L.VALUE) ltp = double(reader)
    else reader.skipType(tag & 7)
  }
  checkEnd(reader, to)
  if (ltp === 0) return undefined
  return time === 0
    ? { symbol, exchange, mode: "ltp", received_time, ltp }
    : { symbol, exchange, mode: "ltp", received_time, exchange_time: milliseconds(time), ltp }
}

const decodeBook = (
  reader: Reader,
  to: number,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => {
  let time = 0
  const buy: Array<Level> = []
  const sell: Array<Level> = []
  const buyNumbers: Array<number> = []
  const sellNumbers: Array<number> = []
  while (reader.pos < to) {
    const tag = reader.uint32()
    if (tag === L.TIME) time = double(reader)
    else if (tag === L.BUY) decodeLevel(reader, endOf(reader), buy, buyNumbers)
    else if (tag === L.SELL) decodeLevel(reader, endOf(reader), sell, sellNumbers)
    else reader.skipType(tag & 7)
  }
  checkEnd(reader, to)
  const depth = { buy: inOrder(buy, buyNumbers), sell: inOrder(sell, sellNumbers) }
  return time === 0
    ? { symbol, exchange, mode: "depth", received_time, depth }
    : { symbol, exchange, mode: "depth", received_time, exchange_time: milliseconds(time), depth }
}

/** Levels that hold nothing are padding. */
const decodeLevel = (reader: Reader, to: number, levels: Array<Level>, numbers: Array<number>): void => {
  let number = 0
  let price = 0
  let quantity = 0
  while (reader.pos < to) {
    const tag = reader.uint32()
    if (tag === L.LEVEL_NUMBER) number = reader.int32()
    else if (tag === L.LEVEL) {
      const end = endOf(reader)
      while (reader.pos < end) {
        const inner = reader.uint32()
        if (inner === L.LEVEL_PRICE) price = double(reader)
        else if (inner === L.LEVEL_QUANTITY) quantity = double(reader)
        else reader.skipType(inner & 7)
      }
      checkEnd(reader, end)
    } else reader.skipType(tag & 7)
  }
  checkEnd(reader, to)
  if (price === 0 && quantity === 0) return
  levels.push({ price, quantity, orders: 0 })
  numbers.push(number)
}

/** Entries of a map come in any order; of two for one level the later counts. */
const inOrder = (levels: Array<Level>, numbers: ReadonlyArray<number>): ReadonlyArray<Level> => {
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i]! > numbers[i - 1]!) continue
    const order = numbers.map((number, at) => ({ number, at })).sort((a, b) => a.number - b.number)
    const last = order.filter(({ number }, at) => order[at + 1]?.number !== number)
    return last.map(({ at }) => levels[at]!)
  }
  return levels
}
