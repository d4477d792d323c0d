import { assert, describe, it } from "@effect/vitest"
import { FailedKeys } from "../../../src/gateway/failedKeys.ts"

describe("failed keys", () => {
  it("stop an address that shows too many different ones, until the window is over", () => {
    const keys = new FailedKeys({ most: 3, windowMs: 1000 })
    for (const key of ["a", "b", "b", "b"]) keys.failed("10.0.0.1", key, 0)
    assert.strictEqual(keys.waitMs("10.0.0.1", 100), 0)
    keys.failed("10.0.0.1", "c", 100)
    assert.strictEqual(keys.waitMs("10.0.0.1", 400), 600)
    assert.strictEqual(keys.waitMs("10.0.0.2", 400), 0)
    assert.strictEqual(keys.waitMs("10.0.0.1", 1000), 0)
    keys.failed("10.0.0.1", "d", 1000)
    assert.strictEqual(keys.waitMs("10.0.0.1", 1000), 0, "it starts afresh")
  })

  it("remember a bounded number of addresses", () => {
    const keys = new FailedKeys({ most: 1, addresses: 2 })
    for (const address of ["1", "2", "3"]) keys.failed(address, "x", 0)
    assert.deepStrictEqual(
      ["1", "2", "3"].map((address) => keys.waitMs(address, 1) > 0),
      [false, true, true]
    )
  })
})
