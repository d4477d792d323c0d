/** What the broker's side writes, the client's side reads: in every mode, the state trimmed to what it carries. */
import { assert, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import type { Exchange } from "../../../src/market/exchange.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../../src/market/tick.ts"
import type { Change, Want } from "../../../src/protocols/protocol.ts"
import type { FindByToken } from "../../../src/protocols/serverProtocol.ts"
import type { Side } from "./support.ts"
import {
  DEEP,
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  collecting,
  instrument,
  openServer,
  openWith,
  requested,
  seeded,
  sides,
  upTo
} from "./support.ts"

const prices = [
  "ltp",
  "open",
  "high",
  "low",
  "close",
  "average_price",
  "upper_circuit",
  "lower_circuit",
  "week52_high",
  "week52_low"
] as const
const quantities = [
  "ltq",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity",
  "oi",
  "oi_high",
  "oi_low"
] as const

type Random = () => number

/** A full market state on the exchange's price grid; now and then a price or a time is not there yet. */
const stateOf = (random: Random, { symbol, exchange }: WireInstrument, divisor: number): Tick => {
  const price = (): number => (1 + upTo(random, 2 ** 31 - 2)) / divisor
  const level = (): Level => ({
    price: price(),
    quantity: upTo(random, 2 ** 32 - 1),
    orders: upTo(random, 65_535)
  })
  const side = (levels: number): ReadonlyArray<Level> => Array.from({ length: levels }, level)
  const tick: TickDraft = {
    symbol,
    exchange,
    mode: "depth",
    received_time: NOW,
    depth: { buy: side(upTo(random, 20)), sell: side(20) }
  }
  for (const key of prices) if (random() > 0.1) tick[key] = price()
  for (const key of quantities) tick[key] = upTo(random, 2 ** 32 - 1)
  if (random() > 0.1) tick.ltt = NOW - upTo(random, 1000) * 1000
  if (random() > 0.1) tick.exchange_time = NOW - upTo(random, 1000) * 1000
  return tick
}

const ohlc = ["open", "high", "low", "close"] as const
const quote = [
  "ltp",
  ...ohlc,
  "ltq",
  "average_price",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity"
] as const
const circuits = ["upper_circuit", "lower_circuit", "week52_high", "week52_low"] as const

/** The state with these fields only, and so many book slots. */
const trimmed = (
  state: Tick,
  mode: Tick["mode"],
  keys: ReadonlyArray<keyof Tick>,
  levels: number
): Readonly<Record<string, unknown>> => {
  const { symbol, exchange, received_time, depth } = state
  const out: Record<string, unknown> = { symbol, exchange, mode, received_time }
  for (const key of keys) if (state[key] !== undefined) out[key] = state[key]
  if (levels > 0) out["depth"] = { buy: slots(depth, "buy", levels), sell: slots(depth, "sell", levels) }
  return out
}
const slots = (depth: Depth | undefined, side: "buy" | "sell", levels: number): ReadonlyArray<Level> =>
  Array.from({ length: levels }, (_, i) => depth?.[side][i] ?? { price: 0, quantity: 0, orders: 0 })

/** Both sides, wired to each other. */
const connected = (side: Side, instruments: ReadonlyArray<WireInstrument>, to: Want) => {
  const options = codecOptions(side.broker)
  const client = side.protocol.open(options)
  const server = openServer(side)
  const find: FindByToken = (token, code) =>
    instruments.find((i) => i.token === token && (code === undefined || options.codes[i.exchange] === code))
  const answers = requested(
    client,
    instruments.map((i): Change => ({ instrument: i, to }))
  ).flatMap((frame) => server.receive(frame, find).answers)
  return { client, server, answers }
}

const throughTheWire = (side: Side, states: ReadonlyArray<readonly [WireInstrument, Tick]>, want: Want) => {
  const { client, server, answers } = connected(
    side,
    states.map(([i]) => i),
    want
  )
  assert.deepStrictEqual(answers, [])
  const { found, sink } = collecting()
  for (const frame of server.encode(states)) client.decode(frame, NOW, sink)
  assert.deepStrictEqual([found.causes, found.events], [[], []])
  return found.ticks
}

const RUNS = 200

describe("kite: there and back", () => {
  const cases: ReadonlyArray<readonly [Exchange, number, number]> = [
    ["NSE", 1, 100],
    ["NFO", 2, 100],
    ["CDS", 3, 10_000_000],
    ["BCD", 6, 10_000],
    ["NCO", 12, 10_000]
  ]
  it.each(cases)("%s, in every mode", (exchange, segment, divisor) => {
    const random = seeded(segment)
    const states = Array.from({ length: RUNS }, (_, i) => {
      const one = instrument(exchange, `S${i}`, String((i + 1) * 256 + segment))
      return [one, stateOf(random, one, divisor)] as const
    })
    const full = [...quote, "ltt", "exchange_time", "oi", "oi_high", "oi_low"] as const
    const expected = (mode: Tick["mode"], keys: ReadonlyArray<keyof Tick>, levels: number) =>
      states.map(([, s]) => trimmed(s, mode, keys, levels))
    assert.deepStrictEqual<unknown>(throughTheWire(sides.kite, states, LTP), expected("ltp", ["ltp"], 0))
    assert.deepStrictEqual<unknown>(throughTheWire(sides.kite, states, QUOTE), expected("quote", quote, 0))
    assert.deepStrictEqual<unknown>(throughTheWire(sides.kite, states, DEPTH), expected("depth", full, 5))
  })

  it("indices, in every mode", () => {
    const random = seeded(9)
    const states = Array.from({ length: RUNS }, (_, i) => {
      const one = instrument("NSE_INDEX", `I${i}`, String((i + 1) * 256 + 9))
      return [one, stateOf(random, one, 100)] as const
    })
    const expected = (mode: Tick["mode"], keys: ReadonlyArray<keyof Tick>) =>
      states.map(([, s]) => trimmed(s, mode, keys, 0))
    const timed = ["ltp", ...ohlc, "exchange_time"] as const
    assert.deepStrictEqual<unknown>(throughTheWire(sides.kite, states, LTP), expected("ltp", ["ltp"]))
    assert.deepStrictEqual<unknown>(
      throughTheWire(sides.kite, states, QUOTE),
      expected("quote", ["ltp", ...ohlc])
    )
    assert.deepStrictEqual<unknown>(throughTheWire(sides.kite, states, DEPTH), expected("quote", timed))
  })
})

describe("smartstream: there and back", () => {
  const cases: ReadonlyArray<readonly [Exchange, number]> = [
    ["NSE", 100],
    ["NSE_INDEX", 100],
    ["BFO", 100],
    ["NCDEX", 100],
    ["CDS", 10_000_000]
  ]
  it.each(cases)("%s, in every mode", (exchange, divisor) => {
    const random = seeded(divisor)
    const states = Array.from({ length: RUNS }, (_, i) => {
      const one = instrument(exchange, `S${i}`, String(1000 + i))
      return [one, stateOf(random, one, divisor)] as const
    })
    const expected = (mode: Tick["mode"], keys: ReadonlyArray<keyof Tick>, levels: number) =>
      states.map(([, s]) => trimmed(s, mode, keys, levels))
    const snap = [...quote, "exchange_time", "ltt", "oi", ...circuits] as const
    assert.deepStrictEqual<unknown>(
      throughTheWire(sides.smartstream, states, LTP),
      expected("ltp", ["exchange_time", "ltp"], 0)
    )
    assert.deepStrictEqual<unknown>(
      throughTheWire(sides.smartstream, states, QUOTE),
      expected("quote", ["exchange_time", ...quote], 0)
    )
    assert.deepStrictEqual<unknown>(
      throughTheWire(sides.smartstream, states, DEPTH),
      expected("depth", snap, 5)
    )
  })

  it("20 levels: the quote goes out first, and the book carries it", () => {
    const random = seeded(20)
    const states = Array.from({ length: 50 }, (_, i) => {
      const one = instrument("NSE", `S${i}`, String(1000 + i))
      return [one, stateOf(random, one, 100)] as const
    })
    const keys = ["exchange_time", ...quote] as const
    assert.deepStrictEqual<unknown>(
      throughTheWire(sides.smartstream, states, DEEP),
      states.flatMap(([, s]) => [trimmed(s, "quote", keys, 0), trimmed(s, "depth", keys, 20)])
    )
  })
})

describe("what does not fit into a field", () => {
  const one = instrument("NSE", "S", "257")
  const tick: Tick = {
    symbol: "S",
    exchange: "NSE",
    mode: "depth",
    received_time: NOW,
    ltp: 1e9,
    volume: 2 ** 40,
    total_buy_quantity: Number.NaN
  }
  it("goes out as the largest value rather than as a remainder of it", () => {
    const [kite] = throughTheWire(sides.kite, [[one, tick]], QUOTE)
    assert.deepStrictEqual(
      [kite?.ltp, kite?.volume, kite?.total_buy_quantity],
      [(2 ** 31 - 1) / 100, 2 ** 32 - 1, 0]
    )
    const [angel] = throughTheWire(sides.smartstream, [[one, { ...tick, total_buy_quantity: 1 }]], QUOTE)
    assert.deepStrictEqual([angel?.ltp, angel?.volume], [1e9, 2 ** 40])
  })

  it("keeps negative prices", () => {
    const client = openWith(sides.kite)
    const server = openServer(sides.kite)
    for (const frame of requested(client, [{ instrument: one, to: LTP }])) server.receive(frame, () => one)
    const { found, sink } = collecting()
    for (const frame of server.encode([[one, { ...tick, ltp: -37.63 }]])) client.decode(frame, NOW, sink)
    assert.strictEqual(found.ticks[0]?.ltp, -37.63)
  })
})
