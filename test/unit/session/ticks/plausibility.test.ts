import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { refreshes } from "../../../../src/market/mode.ts"
import type { Tick } from "../../../../src/market/tick.ts"
import type { PlausibilityOptions, PriceMemory } from "../../../../src/session/ticks/plausibility.ts"
import { newPriceMemory, judge, parsePlausibility } from "../../../../src/session/ticks/plausibility.ts"
import { mergeTick } from "../../../../src/session/ticks/tickMerge.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import { Plausibility } from "../../../../src/session/references.ts"
import { ConnectionLost } from "../../../../src/market/errors.ts"
import { RELIANCE } from "../instruments.ts"
import { advance, makeWorld, settle } from "../support.ts"

const tick = (fields: Partial<Tick>): Tick => ({
  symbol: "RELIANCE",
  exchange: "NSE",
  mode: "quote",
  received_time: 1_764_040_500_000,
  ...fields
})
const limits = { lower_circuit: 900, upper_circuit: 1100 }
/** What is said of each price in turn, at 20 percent and a step of 0.05. */
const said = (
  prices: ReadonlyArray<number | Partial<Tick>>,
  seen: PriceMemory = newPriceMemory(),
  percent = 20
) => prices.map((p) => judge(seen, tick(typeof p === "number" ? { ltp: p } : p), 0.05, percent) ?? "ok")

describe("a jump", () => {
  it("is more than the percentage, either way, from the last believed price", () => {
    assert.deepStrictEqual(said([100, 120, 96, 115.2]), ["ok", "ok", "ok", "ok"])
    assert.deepStrictEqual(said([100, 120.1]), ["ok", "jump"])
    assert.deepStrictEqual(said([100, 79.9]), ["ok", "jump"])
    assert.deepStrictEqual(said([100, 10_000, 101, 99]), ["ok", "jump", "ok", "ok"])
    assert.deepStrictEqual(said([100, 106], newPriceMemory(), 5), ["ok", "jump"])
  })

  it("is believed at the third of three that agree, and the way back is a jump then", () => {
    assert.deepStrictEqual(said([100, 50, 50.5, 49.5, 50, 100]), ["ok", "jump", "jump", "ok", "ok", "jump"])
  })

  it("is not believed when the prices do not agree with each other, or a good one comes between", () => {
    assert.deepStrictEqual(said([100, 50, 500, 5000, 2]), ["ok", "jump", "jump", "jump", "jump"])
    assert.deepStrictEqual(said([100, 50, 50, 100, 50, 50]), ["ok", "jump", "jump", "ok", "jump", "jump"])
  })

  it("does not count between a few steps: a small option doubles", () => {
    assert.deepStrictEqual(said([0.05, 0.1, 0.5, 1.05]), ["ok", "ok", "ok", "jump"])
  })

  it("is measured by magnitude: a spread trades below zero", () => {
    assert.deepStrictEqual(said([-100, -110, 100]), ["ok", "ok", "jump"])
  })

  it("needs a price: a tick without one is neither judged nor remembered", () => {
    assert.deepStrictEqual(said([100, { volume: 5 }, 100.5, 500]), ["ok", "ok", "ok", "jump"])
  })
})

describe("the circuit limits", () => {
  it("bind from the tick that tells them on, and leave one step of room", () => {
    assert.deepStrictEqual(said([{ ltp: 1000, ...limits }, 1100, 1100.05, 1100.15, 900, 899.9]), [
      "ok",
      "ok",
      "ok",
      "circuit",
      "ok",
      "circuit"
    ])
    assert.deepStrictEqual(said([{ ltp: 1200, ...limits }]), ["circuit"], "the first tick as well")
  })

  it("are nothing where they are absent or make no sense", () => {
    assert.deepStrictEqual(said([1000, 1190]), ["ok", "ok"])
    assert.deepStrictEqual(said([{ ltp: 1000, lower_circuit: 5, upper_circuit: 5 }, 1010]), ["ok", "ok"])
  })

  it("give way to three prices that agree, until other limits are told", () => {
    const seen = newPriceMemory()
    const beyond = { ltp: 1110, ...limits }
    assert.deepStrictEqual(said([{ ltp: 1000, ...limits }, beyond, beyond, beyond, beyond], seen), [
      "ok",
      "circuit",
      "circuit",
      "ok",
      "ok"
    ])
    const revised = { lower_circuit: 850, upper_circuit: 1150 }
    assert.deepStrictEqual(said([{ ltp: 1120, ...revised }, 1160], seen), ["ok", "circuit"])
  })
})

