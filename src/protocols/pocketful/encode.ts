/** Market states to packets. Fields that a state does not have go out as zeros. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32, fitU32, fitUnsignedPrice } from "../kit/bytes.ts"
import type { Stream } from "./layout.ts"
import {
  ASK_PRICES_AT,
  ASK_QUANTITIES_AT,
  BID_PRICES_AT,
  BID_QUANTITIES_AT,
  BUYERS_AT,
  COMPACT,
  LEVELS,
  MARKET,
  SELLERS_AT,
  SIZES
} from "./layout.ts"

const TWO_32 = 4_294_967_296

export const encodePacket = (
  stream: Stream,
  code: number,
  token: number,
  tick: Tick,
  divisor: number
): Uint8Array => {
  const b = new Uint8Array(SIZES[stream])
  const v = new DataView(b.buffer)
  const count = (at: number, value: number | undefined): void => v.setUint32(at, fitU32(value ?? 0))
  const price = (at: number, value: number | undefined): void =>
    v.setUint32(at, fitUnsignedPrice((value ?? 0) * divisor))
  const time = (at: number, value: number | undefined): void => count(at, Math.floor((value ?? 0) / 1000))
  const total = (at: number, value: number | undefined): void => {
    count(at, Math.floor((value ?? 0) / TWO_32))
    v.setUint32(at + 4, (value ?? 0) % TWO_32)
  }
  const best = (pricesAt: number, side: ReadonlyArray<Level> | undefined): void => {
    price(pricesAt, side?.[0]?.price)
    if (stream === MARKET) count(pricesAt + 4, side?.[0]?.quantity)
  }
  b[0] = stream
  b[1] = code
  count(2, token)
  if (stream === COMPACT) {
    price(6, tick.ltp)
    if (tick.ltp !== undefined && tick.close !== undefined) {
      v.setInt32(10, fitI32((tick.ltp - tick.close) * divisor))
    }
    time(14, tick.ltt)
    price(18, tick.lower_circuit)
    price(22, tick.upper_circuit)
    count(26, tick.oi)
    best(34, tick.depth?.buy)
    best(38, tick.depth?.sell)
    return b
  }
  if (stream === MARKET) {
    price(6, tick.ltp)
    time(10, tick.ltt)
    count(14, tick.ltq)
    count(18, tick.volume)
    best(22, tick.depth?.buy)
    best(30, tick.depth?.sell)
    total(38, tick.total_buy_quantity)
    total(46, tick.total_sell_quantity)
    price(54, tick.average_price)
    time(58, tick.exchange_time)
    price(62, tick.open)
    price(66, tick.high)
    price(70, tick.low)
    price(74, tick.close)
    price(78, tick.week52_high)
    price(82, tick.week52_low)
    price(86, tick.lower_circuit)
    price(90, tick.upper_circuit)
    count(94, tick.oi)
    return b
  }
  for (let i = 0; i < LEVELS; i++) {
    const buy = tick.depth?.buy[i]
    const sell = tick.depth?.sell[i]
    count(BUYERS_AT + 4 * i, buy?.orders)
    price(BID_PRICES_AT + 4 * i, buy?.price)
    count(BID_QUANTITIES_AT + 4 * i, buy?.quantity)
    count(SELLERS_AT + 4 * i, sell?.orders)
    price(ASK_PRICES_AT + 4 * i, sell?.price)
    count(ASK_QUANTITIES_AT + 4 * i, sell?.quantity)
  }
  price(126, tick.average_price)
  price(130, tick.open)
  price(134, tick.high)
  price(138, tick.low)
  price(142, tick.close)
  total(146, tick.total_buy_quantity)
  total(154, tick.total_sell_quantity)
  count(162, tick.volume)
  return b
}
