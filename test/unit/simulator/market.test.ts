import { describe, expect, it } from "vitest"
import type { Listing } from "../../../src/simulator/listing.ts"
import { makeListings } from "../../../src/simulator/listings.ts"
import { makeMarket } from "../../../src/simulator/market.ts"
import type { MarketState } from "../../../src/simulator/market.ts"
import type { Level } from "../../../src/market/tick.ts"

/** 2026-11-18 11:00 IST, a Wednesday. */
const START = Date.UTC(2026, 10, 18, 5, 30)
const TURN_MS = 25

const open = (seed: number, liveliness = 1) => {
  const listings = makeListings({ now: START })
  return makeMarket({ listings, seed, now: START, liveliness })
}

/** Calls `visit` for every change of so many turns. */
const run = (
  market: ReturnType<typeof open>,
  turns: number,
  visit: (state: MarketState, now: number) => void,
  stepMs = TURN_MS
): void => {
  for (let turn = 1; turn <= turns; turn++) {
    const now = START + turn * stepMs
    for (const state of market.step(now, 20)) visit(state, now)
  }
}

const onGrid = ({ units, scale }: Listing, price: number): boolean =>
  (Math.round((price * scale) / units) * units) / scale === price

const filled = (side: ReadonlyArray<Level>): ReadonlyArray<Level> => side.filter((l) => l.quantity > 0)

const sideIsSound = (listing: Listing, side: ReadonlyArray<Level>, direction: 1 | -1): boolean => {
  const levels = filled(side)
  // Empty slots are at the far end only, and all zero.
  const empty = side.slice(levels.length)
  return (
    side.length === 20 &&
    empty.every((l) => l.price === 0 && l.quantity === 0 && l.orders === 0) &&
    levels.every(
      (level, i) =>
        level.orders > 0 &&
        level.orders * listing.quantityUnit <= level.quantity &&
        level.quantity % listing.quantityUnit === 0 &&
        onGrid(listing, level.price) &&
        (i === 0 || (level.price - levels[i - 1]!.price) * direction > 0)
    )
  )
}

/** What is wrong with it: names of broken promises. Not one `expect` per promise, which would take minutes. */
const broken = ({ listing, tick }: MarketState): ReadonlyArray<string> => {
  const bad: Array<string> = []
  const hold = (promise: string, holds: boolean): void => {
    if (!holds) bad.push(`${listing.name}: ${promise} (${JSON.stringify({ ...tick, depth: undefined })})`)
  }
  const { ltp, low, high, open: first } = tick
  hold("price on the grid", onGrid(listing, ltp!))
  hold("low <= ltp <= high", low! <= ltp! && ltp! <= high!)
  hold("low <= open <= high", low! <= first! && first! <= high!)
  if (listing.type === "INDEX") {
    hold(
      "an index has no book",
      tick.depth === undefined && tick.volume === undefined && tick.mode === "quote"
    )
    return bad
  }
  const { buy, sell } = tick.depth!
  hold("average within the day", low! <= tick.average_price! && tick.average_price! <= high!)
  hold("price within the band", tick.lower_circuit! <= ltp! && ltp! <= tick.upper_circuit!)
  hold("quantity in lots", tick.ltq! > 0 && tick.ltq! % listing.quantityUnit === 0)
  hold("oi within its day", tick.oi_low! <= tick.oi! && tick.oi! <= tick.oi_high! && tick.oi! >= 0)
  hold("trade time in seconds, not later", tick.ltt! % 1000 === 0 && tick.ltt! <= tick.exchange_time!)
  hold("buy side", sideIsSound(listing, buy, -1))
  hold("sell side", sideIsSound(listing, sell, 1))
  const bid = filled(buy)[0]
  const ask = filled(sell)[0]
  hold("uncrossed", bid === undefined || ask === undefined || bid.price < ask.price)
  const shown = (side: ReadonlyArray<Level>): number => side.reduce((sum, l) => sum + l.quantity, 0)
  hold("totals", tick.total_buy_quantity! >= shown(buy) && tick.total_sell_quantity! >= shown(sell))
  return bad
}

