/**
 * HSM's updates: what has changed of a topic's values goes into those kept of it, and all of them into an object. The
 * topic's values are handed over, so nothing is looked up. Record and values are where Kotak's version of HSM has them
 * in a frame of one record (kotak-hsm/fields.ts and records.ts).
 */
import type { Level } from "../../../src/market/tick.ts"
import type { Packet } from "../feeds.ts"
import { RECEIVED_AT } from "../ticks.ts"
import type { MinimalRead } from "./read.ts"
import { viewOf } from "./read.ts"

const RECORD_AT = 9
const NOT_CHANGED = -0x8000_0000

interface Update {
  readonly view: DataView
  readonly divisor: number
  /** By the wire's number of the value. */
  readonly values: Int32Array
}

/** @param kept of each topic, from its snapshot on */
const preparation = (count: number) => {
  const kept = new Map<string, Int32Array>()
  return ({ before, divisor, frame, instrument }: Packet): Update => {
    const known = kept.get(instrument.token)
    const values = known ?? new Int32Array(count)
    if (known === undefined) {
      kept.set(instrument.token, values)
      const view = viewOf(before.at(-1)!)
      const at = RECORD_AT + 9 + view.getUint8(RECORD_AT + 7)
      for (let i = 0; i < count; i++) values[i] = view.getInt32(at + 4 * i)
    }
    return { view: viewOf(frame), divisor, values }
  }
}

/** @returns the topic's number */
const merge = (v: DataView, values: Int32Array): number => {
  const count = v.getUint8(RECORD_AT + 7)
  for (let i = 0; i < count; i++) {
    const value = v.getInt32(RECORD_AT + 8 + 4 * i)
    if (value !== NOT_CHANGED) values[i] = value
  }
  return v.getUint32(RECORD_AT + 3)
}

export const hsmQuote = (): MinimalRead<Update> => ({
  prepare: preparation(25),
  read: ({ divisor, values, view }) => {
    const topic = merge(view, values)
    return {
      topic,
      mode: "quote",
      received_time: RECEIVED_AT,
      exchange_time: values[2]! * 1000,
      ltt: values[3]! * 1000,
      volume: values[4]!,
      ltp: values[5]! / divisor,
      ltq: values[6]!,
      total_buy_quantity: values[7]!,
      total_sell_quantity: values[8]!,
      average_price: values[13]! / divisor,
      low: values[14]! / divisor,
      high: values[15]! / divisor,
      lower_circuit: values[16]! / divisor,
      upper_circuit: values[17]! / divisor,
      week52_high: values[18]! / divisor,
      week52_low: values[19]! / divisor,
      open: values[20]! / divisor,
      close: values[21]! / divisor,
      oi: values[22]!
    }
  }
})

export const hsmBook = (): MinimalRead<Update> => ({
  prepare: preparation(34),
  read: ({ divisor, values, view }) => {
    const topic = merge(view, values)
    return {
      topic,
      mode: "depth",
      received_time: RECEIVED_AT,
      depth: { buy: side(values, 2, divisor), sell: side(values, 7, divisor) }
    }
  }
})

const side = (values: Int32Array, at: number, divisor: number): ReadonlyArray<Level> => [
  level(values, at, divisor),
  level(values, at + 1, divisor),
  level(values, at + 2, divisor),
  level(values, at + 3, divisor),
  level(values, at + 4, divisor)
]

const level = (values: Int32Array, at: number, divisor: number): Level => ({
  price: values[at]! / divisor,
  quantity: values[at + 10]!,
  orders: values[at + 20]!
})
