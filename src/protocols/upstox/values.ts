/**
 * What a feed message tells of an instrument, and what is known of it by all messages so far.
 *
 * proto3 does not send zeros, so a zero here means "not told". A message in full mode may leave out what has not changed
 * (the price while only the book moved, seen in practice), so messages are merged; what is in one replaces what was. An
 * auction's fields are the last message's alone.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { Depth, Tick, TickDraft } from "../../market/tick.ts"
import { putPrices } from "../kit/tickDraft.ts"

/** Zeros for what is not told. */
export class Auction {
  indicativePrice = 0
  indicativeQuantity = 0
  referencePrice = 0
  imbalance = 0
  marketImbalance = 0
}

export class Values {
  mode: Mode = "ltp"
  ltp = 0
  ltt = 0
  ltq = 0
  close = 0
  open = 0
  high = 0
  low = 0
  volume = 0
  average = 0
  totalBuy = 0
  totalSell = 0
  oi = 0
  depth: Depth | undefined = undefined
  /** What the last message told of an auction. */
  auction: Auction | undefined = undefined

  clear(): void {
    this.mode = "ltp"
    this.ltp = 0
    this.ltt = 0
    this.ltq = 0
    this.close = 0
    this.forgetAllButPrice()
  }

  /** Leaves what a message in the poorest mode tells. */
  forgetAllButPrice(): void {
    this.open = 0
    this.high = 0
    this.low = 0
    this.volume = 0
    this.average = 0
    this.totalBuy = 0
    this.totalSell = 0
    this.oi = 0
    this.depth = undefined
    this.auction = undefined
  }

  merge(newer: Values): void {
    this.mode = newer.mode
    if (newer.ltp !== 0) this.ltp = newer.ltp
    if (newer.ltt !== 0) this.ltt = newer.ltt
    if (newer.ltq !== 0) this.ltq = newer.ltq
    if (newer.close !== 0) this.close = newer.close
    if (newer.open !== 0) this.open = newer.open
    if (newer.high !== 0) this.high = newer.high
    if (newer.low !== 0) this.low = newer.low
    if (newer.volume !== 0) this.volume = newer.volume
    if (newer.average !== 0) this.average = newer.average
    if (newer.totalBuy !== 0) this.totalBuy = newer.totalBuy
    if (newer.totalSell !== 0) this.totalSell = newer.totalSell
    if (newer.oi !== 0) this.oi = newer.oi
    if (newer.depth !== undefined) this.depth = newer.depth
    // Not what was told before: after an auction they are left out, and so are zeros.
    this.auction = newer.auction
  }
}

/** @param time of the message by the server's clock, 0 for none; the feed has no time of the exchange */
export const tickOf = (v: Values, instrument: WireInstrument, receivedAt: number, time: number): Tick => {
  const tick = plainTickOf(v, instrument, receivedAt, time)
  return v.auction === undefined ? tick : withAuction(v.auction, tick)
}

const withAuction = (a: Auction, tick: TickDraft): Tick => {
  if (a.indicativePrice !== 0) tick.indicative_price = a.indicativePrice
  if (a.indicativeQuantity !== 0) tick.indicative_quantity = a.indicativeQuantity
  if (a.referencePrice !== 0) tick.reference_price = a.referencePrice
  if (a.imbalance !== 0) tick.imbalance = a.imbalance
  if (a.marketImbalance !== 0) tick.market_imbalance = a.marketImbalance
  return tick
}

const plainTickOf = (
  v: Values,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  time: number
): TickDraft => {
  const { close, depth, high, low, ltp, ltq, ltt, open, volume } = v
  // By what is known: a message of the full mode need not bring the book.
  const mode = depth !== undefined ? "depth" : v.mode === "depth" ? "quote" : v.mode
  const traded = ltp !== 0 && ltt !== 0 && ltq !== 0 && close !== 0 && time !== 0
  // The two everyday kinds have their own literals, so that almost all ticks share a few hidden classes.
  if (traded && depth === undefined && open === 0 && volume === 0 && v.oi === 0) {
    return { symbol, exchange, mode, received_time, exchange_time: time, ltt, ltp, ltq, close }
  }
  const counted = volume !== 0 && v.average !== 0 && v.totalBuy !== 0 && v.totalSell !== 0
  if (traded && counted && depth !== undefined && open !== 0 && high !== 0 && low !== 0) {
    const tick: TickDraft = {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time: time,
      ltt,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price: v.average,
      total_buy_quantity: v.totalBuy,
      total_sell_quantity: v.totalSell,
      depth
    }
    if (v.oi !== 0) tick.oi = v.oi
    return tick
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (time !== 0) tick.exchange_time = time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, v.average)
  if (ltq !== 0) tick.ltq = ltq
  if (volume !== 0) tick.volume = volume
  if (v.totalBuy !== 0) tick.total_buy_quantity = v.totalBuy
  if (v.totalSell !== 0) tick.total_sell_quantity = v.totalSell
  if (v.oi !== 0) tick.oi = v.oi
  if (depth !== undefined) tick.depth = depth
  return tick
}
