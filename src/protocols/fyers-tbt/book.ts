/** One instrument's book of fifty levels: a snapshot fills it, later messages change single values of it. */
import type { Level } from "../../market/tick.ts"
import type { Reader } from "../kit/protobuf.ts"
import { endOf, readInt64 } from "../kit/protobuf.ts"
import { DEPTH, LEVEL, LEVELS, PAISE, WRAPPED } from "./layout.ts"

class Side {
  readonly price = new Float64Array(LEVELS)
  readonly quantity = new Float64Array(LEVELS)
  readonly orders = new Float64Array(LEVELS)
  /** Levels as ticks have them, until they change: most messages change a few of them. */
  readonly made: Array<Level | undefined> = Array.from({ length: LEVELS }, () => undefined)

  clear(): void {
    this.price.fill(0)
    this.quantity.fill(0)
    this.orders.fill(0)
    this.made.fill(undefined)
  }

  /** Levels from the best one to the last that is not empty; empty ones between keep their places. */
  levels(): ReadonlyArray<Level> {
    let count = LEVELS
    while (count > 0 && this.price[count - 1] === 0 && this.quantity[count - 1] === 0) count--
    const levels: Array<Level> = []
    for (let i = 0; i < count; i++) {
      levels.push((this.made[i] ??= this.#make(i)))
    }
    return levels
  }

  #make(i: number): Level {
    return { price: this.price[i]!, quantity: this.quantity[i]!, orders: this.orders[i]! }
  }
}

export class Book {
  readonly buy = new Side()
  readonly sell = new Side()
  totalBuy = 0
  totalSell = 0

  clear(): void {
    this.buy.clear()
    this.sell.clear()
    this.totalBuy = 0
    this.totalSell = 0
  }

  /**
   * Takes a Depth message. A value that is there is set, also to zero; one that is not stays. Positions count from the
   * best level.
   *
   * @throws RangeError for a malformed one, with the book half changed
   */
  apply(reader: Reader, end: number): void {
    let bids = 0
    let asks = 0
    while (reader.pos < end) {
      const tag = reader.uint32()
      switch (tag) {
        case DEPTH.totalBuy:
          this.totalBuy = wrapped(reader, end)
          break
        case DEPTH.totalSell:
          this.totalSell = wrapped(reader, end)
          break
        case DEPTH.bid:
          applyLevel(reader, inside(reader, end), this.buy, bids++)
          break
        case DEPTH.ask:
          applyLevel(reader, inside(reader, end), this.sell, asks++)
          break
        default:
          reader.skipType(tag & 7)
      }
    }
    overrun(reader, end)
  }
}

/** What is beyond the book's last level is read and left. */
const applyLevel = (reader: Reader, end: number, side: Side, position: number): void => {
  if (reader.pos < end && position < LEVELS) side.made[position] = undefined
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case LEVEL.price: {
        const price = wrapped(reader, end) / PAISE
        if (position < LEVELS) side.price[position] = price
        break
      }
      case LEVEL.quantity: {
        const quantity = wrapped(reader, end)
        if (position < LEVELS) side.quantity[position] = quantity
        break
      }
      case LEVEL.orders: {
        const orders = wrapped(reader, end)
        if (position < LEVELS) side.orders[position] = orders
        break
      }
      default:
        reader.skipType(tag & 7)
    }
  }
  overrun(reader, end)
}

/** The value of a wrapper; an empty one is zero. */
export const wrapped = (reader: Reader, limit: number): number => {
  const small = smallWrapped(reader, limit)
  if (small >= 0) return small
  const end = inside(reader, limit)
  let value = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === WRAPPED) value = readInt64(reader)
    else reader.skipType(tag & 7)
  }
  overrun(reader, end)
  return value
}

/**
 * The everyday form, a value below 2^28 and nothing else, in one loop: a snapshot has three hundred of them. -1 for any
 * other, with the reader where it was.
 */
const smallWrapped = (reader: Reader, limit: number): number => {
  const { buf, pos } = reader
  const length = buf[pos]!
  const last = pos + length
  if (length < 2 || length > 5 || last >= limit || buf[pos + 1] !== WRAPPED || buf[last]! > 0x7f) return -1
  let value = buf[last]!
  for (let at = last - 1; at > pos + 1; at--) {
    const byte = buf[at]!
    if (byte < 0x80) return -1
    value = value * 128 + byte - 0x80
  }
  reader.pos = last + 1
  return value
}

/** Where a field ends that must not reach beyond the message around it. */
export const inside = (reader: Reader, limit: number): number => {
  const end = endOf(reader)
  if (end > limit) throw new RangeError("a field is longer than its message")
  return end
}

export const overrun = (reader: Reader, end: number): void => {
  if (reader.pos !== end) throw new RangeError("a field is longer than its message")
}