describe("the simulated market", () => {
  it("keeps its promises over many steps", () => {
    const market = open(7)
    const volumes = market.states.map((s) => s.tick.volume ?? 0)
    const seen = new Set<string>()
    const bad: Array<string> = []
    run(market, 1500, (state, now) => {
      bad.push(...broken(state))
      seen.add(state.listing.name)
      const volume = state.tick.volume ?? 0
      if (state.tick.exchange_time !== now) bad.push(`${state.listing.name}: late`)
      if (volume < volumes[state.index]!) bad.push(`${state.listing.name}: volume fell`)
      volumes[state.index] = volume
    })
    expect(bad).toEqual([])
    expect(seen.size).toBe(market.states.length)
  })

  it("keeps them too at the edges of the price band", () => {
    const market = open(3, 200)
    let atBand = 0
    const bad: Array<string> = []
    run(market, 1500, (state) => {
      bad.push(...broken(state))
      const { ltp, upper_circuit, lower_circuit } = state.tick
      if (ltp === upper_circuit || ltp === lower_circuit) atBand++
    })
    expect(bad).toEqual([])
    expect(atBand).toBeGreaterThan(10)
  })

  it("repeats itself for equal seeds and differs for others", () => {
    const walk = (seed: number): string => {
      const market = open(seed)
      const trail: Array<string> = []
      run(market, 50, ({ listing, tick }) => trail.push(`${listing.name} ${JSON.stringify(tick)}`))
      return trail.join("\n")
    }
    expect(walk(11)).toBe(walk(11))
    expect(walk(11)).not.toBe(walk(12))
  })

  it("changes each instrument once per step and all of them in a round", () => {
    const market = open(1)
    const counts = new Map<string, number>()
    let steps = 0
    let total = 0
    while (total < market.states.length) {
      const changed = market.step(START + ++steps * TURN_MS, 10)
      expect(new Set(changed).size).toBe(changed.length)
      for (const s of changed) counts.set(s.listing.name, (counts.get(s.listing.name) ?? 0) + 1)
      total += changed.length
    }
    expect(counts.size).toBe(market.states.length)
    expect([...counts.values()].every((n) => n === 1)).toBe(true)
  })

  it("moves indices with their constituents and contracts with their underlying", () => {
    const market = open(5, 20)
    run(market, 1500, () => {}, 1000)
    const ltp = (name: string): number => market.find(name)!.tick.ltp!
    const moved = (name: string): number => ltp(name) / market.find(name)!.listing.close
    const large = ["RELIANCE", "INFY", "TCS", "SBIN", "HDFCBANK", "ICICIBANK", "ITC", "LT", "BHARTIARTL"]
    const mean = large.reduce((sum, s) => sum + moved(`NSE:${s}`), 0) / large.length
    expect(Math.abs(mean - 1)).toBeGreaterThan(0.001)
    expect(moved("NSE_INDEX:NIFTY")).toBeCloseTo(mean, 2)
    expect(moved("BSE:RELIANCE")).toBeCloseTo(moved("NSE:RELIANCE"), 2)
    const futures = market.states.filter((s) => s.listing.title === "NIFTY" && s.listing.type === "FUT")
    expect(futures).toHaveLength(2)
    // Carry is at most some two percent over two months.
    for (const f of futures) expect(f.tick.ltp! / ltp("NSE_INDEX:NIFTY")).toBeCloseTo(1.01, 1)
    const calls = market.states
      .filter((s) => s.listing.title === "BANKNIFTY" && s.listing.type === "CE")
      .sort((a, b) => a.listing.strike! - b.listing.strike!)
    expect(calls.length).toBeGreaterThan(3)
    for (let i = 1; i < calls.length; i++) {
      expect(calls[i]!.tick.ltp!).toBeLessThan(calls[i - 1]!.tick.ltp!)
    }
  })

  it("starts with history, except where nobody traded", () => {
    const market = open(9)
    const reliance = market.find("NSE:RELIANCE")!.tick
    expect(reliance.volume).toBeGreaterThan(0)
    expect(reliance.high!).toBeGreaterThan(reliance.low!)
    expect(reliance.oi).toBe(0)
    const untraded = market.states.find((s) => s.listing.untraded === true)!.tick
    expect(untraded).toMatchObject({ volume: 0, oi: 0, ltq: 0, ltp: untraded.close })
    for (const field of ["open", "high", "low", "average_price", "ltt"])
      expect(untraded).not.toHaveProperty(field)
    expect(untraded.depth!.sell[0]!.quantity).toBeGreaterThan(0)
  })

  it("begins a new day at midnight in India", () => {
    const market = open(2)
    const midnight = Date.UTC(2026, 10, 18, 18, 30)
    const reliance = market.find("NSE:RELIANCE")!
    const nifty = market.find("NSE_INDEX:NIFTY")!
    market.step(midnight - 1, market.states.length)
    const before = { volume: reliance.tick.volume!, last: reliance.tick.ltp!, index: nifty.tick.ltp! }
    market.step(midnight, market.states.length)
    expect(reliance.tick.volume!).toBeLessThan(before.volume / 10)
    expect(reliance.tick.close).toBe(before.last)
    expect(reliance.tick.open).toBe(reliance.tick.ltp)
    expect(reliance.tick.upper_circuit!).toBeCloseTo(before.last * 1.1, 0)
    expect(nifty.tick.close).toBe(before.index)
    expect(market.states.flatMap(broken)).toEqual([])
  })

  it("refuses a listing that follows one that is not there", () => {
    const listings = makeListings({ now: START }).filter((l) => l.name !== "NSE:TCS")
    expect(() => makeMarket({ listings, seed: 1, now: START })).toThrow(
      /NSE:TCS, which is not listed before it/
    )
  })
})
