import { assert, beforeEach, describe, it } from "@effect/vitest"
import type { Want } from "../../../../src/protocols/protocol.ts"
import { GOES_ON_MS, LeftoverTracker } from "../../../../src/session/subscriptions/leftovers.ts"
import { makeUpstreamSubscription } from "../../../../src/session/model.ts"
import type { PooledConnection, SubscribedInstrument } from "../../../../src/session/model.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import { INFY, RELIANCE } from "../instruments.ts"

const ltp: Want = { mode: "ltp", depth: 0 }
const entryOf = (instrument: typeof RELIANCE): SubscribedInstrument =>
  new Subscriptions("asha", { name: "test" }).add("r", instrument, "ltp", 5, 0, false).change!.instrument
const [reliance, infy] = [entryOf(RELIANCE), entryOf(INFY)]
const names = (some: ReadonlyArray<{ readonly instrument: SubscribedInstrument }>) =>
  some.map(({ instrument }) => instrument.name)

let left = new LeftoverTracker(
  () => 2,
  () => 0
)
beforeEach(() => {
  left = new LeftoverTracker(
    () => 2,
    () => 0
  )
})
const giveUp = (instrument: SubscribedInstrument, at: number) =>
  left.sent([{ instrument, from: ltp }], at, new Map())
/** Ticks every 500 ms in (from, to]. */
const tick = (instrument: SubscribedInstrument, from: number, to: number) => {
  for (let at = from + 500; at <= to; at += 500) left.ticked(instrument, at)
}
/** What is done in (from, to], looking once a second, while it goes on and no request changes that. */
const goesOn = (instrument: SubscribedInstrument, from: number, to: number) => {
  const done: Array<readonly [second: number, what: "again" | "replaced"]> = []
  for (let at = from + 1000; at <= to; at += 1000) {
    tick(instrument, at - 1000, at)
    const { again, stubborn } = left.tidy(at)
    if (again.length > 0) done.push([at / 1000, "again"])
    if (stubborn.length > 0) done.push([at / 1000, "replaced"])
    for (const one of again) giveUp(one.instrument, at)
  }
  return done
}

