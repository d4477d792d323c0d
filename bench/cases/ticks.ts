/** Instruments and market states out of a seed: the same on every machine and in every run. */
import type { Exchange } from "../../src/market/exchange.ts"
import type { WireInstrument } from "../../src/market/instrument.ts"
import type { Level, Tick } from "../../src/market/tick.ts"
import type { Random } from "../../src/simulator/random.ts"

/** 2024-03-28 10:20:00 UTC: within the days of the golden frames. */
const SESSION = 1_711_621_200_000

/** When the socket is said to have delivered the frames. */
export const RECEIVED_AT = SESSION + 250

/** A trading segment: what an instrument of it looks like and costs. */
interface Segment {
  readonly exchange: Exchange
  readonly tickSize: number
  readonly low: number
  readonly high: number
  readonly symbol: (n: number) => string
}

const stock = (exchange: Exchange): Segment => ({
  exchange,
  tickSize: 0.05,
  low: 40,
  high: 4000,
  symbol: (n) => `STOCK${n}`
})

/** In the proportions of a watch list: stocks, options, some futures and currency. */
export const segments: ReadonlyArray<Segment> = [
  stock("NSE"),
  { ...stock("NFO"), low: 5, high: 900, symbol: (n) => `NIFTY28MAR24${20_000 + 50 * n}CE` },
  stock("NSE"),
  stock("BSE"),
  { ...stock("NFO"), low: 5, high: 900, symbol: (n) => `BANKNIFTY28MAR24${44_000 + 100 * n}PE` },
  { ...stock("MCX"), tickSize: 1, low: 5000, high: 70_000, symbol: (n) => `METAL${n}APR24FUT` },
  stock("NSE"),
  { ...stock("CDS"), tickSize: 0.0025, low: 78, high: 110, symbol: (n) => `CURRENCY${n}APR24FUT` }
]

export const indices: ReadonlyArray<Segment> = [
  { ...stock("NSE_INDEX"), low: 9000, high: 50_000, symbol: (n) => `INDEX${n}` }
]

export const cashOnly: ReadonlyArray<Segment> = [stock("NSE")]

/** Tidies the dust of a multiplication; no exchange here quotes more than four decimals. */
const rupees = (n: number): number => Math.round(n * 10_000) / 10_000

const between = (random: Random, low: number, high: number): number =>
  Math.floor(low + random.unit() * (high - low))

const LEVELS = 20

const side = (random: Random, best: number, step: number, tickSize: number): ReadonlyArray<Level> =>
  Array.from({ length: LEVELS }, (_, i) => ({
    price: rupees((best + step * i) * tickSize),
    quantity: between(random, 1, 60_000),
    orders: between(random, 1, 140)
  }))

export interface Listed {
  readonly instrument: WireInstrument
  /** Everything that any packet can carry; a packet's expected tick is a part of it. */
  readonly state: Tick
}

/**
 * @param n its number in the list, 0 and up
 * @param token the token in the broker's numbering
 */
export const listed = (
  n: number,
  { exchange, tickSize, low, high, symbol: name }: Segment,
  token: string,
  random: Random
): Listed => {
  const symbol = name(n)
  const last = between(random, low / tickSize, high / tickSize)
  const near = (percent: number): number =>
    rupees(Math.round(last * (1 + (percent / 100) * random.unit())) * tickSize)
  const volume = between(random, 1000, 90_000_000)
  const oi = between(random, 0, 20_000_000)
  const traded = SESSION - between(random, 0, 30) * 1000
  return {
    instrument: { symbol, exchange, token, brokerExchange: exchange, brokerSymbol: symbol },
    state: {
      symbol,
      exchange,
      mode: "depth",
      received_time: RECEIVED_AT,
      exchange_time: SESSION,
      ltt: traded,
      ltp: rupees(last * tickSize),
      ltq: between(random, 1, 5000),
      open: near(1),
      high: near(2),
      low: near(-2),
      close: near(-1),
      volume,
      // The wire has whole hundredths for every segment.
      average_price: Math.round(near(0.5) * 100) / 100,
      total_buy_quantity: between(random, 10_000, 9_000_000),
      total_sell_quantity: between(random, 10_000, 9_000_000),
      oi,
      oi_high: oi + between(random, 0, 1000),
      oi_low: Math.max(0, oi - between(random, 0, 1000)),
      upper_circuit: rupees(Math.round(last * 1.1) * tickSize),
      lower_circuit: rupees(Math.round(last * 0.9) * tickSize),
      week52_high: rupees(Math.round(last * 1.4) * tickSize),
      week52_low: rupees(Math.round(last * 0.6) * tickSize),
      depth: { buy: side(random, last - 1, -1, tickSize), sell: side(random, last + 1, 1, tickSize) }
    }
  }
}
