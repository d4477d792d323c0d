/** What happens to an instrument: its price moves, it trades, orders come and go. */
import { fillSide } from "./book.ts"
import type { Instrument } from "./instrument.ts"
import { toRupees, toSteps } from "./listing.ts"
import { futurePrice, optionPrice, YEAR_MS } from "./pricing.ts"
import type { Random } from "./random.ts"
import type { TickDraft } from "../market/tick.ts"

/** The day's volume stays here once reached: Kite's wire counts it in 32 bits. */
const MAX_VOLUME = 4_000_000_000
/** Noise of a price around what drives it. */
const FOLLOWER_NOISE = 0.00003

export const nextFair = (
  state: Instrument,
  now: number,
  elapsed: number,
  liveliness: number,
  random: Random
): number => {
  const { listing, drivers } = state
  const leader = drivers[0]
  const noise = 1 + FOLLOWER_NOISE * random.normal()
  const left = (listing.expiry?.at ?? now) - now
  if (leader === undefined) {
    const drift = liveliness * listing.volatility * Math.sqrt(elapsed / YEAR_MS) * random.normal()
    // Held inside the band: a walk that went far beyond would take long to come back.
    const fair = state.fair * Math.exp(drift)
    return Math.min(Math.max(fair, toRupees(listing, state.lower)), toRupees(listing, state.upper))
  }
  switch (listing.driver.kind) {
    case "future":
      return futurePrice(leader.fair, left) * noise
    case "option":
      return optionPrice(
        listing.type === "CE",
        leader.fair,
        listing.strike as number,
        listing.volatility,
        left
      )
    case "basket": {
      let sum = 0
      for (let i = 0; i < drivers.length; i++) {
        const of = drivers[i] as Instrument
        sum += of.fair / of.listing.close
      }
      return (listing.close * sum) / drivers.length
    }
    case "inverse":
      // A fall of 1 % lifts the volatility index by about 5 %.
      return listing.close * Math.pow(leader.listing.close / leader.fair, 5) * noise
    default:
      return leader.fair * noise
  }
}

/** A trade at the fair price, against the better side of the book. */
export const trade = (state: Instrument, now: number, random: Random): void => {
  const { listing, tick } = state
  const price = Math.min(Math.max(toSteps(listing, state.fair), state.lower), state.upper)
  state.last = price
  if (!state.traded) {
    state.traded = true
    state.high = price
    state.low = price
    tick.open = tick.high = tick.low = toRupees(listing, price)
  } else if (price > state.high) {
    state.high = price
    tick.high = toRupees(listing, price)
  } else if (price < state.low) {
    state.low = price
    tick.low = toRupees(listing, price)
  }
  tick.ltp = toRupees(listing, price)
  if (tick.depth === undefined) return
  if (tick.week52_high !== undefined && tick.ltp > tick.week52_high) tick.week52_high = tick.ltp
  if (tick.week52_low !== undefined && tick.ltp < tick.week52_low) tick.week52_low = tick.ltp

  const draw = random.unit()
  const quantity = listing.quantityUnit * (1 + Math.floor(draw * draw * 40))
  const before = tick.volume as number
  tick.ltq = quantity
  // Exchanges stamp trades to the second, and so do the wires that carry this time.
  tick.ltt = now - (now % 1000)
  if (before + quantity <= MAX_VOLUME) {
    tick.volume = before + quantity
    state.turnover += quantity * tick.ltp
    const average = Math.round((state.turnover / tick.volume) * listing.scale) / listing.scale
    tick.average_price = Math.min(Math.max(average, tick.low as number), tick.high as number)
  }
  if (listing.expiry !== undefined) changeOpenInterest(tick, quantity, random)
  const bought = (random.bits() & 1) === 0
  const spread = 1 + (random.bits() & 1)
  state.bid = bought ? price - spread : price
  state.ask = bought ? price : price + spread
  quote(state, random)
}

/** Some trades open positions on both sides, some close them, most pass them on. */
const changeOpenInterest = (tick: TickDraft, quantity: number, random: Random): void => {
  const kind = random.bits() & 3
  if (kind > 1) return
  const oi = Math.max(0, (tick.oi as number) + (kind === 0 ? quantity : -quantity))
  tick.oi = oi
  if (oi > (tick.oi_high as number)) tick.oi_high = oi
  if (oi < (tick.oi_low as number)) tick.oi_low = oi
}

/** New orders around the best prices that the last trade left. */
export const quote = (state: Instrument, random: Random): void => {
  const { listing, tick } = state
  if (state.bid === 0 && state.ask === 0) {
    state.bid = state.last - 1
    state.ask = state.last + 1
  }
  const bought = fillSide(state.buy, listing, state.bid, -1, state.lower, random)
  const sold = fillSide(state.sell, listing, state.ask, 1, state.upper, random)
  // The totals count the orders beyond the visible levels too.
  tick.total_buy_quantity = bought + (bought >>> 1)
  tick.total_sell_quantity = sold + (sold >>> 2)
}
