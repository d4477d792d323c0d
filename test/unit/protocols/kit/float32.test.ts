import { assert, describe, it } from "@effect/vitest"
import { isNumber, printed } from "../../../../src/protocols/kit/float32.ts"

describe("prices in 32-bit floats", () => {
  it("come back as they were printed, to some seven digits", () => {
    for (let paise = 1; paise < 6_500_000; paise += 613) {
      assert.strictEqual(printed(Math.fround(paise / 100), 100), paise / 100)
    }
    for (let units = 1; units < 1_000_000; units += 97) {
      assert.strictEqual(printed(Math.fround(units / 10_000), 10_000), units / 10_000)
    }
    assert.strictEqual(printed(Math.fround(-37.63), 100), -37.63)
  })

  it("go to the even neighbour from the middle", () => {
    assert.deepStrictEqual(
      [0.125, 0.375, 0.625, 0.875, -0.125, -0.375, 149_850.125].map((x) => printed(x, 100)),
      [0.12, 0.38, 0.62, 0.88, -0.12, -0.38, 149_850.12]
    )
  })

  it("are told from what is no number", () => {
    assert.deepStrictEqual(
      [0, -5, 1e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(isNumber),
      [true, true, true, false, false, false]
    )
    assert.isFalse(isNumber(printed(Number.NaN, 100)))
    assert.isFalse(isNumber(printed(Number.POSITIVE_INFINITY, 100)))
  })
})
