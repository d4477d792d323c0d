/** Market states to Noren frames: snapshots whole, deltas by what changed. Values are texts, prices in rupees. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { Snapshot } from "./decode.ts"
import { emptySnapshot } from "./decode.ts"
import type { Channel } from "./layout.ts"
import {
  AVERAGE,
  BUY,
  CLOSE,
  DAY_SECONDS,
  DEPTH,
  FT,
  HIGH,
  IST_SECONDS,
  LEVELS,
  LOW,
  LOWER,
  LP,
  LTP_ONLY,
  LTQ,
  LTT,
  OI,
  OPEN,
  SELL,
  SLOTS,
  TOTAL_BUY,
  TOTAL_SELL,
  UPPER,
  VOLUME,
  WEEK52_HIGH,
  WEEK52_LOW,
  keys,
  words
} from "./layout.ts"

const seconds = (ms: number): number => Math.floor(ms / 1000)

/** What a feed can tell of a state. Only contracts have an open interest on this wire. */
export const snapshotOf = (tick: Tick, feed: Channel, { exchange }: WireInstrument): Snapshot => {
  const s = emptySnapshot()
  const put = (slot: number, value: number | undefined): void => {
    if (value !== undefined) s[slot] = value
  }
  if (tick.exchange_time !== undefined) put(FT, seconds(tick.exchange_time))
  put(LP, tick.ltp)
  if (feed === LTP_ONLY) return s
  put(OPEN, tick.open)
  put(HIGH, tick.high)
  put(LOW, tick.low)
  put(CLOSE, tick.close)
  put(AVERAGE, tick.average_price)
  put(VOLUME, tick.volume)
  if (exchange !== "NSE" && exchange !== "BSE") put(OI, tick.oi)
  const levels = feed === DEPTH ? LEVELS : 1
  if (tick.depth !== undefined) {
    putSide(s, BUY, tick.depth.buy, levels)
    putSide(s, SELL, tick.depth.sell, levels)
  }
  if (feed !== DEPTH) return s
  put(LTQ, tick.ltq)
  if (tick.ltt !== undefined) put(LTT, (seconds(tick.ltt) + IST_SECONDS) % DAY_SECONDS)
  put(TOTAL_BUY, tick.total_buy_quantity)
  put(TOTAL_SELL, tick.total_sell_quantity)
  put(UPPER, tick.upper_circuit)
  put(LOWER, tick.lower_circuit)
  put(WEEK52_HIGH, tick.week52_high)
  put(WEEK52_LOW, tick.week52_low)
  return s
}

/** Orders are counted in the depth feed only. */
const putSide = (s: Snapshot, side: number, from: ReadonlyArray<Level>, levels: number): void => {
  for (let i = 0; i < levels; i++) {
    const level = from[i]
    s[side + i] = level?.price ?? 0
    s[side + LEVELS + i] = level?.quantity ?? 0
    if (levels > 1) s[side + 2 * LEVELS + i] = level?.orders ?? 0
  }
}

const prices: ReadonlySet<number> = new Set([
  LP,
  OPEN,
  HIGH,
  LOW,
  CLOSE,
  AVERAGE,
  UPPER,
  LOWER,
  WEEK52_HIGH,
  WEEK52_LOW,
  ...Array.from({ length: LEVELS }, (_, i) => BUY + i),
  ...Array.from({ length: LEVELS }, (_, i) => SELL + i)
])

const two = (n: number): string => String(n).padStart(2, "0")
const clock = (n: number): string =>
  `${two(Math.floor(n / 3600))}:${two(Math.floor(n / 60) % 60)}:${two(n % 60)}`

/** Decimals of a price: currencies have four. */
const decimalsOf = ({ exchange }: WireInstrument): number =>
  exchange === "CDS" || exchange === "BCD" ? 4 : 2

/**
 * @param sent what this connection was told last; absent: the snapshot that answers a subscription
 * @returns undefined where there is nothing new
 */
export const frameOf = (
  feed: Channel,
  code: string,
  instrument: WireInstrument,
  now: Snapshot,
  sent: Snapshot | undefined
): string | undefined => {
  const decimals = decimalsOf(instrument)
  const { delta, snapshot } = words[feed]
  const frame: Record<string, string> = {
    t: sent === undefined ? snapshot : delta,
    e: code,
    tk: instrument.token
  }
  if (sent === undefined) {
    frame["ts"] = instrument.brokerSymbol
    frame["pp"] = String(decimals)
  }
  let changed = false
  for (let slot = 0; slot < SLOTS; slot++) {
    const was = sent === undefined ? NaN : sent[slot]!
    let is = now[slot]!
    if (is === was || (is !== is && was !== was)) continue
    // What there is no longer (a new day's open) has no other word than zero.
    if (is !== is) is = 0
    changed = true
    frame[keys[slot]!] = prices.has(slot) ? is.toFixed(decimals) : slot === LTT ? clock(is) : String(is)
  }
  if (!changed && sent !== undefined) return undefined
  const [ltp, close, oi] = [now[LP]!, now[CLOSE]!, now[OI]!]
  if (ltp === ltp && close === close && close !== 0) frame["pc"] = (((ltp - close) / close) * 100).toFixed(2)
  // The underlying's open interest over all contracts: another number than the contract's own, always.
  if (oi === oi) frame["toi"] = String(oi * 7 + 1)
  return JSON.stringify(frame)
}
