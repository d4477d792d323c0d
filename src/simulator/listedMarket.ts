/** The market as one broker lists it: its instruments with their states, by token and by place in the market. */
import type { Pair } from "./pair.ts"
import type { Listed } from "./masters/master.ts"
import type { Market } from "./market.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { FindByToken } from "../protocols/serverProtocol.ts"

export interface ListedMarket {
  readonly all: ReadonlyArray<Pair>
  readonly find: FindByToken
  readonly pairOf: (instrument: WireInstrument) => Pair | undefined
  /** @param index of the state in `Market.states` */
  readonly pairAt: (index: number) => Pair | undefined
}

export const makeListedMarket = (listed: ReadonlyArray<Listed>, market: Market): ListedMarket => {
  const all: Array<Pair> = []
  const byToken = new Map<string, WireInstrument>()
  const byInstrument = new Map<WireInstrument, Pair>()
  const byIndex: Array<Pair | undefined> = market.states.map(() => undefined)
  for (const { code, instrument, listing } of listed) {
    const state = market.find(listing.name)
    if (state === undefined) continue
    const pair: Pair = [instrument, state.tick]
    all.push(pair)
    byToken.set(instrument.token, instrument)
    byToken.set(`${code}:${instrument.token}`, instrument)
    byInstrument.set(instrument, pair)
    byIndex[state.index] = pair
  }
  return {
    all,
    find: (token, code) => byToken.get(code === undefined ? token : `${code}:${token}`),
    pairOf: (instrument) => byInstrument.get(instrument),
    pairAt: (index) => byIndex[index]
  }
}