describe("the setting", () => {
  it("is a mode, with a percentage where it means something", () => {
    assert.deepStrictEqual(parsePlausibility("off"), { mode: "off", percent: 20 })
    assert.deepStrictEqual(parsePlausibility(" Mark "), { mode: "mark", percent: 20 })
    assert.deepStrictEqual(parsePlausibility("drop:7.5"), { mode: "drop", percent: 7.5 })
    for (const bad of ["", "on", "off:5", "mark:", "mark:0", "drop:-5", "mark:1001", "mark:5%"])
      assert.isUndefined(parsePlausibility(bad), bad)
  })
})

describe("a mark in the joined picture", () => {
  const instrument = () =>
    new Subscriptions("asha", { name: "test" }).add("r", RELIANCE, "depth", 5, 5, false).change!.instrument

  it("stays with its price, and goes with the next", () => {
    const e = instrument()
    mergeTick(e, 0, true, tick({ ltp: 500, implausible: "jump" }), refreshes.quote)
    const book = tick({ mode: "depth", depth: { buy: [], sell: [] } })
    assert.strictEqual(mergeTick(e, 0, true, book, refreshes.quote).tick.implausible, "jump")
    assert.notProperty(mergeTick(e, 0, true, tick({ ltp: 100 }), refreshes.quote).tick, "implausible")
  })
})

const ltpFrame = (paise: number) => `00010008000b4501${paise.toString(16).padStart(8, "0")}`

describe("the guard in a session", () => {
  const served = Effect.fnUntraced(function* (options: PlausibilityOptions) {
    const { adapter, world } = yield* makeWorld().pipe(Effect.provideService(Plausibility, options))
    yield* adapter.initialise({ user: "asha" })
    yield* adapter.connect
    yield* adapter.subscribe([{ symbol: "RELIANCE", exchange: "NSE", mode: "ltp" }])
    yield* advance("2 seconds")
    const deliver = Effect.fnUntraced(function* (...prices: ReadonlyArray<number>) {
      const before = world.frames.length
      for (const price of prices) {
        world.sockets.at(-1)!.deliver(ltpFrame(price * 100))
        yield* settle
      }
      return world.frames
        .slice(before)
        .map((f) => JSON.parse(f.payload.toString()).data as { ltp: number; implausible?: string })
        .map((d) => (d.implausible === undefined ? d.ltp : `${d.ltp} ${d.implausible}`))
    })
    return { deliver, world, adapter }
  })

  it.effect("marks: the price goes out with its mark", () =>
    Effect.gen(function* () {
      const { deliver } = yield* served({ mode: "mark", percent: 20 })
      assert.deepStrictEqual(yield* deliver(1000, 2000, 1001), [1000, "2000 jump", 1001])
    })
  )

  it.effect("drops: the price does not go out, until three agree or the connection is another", () =>
    Effect.gen(function* () {
      const { adapter, deliver, world } = yield* served({ mode: "drop", percent: 20 })
      assert.deepStrictEqual(yield* deliver(1000, 2000, 1001), [1000, 1001])
      const inspected = yield* adapter.inspect("NSE", "RELIANCE")
      assert.include(JSON.stringify(inspected), `"rejected":1`)
      assert.deepStrictEqual(yield* deliver(2000, 2001, 2002), [2002])
      yield* world.sockets[0]!.fail(new ConnectionLost({ detail: "reset" }))
      yield* advance("3 seconds")
      assert.strictEqual(world.sockets.length, 2)
      assert.deepStrictEqual(yield* deliver(1000), [1000])
    })
  )

  it.effect("is off by default settings: whatever is decoded goes out, unmarked", () =>
    Effect.gen(function* () {
      const { deliver } = yield* served({ mode: "off", percent: 20 })
      assert.deepStrictEqual(yield* deliver(1000, 9000, 1), [1000, 9000, 1])
    })
  )
})
