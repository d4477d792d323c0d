import { assert, describe, it } from "@effect/vitest"
import { KeyGuard } from "../../../../src/gateway/requests/keyGuard.ts"
import type { ShownKey } from "../../../../src/gateway/requests/keyGuard.ts"

const HERE = "10.0.0.1"
const LONG = "a-key-too-long-to-be-guessed"
const shown = (key: string, address = HERE, first = true): ShownKey => ({ address, key, first })

const failing = (guard: KeyGuard, keys: ReadonlyArray<string>, address = HERE, now = 0): void => {
  for (const key of keys) guard.failed(shown(key, address), now)
}

describe("wrong keys", () => {
  it("stop an address that shows too many different ones, until the window is over", () => {
    const guard = new KeyGuard({ most: 3, windowMs: 1000 })
    failing(guard, ["a", "b", "b", "b"])
    assert.strictEqual(guard.waitMs(shown("x"), 100), 0)
    failing(guard, ["c"], HERE, 100)
    assert.strictEqual(guard.waitMs(shown("x"), 400), 600)
    assert.strictEqual(guard.waitMs(shown("x", "10.0.0.2"), 400), 0)
    assert.strictEqual(guard.waitMs(shown("x"), 1000), 0)
    failing(guard, ["d"], HERE, 1000)
    assert.strictEqual(guard.waitMs(shown("x"), 1000), 0, "it starts afresh")
  })

  it("are told from the same one again", () => {
    const guard = new KeyGuard({ most: 2 })
    assert.deepStrictEqual(
      ["a", "a", "b", "a", "c"].map((key) => guard.failed(shown(key), 0)),
      [true, false, true, false, false]
    )
  })

  it("stop every address when all together show too many", () => {
    const guard = new KeyGuard({ most: 3, mostInAll: 5, windowMs: 1000 })
    for (let i = 0; i < 5; i++) failing(guard, [`guess ${i}`], `10.0.0.${i}`)
    assert.strictEqual(guard.waitMs(shown("x", "10.9.9.9"), 400), 600)
    assert.strictEqual(guard.waitMs(shown("x", "10.9.9.9"), 1000), 0)
    failing(guard, ["y"], "10.9.9.9", 1000)
    assert.strictEqual(guard.waitMs(shown("x", "10.9.9.9"), 1001), 0, "it starts afresh")
    const forgotten = new KeyGuard({ mostInAll: 2 })
    for (let i = 0; i < 9; i++) failing(forgotten, ["one old key"], `10.0.0.${i}`)
    assert.strictEqual(forgotten.waitMs(shown("x"), 1), 0, "one old key everywhere is no guessing")
  })

  it("remember a bounded number of addresses", () => {
    const guard = new KeyGuard({ most: 1, addresses: 2 })
    for (const address of ["1", "2", "3"]) failing(guard, ["x"], address)
    assert.deepStrictEqual(
      ["1", "2", "3"].map((address) => guard.waitMs(shown("y", address), 1) > 0),
      [false, true, true]
    )
  })
})

describe("right keys, while their address is stopped", () => {
  it("are looked at where they have logged in before, as often as they come", () => {
    const guard = new KeyGuard({ most: 1 })
    guard.succeeded(shown(LONG))
    failing(guard, ["wrong"])
    for (let i = 0; i < 1000; i++) assert.strictEqual(guard.waitMs(shown(LONG, HERE, false), 1), 0)
    assert.isAbove(guard.waitMs(shown(`${LONG}!`, HERE, false), 1), 0)
    failing(guard, ["wrong"], "10.0.0.2")
    assert.isAbove(guard.waitMs(shown(LONG, "10.0.0.2", false), 1), 0, "nothing is known of it there")
  })

  it("are not told from wrong ones where they can be guessed", () => {
    const guard = new KeyGuard({ most: 1 })
    guard.succeeded(shown("12345678"))
    failing(guard, ["wrong"])
    assert.isAbove(guard.waitMs(shown("12345678"), 1), 0)
  })

  it("that are new there are looked at a few times a second, one for each connection", () => {
    const guard = new KeyGuard({ most: 1 })
    failing(guard, ["wrong"])
    const taken = (first: boolean, now: number): number =>
      Array.from({ length: 100 }, (_, i) => guard.waitMs(shown(`${LONG} ${i}`, HERE, first), now)).filter(
        (ms) => ms === 0
      ).length
    assert.strictEqual(taken(false, 0), 0)
    assert.strictEqual(taken(true, 0), 10)
    assert.strictEqual(taken(true, 500), 5)
  })

  it("are known no more when they fail", () => {
    const guard = new KeyGuard({ most: 2 })
    guard.succeeded(shown(LONG))
    failing(guard, [LONG, "wrong"])
    assert.isAbove(guard.waitMs(shown(LONG, HERE, false), 1), 0)
  })

  it("are remembered in a bounded number", () => {
    const guard = new KeyGuard({ most: 1, known: 2 })
    for (const i of [1, 2, 1, 3]) guard.succeeded(shown(`${LONG} ${i}`))
    failing(guard, ["wrong"])
    assert.deepStrictEqual(
      [1, 2, 3].map((i) => guard.waitMs(shown(`${LONG} ${i}`, HERE, false), 1) === 0),
      [true, false, true]
    )
  })
})