describe("LeftoverTracker", () => {
  it("takes packets that were on their way for what they are", () => {
    giveUp(reliance, 1000)
    tick(reliance, 1000, 1000 + GOES_ON_MS - 1)
    assert.deepStrictEqual(left.tidy(60_000), { again: [], stubborn: [] })
    assert.deepStrictEqual([left.size, left.used], [0, 0])
  })

  it("asks again after five seconds, has the connection replaced after five more, and counts it until then", () => {
    giveUp(reliance, 0)
    assert.deepStrictEqual(goesOn(reliance, 0, 10_000), [
      [5, "again"],
      [10, "replaced"]
    ])
    assert.deepStrictEqual([left.size, left.used], [1, 2])
    left.clear()
    assert.deepStrictEqual([left.size, left.used], [0, 0])
    assert.strictEqual(left.find("NSE:RELIANCE"), undefined)
  })

  it("is content when asking again has helped, and takes a slow one for what it is", () => {
    giveUp(reliance, 0)
    tick(reliance, 0, 6000)
    assert.deepStrictEqual(names(left.tidy(6000).again), ["NSE:RELIANCE"])
    giveUp(reliance, 6200)
    tick(reliance, 6200, 8000)
    for (let at = 7000; at <= 30_000; at += 1000) assert.deepStrictEqual(left.tidy(at).stubborn, [])
    assert.strictEqual(left.used, 2)
    left.tidy(39_000)
    assert.strictEqual(left.used, 0)
    // It ticks on after all, and has been asked for once more already.
    left.ticked(reliance, 70_000)
    assert.deepStrictEqual(names(left.tidy(70_500).stubborn), ["NSE:RELIANCE"])
  })

  it("counts the pause from when the request has left", () => {
    giveUp(reliance, 0)
    tick(reliance, 0, 5000)
    assert.deepStrictEqual(names(left.tidy(5000).again), ["NSE:RELIANCE"])
    tick(reliance, 5000, 30_000)
    assert.deepStrictEqual(left.tidy(30_000), { again: [], stubborn: [] })
    giveUp(reliance, 30_000)
    assert.deepStrictEqual(goesOn(reliance, 30_000, 35_000), [[35, "replaced"]])
  })

  it("asks anew where the request was undone before it left, and blames nobody for it", () => {
    giveUp(reliance, 0)
    tick(reliance, 0, 5000)
    left.tidy(5000)
    const done: Array<number> = []
    for (let at = 6000; at <= 70_000; at += 1000) {
      tick(reliance, at - 1000, at)
      const { again, stubborn } = left.tidy(at)
      assert.deepStrictEqual(stubborn, [])
      if (again.length > 0) done.push(at / 1000)
    }
    assert.deepStrictEqual(done, [65])
  })

  it("leaves alone what is wanted again, and what was never given up here", () => {
    giveUp(reliance, 0)
    tick(reliance, 0, 6000)
    left.sent([{ instrument: reliance, to: ltp }], 6100, new Map())
    assert.deepStrictEqual([left.size, left.used], [0, 0])
    left.ticked(infy, 60_000)
    assert.deepStrictEqual(left.tidy(60_000), { again: [], stubborn: [] })
  })

  it("replaces ever more seldom, and goes on asking, where a broker cannot be brought to stop", () => {
    const replaced: Array<number> = []
    let asked = 0
    giveUp(reliance, 0)
    for (let from = 0; from < 7_200_000; from += 1000) {
      for (const [second, what] of goesOn(reliance, from, from + 1000)) {
        if (what === "again") asked++
        else {
          replaced.push(second)
          left.clear()
          // Wanted for a moment, and given up again.
          giveUp(reliance, from + 1000)
        }
      }
    }
    const pauses = replaced.slice(1).map((at, i) => at - replaced[i]!)
    assert.isAtLeast(pauses[0]!, 60)
    for (const [i, pause] of pauses.entries()) if (i > 0) assert.isAtLeast(pause, 1.5 * pauses[i - 1]!)
    assert.isAtMost(replaced.length, 8)
    assert.isAtMost(asked, 80)
  })

  it("sees a former mode by its packets, and counts what it takes beside the new one", () => {
    const depth: Want = { mode: "depth", depth: 5 }
    const upstream = makeUpstreamSubscription(
      infy,
      { subscriptions: new Map() } as unknown as PooledConnection,
      ltp,
      1,
      undefined
    )
    upstream.connection.subscriptions.set(infy, upstream)
    left = new LeftoverTracker(
      ({ mode }) => (mode === "depth" ? 3 : 1),
      () => 1 << 7
    )
    const change = (from: Want | undefined, to: Want, at: number) =>
      left.sent(
        [{ instrument: infy, to, ...(from === undefined ? {} : { from }) }],
        at,
        upstream.connection.subscriptions
      )
    const goesOn = (from: number, to: number, kinds: number) => {
      const done: Array<string> = []
      for (let at = from + 1000; at <= to; at += 1000) {
        upstream.kinds |= kinds
        const { again, stubborn } = left.tidy(at)
        done.push(...again.map(() => `again ${at}`), ...stubborn.map(() => `replaced ${at}`))
      }
      return done
    }
    change(depth, ltp, 0)
    assert.deepStrictEqual(goesOn(0, 8000, 1 << 7), ["again 6000"])
    assert.deepStrictEqual([left.size, left.used], [1, 2])
    // As the writer sends it: back, and forth.
    change(ltp, depth, 8000)
    change(depth, ltp, 8000)
    // The watchdog's own request says nothing about it.
    change(undefined, ltp, 9000)
    assert.deepStrictEqual(goesOn(8000, 14_000, 1 << 7), ["replaced 14000"])
    left.clear()
    change(depth, ltp, 20_000)
    assert.deepStrictEqual(goesOn(20_000, 23_000, 1 << 7), [])
    assert.deepStrictEqual(goesOn(23_000, 90_000, 1 << 1), [], "late packets are everyday")
    assert.deepStrictEqual([left.size, left.used], [0, 0])
  })

  it("remembers so many and no more", () => {
    giveUp(infy, 0)
    tick(infy, 0, 6000)
    for (let i = 0; i < 5000; i++) giveUp({ ...reliance, symbol: `S${i}` }, 6000)
    left.ticked({ ...reliance, symbol: "S0" }, 60_000)
    assert.strictEqual(left.size, 1)
    left.ticked({ ...reliance, symbol: "S4999" }, 60_000)
    assert.strictEqual(left.size, 2)
  })
})
