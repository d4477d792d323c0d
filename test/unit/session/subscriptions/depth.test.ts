import { assert, describe, it } from "@effect/vitest"
import { broker as angel } from "../../../../src/brokers/data/angel.ts"
import { protocol } from "../../../../src/protocols/smartstream/index.ts"
import { chooseDepth } from "../../../../src/session/subscriptions/depth.ts"
import { SubscriptionPlanner } from "../../../../src/session/subscriptions/planner.ts"
import type { Resolved } from "../../../../src/session/subscriptions/resolver.ts"
import { instrument } from "../instruments.ts"

describe("chooseDepth", () => {
  it.each([
    ["NSE", 5, { actual: 5, fallback: false }],
    ["NSE", 20, { actual: 20, fallback: false }],
    ["NSE", 30, { actual: 20, fallback: true }],
    ["NSE", 200, { actual: 20, fallback: true }],
    ["NFO", 20, { actual: 5, fallback: true }],
    ["NSE_INDEX", 5, { actual: 0, fallback: true }]
  ] as const)("%s at %d", (exchange, requested, expected) => {
    const choice = chooseDepth(angel, exchange, requested)
    assert.deepInclude(choice, { tag: "level", ...expected })
    assert.strictEqual("message" in choice, expected.fallback)
  })

  it("refuses levels that no broker knows", () => {
    for (const level of [0, 7, -5, 5.5, Number.NaN])
      assert.strictEqual(chooseDepth(angel, "NSE", level).tag, "invalid")
  })
})

describe("Desk", () => {
  const deep = (n: number): Resolved => ({
    tag: "resolved",
    instrument: instrument(`S${n}`, "NSE", n),
    request: { symbol: `S${n}`, exchange: "NSE", mode: "depth", depth: 20 },
    requestedDepth: 20,
    depth: { tag: "level", actual: 20, fallback: false },
    bookless: false
  })

  it("gives five levels, and says so, when the broker's deep books are used up", () => {
    const planner = new SubscriptionPlanner("asha", angel, [{ broker: angel, protocol }])
    const { results } = planner.add(
      "r",
      Array.from({ length: 51 }, (_, i) => deep(i + 1))
    )
    assert.deepInclude(results[49], { actual_depth: 20, is_fallback: false })
    assert.deepInclude(results[50], { status: "success", actual_depth: 5, is_fallback: true })
    assert.include((results[50] as { message: string }).message, "50 instruments")
    const again = planner.add("other", [deep(1)])
    assert.deepInclude(
      again.results[0],
      { actual_depth: 20 },
      "a deep book that is open serves further readers"
    )
    planner.release("r")
    planner.release("other")
    assert.deepInclude(planner.add("r", [deep(51)]).results[0], { actual_depth: 20, is_fallback: false })
  })
})
