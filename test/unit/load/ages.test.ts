import { assert, describe, it } from "@effect/vitest"
import { Ages, ageOf } from "../../../src/load/ages.ts"

describe("ages of ticks", () => {
  it("have quantiles that are ages which came", () => {
    const ages = new Ages()
    assert.isNull(ages.quantile(0.5))
    for (let age = 100; age >= 1; age--) ages.add(age)
    assert.deepStrictEqual(
      [0, 0.5, 0.99, 1].map((share) => ages.quantile(share)),
      [1, 51, 100, 100]
    )
    const more = new Ages()
    more.add(-3, 300)
    ages.addAll(more)
    assert.strictEqual(ages.count, 400)
    assert.strictEqual(ages.quantile(0.5), -3)
    ages.clear()
    assert.isNull(ages.quantile(0.5))
  })

  it("are told from a timestamp in milliseconds alone", () => {
    const now = 1_764_040_501_250
    const age = (timestamp: unknown) => ageOf({ data: { timestamp } }, now)
    assert.strictEqual(age(now - 12), 12)
    assert.strictEqual(age(now + 0.4), 0)
    for (const other of [now / 1000, "2026-11-28", null, undefined]) assert.isUndefined(age(other))
    assert.isUndefined(ageOf({ type: "market_data" }, now))
  })
})
