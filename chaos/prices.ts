/**
 * A price tells its instrument: of the simulated market those are chosen whose prices stay far enough apart that none
 * wanders into another's band while a scenario lasts.
 */
import type { Instrument } from "../src/market/instrument.ts"
import { nameOf } from "../src/market/instrument.ts"
import type { SimulatorHandle } from "../src/simulator/index.ts"
import { MOST_INSTRUMENTS } from "./scenario.ts"

export interface Band {
  readonly low: number
  readonly high: number
}

export interface Priced {
  readonly instruments: ReadonlyArray<Instrument>
  /** By name. */
  readonly bands: ReadonlyMap<string, Band>
}

/** Ten deviations of a minute's walk at the liveliness of chaos runs. */
const WIDTH = 0.015
/** Cheaper ones move in steps that are large beside their band. */
const LEAST_PRICE = 50

export const pricedOf = ({ instruments, market }: SimulatorHandle): Priced => {
  const byPrice = instruments
    .map((instrument) => ({ instrument, state: market.find(nameOf(instrument))! }))
    .filter(({ state }) => state.listing.untraded !== true && (state.tick.ltp ?? 0) >= LEAST_PRICE)
    // Options follow a strike and not a walk: theirs may run away.
    .filter(({ state }) => state.listing.driver.kind !== "option")
    .sort((a, b) => a.state.tick.ltp! - b.state.tick.ltp!)
  const bands = new Map<string, Band>()
  const apart: Array<Instrument> = []
  let above = 0
  for (const { instrument, state } of byPrice) {
    const price = state.tick.ltp!
    const band = { low: price * (1 - WIDTH), high: price * (1 + WIDTH) }
    if (band.low <= above) continue
    above = band.high
    apart.push(instrument)
    bands.set(nameOf(instrument), band)
  }
  // All kinds, not the cheapest only.
  const every = Math.max(1, apart.length / MOST_INSTRUMENTS)
  const taken = Array.from(
    { length: Math.min(MOST_INSTRUMENTS, apart.length) },
    (_, i) => apart[Math.floor(i * every)]!
  )
  return { instruments: taken, bands }
}

/** Whose price it is. */
export const ownerOf = (price: number, { bands }: Priced): string | undefined => {
  for (const [name, { high, low }] of bands) if (price >= low && price <= high) return name
  return undefined
}
