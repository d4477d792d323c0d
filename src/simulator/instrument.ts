/** One instrument of the simulated market with everything that changes: how it starts, its band, its new day. */
import { emptySide } from "./book.ts"
import type { MutableLevel } from "./book.ts"
import { indiaDayNumber } from "../kit/indiaTime.ts"
import { toRupees, toSteps } from "./listing.ts"
import type { Listing } from "./listing.ts"
import { futurePrice } from "./pricing.ts"
import type { Random } from "./random.ts"
import type { Tick, TickDraft } from "../market/tick.ts"

/** One instrument as the market holds it now. `tick` is always the same object, updated in place. */
export interface MarketState {
  readonly listing: Listing
  /** Its place in `Market.states`. */
  readonly index: number
  /** Everything that any wire can carry. `received_time` is meaningless here and equals `exchange_time`. */
  readonly tick: Tick
}

/** The same, as the market changes it. */
export interface Instrument extends MarketState {
  readonly tick: TickDraft
  readonly drivers: ReadonlyArray<Instrument>
  readonly buy: ReadonlyArray<MutableLevel>
  readonly sell: ReadonlyArray<MutableLevel>
  /** The unrounded price, in rupees. */
  fair: number
  /** Price steps: the last price, the day's extremes, the band. */
  last: number
  high: number
  low: number
  upper: number
  lower: number
  bid: number
  ask: number
  traded: boolean
  turnover: number
  movedAt: number
  day: number
}

export const list = (
  listing: Listing,
  index: number,
  byName: ReadonlyMap<string, Instrument>,
  now: number,
  levels: number,
  random: Random
): Instrument => {
  const { driver } = listing
  const names = driver.kind === "walk" ? [] : typeof driver.of === "string" ? [driver.of] : driver.of
  const drivers = names.map((name) => {
    const found = byName.get(name)
    if (found === undefined) throw new Error(`${listing.name} follows ${name}, which is not listed before it`)
    return found
  })
  const price = toRupees(listing, toSteps(listing, listing.close))
  const buy = emptySide(levels)
  const sell = emptySide(levels)
  const isIndex = listing.type === "INDEX"
  const tick: TickDraft = {
    symbol: listing.symbol,
    exchange: listing.exchange,
    mode: isIndex ? "quote" : "depth",
    received_time: now,
    exchange_time: now,
    ltp: price,
    close: price
  }
  if (!isIndex) {
    tick.ltq = 0
    tick.volume = 0
    tick.total_buy_quantity = 0
    tick.total_sell_quantity = 0
    tick.oi = 0
    tick.oi_high = 0
    tick.oi_low = 0
    tick.depth = { buy, sell }
  }
  if (listing.type === "EQ") {
    tick.week52_high = toRupees(listing, toSteps(listing, price * (1.05 + 0.4 * random.unit())))
    tick.week52_low = toRupees(listing, toSteps(listing, price * (0.55 + 0.4 * random.unit())))
  }
  const state: Instrument = {
    listing,
    index,
    tick,
    drivers,
    buy,
    sell,
    fair: listing.close,
    last: toSteps(listing, price),
    high: 0,
    low: 0,
    upper: 0,
    lower: 0,
    bid: 0,
    ask: 0,
    traded: false,
    turnover: 0,
    movedAt: now,
    day: indiaDayNumber(now)
  }
  setBand(state, now)
  return state
}

/** The price band of the day, around the previous close. An option's is as wide as its underlying's moves. */
const setBand = (state: Instrument, now: number): void => {
  const { listing, tick } = state
  const close = tick.close as number
  const [underlying] = state.drivers
  if (listing.band !== undefined) {
    state.lower = toSteps(listing, close * (1 - listing.band))
    state.upper = toSteps(listing, close * (1 + listing.band))
  } else if (listing.driver.kind === "option" && underlying !== undefined) {
    state.lower = 1
    state.upper = toSteps(
      listing,
      close + 0.2 * futurePrice(underlying.fair, (listing.expiry?.at ?? now) - now)
    )
  } else {
    state.lower = 1
    state.upper = Number.MAX_SAFE_INTEGER
    return
  }
  tick.lower_circuit = toRupees(listing, state.lower)
  tick.upper_circuit = toRupees(listing, state.upper)
}

/** Midnight in India: yesterday's last price becomes the close, and the day's figures start anew. */
export const newDay = (state: Instrument, day: number, now: number): void => {
  const { tick } = state
  state.day = day
  state.traded = false
  state.turnover = 0
  tick.close = tick.ltp as number
  delete tick.open
  delete tick.high
  delete tick.low
  delete tick.average_price
  delete tick.ltt
  if (tick.depth !== undefined) {
    tick.volume = 0
    tick.ltq = 0
    tick.oi_high = tick.oi as number
    tick.oi_low = tick.oi as number
  }
  setBand(state, now)
}
