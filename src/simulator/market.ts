/**
 * The simulated market: a seeded random walk over the listings. Pure state and arithmetic: no timer, no socket, no
 * clock of its own. Equal listings, seed and calls give equal ticks.
 */
import { BOOK_LEVELS } from "./book.ts"
import { indiaDayNumber } from "../kit/indiaTime.ts"
import { list, newDay } from "./instrument.ts"
import type { Instrument, MarketState } from "./instrument.ts"
import type { Listing } from "./listing.ts"
import { makeRandom } from "./random.ts"
import type { Random } from "./random.ts"
import { nextFair, quote, trade } from "./trading.ts"

export type { MarketState }

export interface Market {
  readonly states: ReadonlyArray<MarketState>
  /** @param name `NSE:RELIANCE` */
  readonly find: (name: string) => MarketState | undefined
  /**
   * Changes up to `count` instruments, each once, and returns them. All instruments take turns in random order; a
   * call may return fewer than asked (a round ended), never more and, unless nothing is listed, never none. The
   * array is reused by the next call.
   *
   * @param now epoch ms
   */
  readonly step: (now: number, count: number) => ReadonlyArray<MarketState>
}

export interface MarketOptions {
  readonly listings: ReadonlyArray<Listing>
  readonly seed: number
  /** Epoch ms at which the walk starts. */
  readonly now: number
  /** Multiplies every volatility; 1 when absent. Tests use more to reach price bands quickly. */
  readonly liveliness?: number
  /** Of every book, a side; 20 when absent. */
  readonly levels?: number
}

/** After a longer silence (a pause, a stalled process) prices move as after this one. */
const LONGEST_MOVE_MS = 60_000

export const makeMarket = (options: MarketOptions): Market => {
  const { levels = BOOK_LEVELS, listings, liveliness = 1, now: start, seed } = options
  const random = makeRandom(seed)
  const states: Array<Instrument> = []
  const byName = new Map<string, Instrument>()
  for (const listing of listings) {
    const state = list(listing, states.length, byName, start, levels, random)
    states.push(state)
    byName.set(listing.name, state)
  }
  openMidSession(states, start, liveliness, random)

  // A shuffle in progress: those before `next` had their turn in this round.
  const order = [...states]
  const changed: Array<Instrument> = []
  let next = 0

  return {
    states,
    find: (name) => byName.get(name),
    step: (now, count) => {
      changed.length = 0
      const left = order.length - next
      for (let n = Math.min(count, left); n > 0; n--) {
        const at = next + Math.floor(random.unit() * (order.length - next))
        const state = order[at] as Instrument
        order[at] = order[next] as Instrument
        order[next++] = state
        move(state, now, liveliness, random)
        changed.push(state)
      }
      if (next === order.length) next = 0
      return changed
    }
  }
}

/** The simulator starts in the middle of a session: a day's history that nobody saw, in so many half hours. */
const HALF_HOURS = 6
const HALF_HOUR_MS = 1_800_000

const openMidSession = (
  states: ReadonlyArray<Instrument>,
  now: number,
  liveliness: number,
  random: Random
): void => {
  for (const state of states) {
    const { listing, tick } = state
    if (listing.type === "INDEX" || listing.untraded === true) continue
    tick.volume = listing.quantityUnit * Math.floor(2_000 + 200_000 * random.unit())
    state.turnover = tick.volume * state.fair
    if (listing.expiry === undefined) continue
    tick.oi = listing.quantityUnit * Math.floor(1_000 + 100_000 * random.unit())
    tick.oi_high = tick.oi
    tick.oi_low = tick.oi
  }
  for (let round = 0; round < HALF_HOURS; round++) {
    for (const state of states) {
      state.fair = nextFair(state, now, HALF_HOUR_MS, liveliness, random)
      if (state.listing.untraded === true) quote(state, random)
      else trade(state, now, random)
    }
  }
}

const move = (state: Instrument, now: number, liveliness: number, random: Random): void => {
  const { tick } = state
  const elapsed = Math.min(Math.max(0, now - state.movedAt), LONGEST_MOVE_MS)
  state.movedAt = now
  const day = indiaDayNumber(now)
  if (day !== state.day) newDay(state, day, now)
  state.fair = nextFair(state, now, elapsed, liveliness, random)
  tick.received_time = now
  tick.exchange_time = now
  // One change in eight is orders that come and go, without a trade.
  if (state.traded && tick.depth !== undefined && (random.bits() & 7) === 0) quote(state, random)
  else trade(state, now, random)
}
