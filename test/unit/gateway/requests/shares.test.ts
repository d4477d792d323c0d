import { assert, describe, it } from "@effect/vitest"
import { Allowance } from "../../../../src/gateway/limits.ts"
import { defaults } from "../../../../src/gateway/options.ts"
import { Shares } from "../../../../src/gateway/requests/shares.ts"

describe("the shares of a key and of a user", () => {
  it("are the same for all their clients, also after all have left", () => {
    const shares = new Shares(defaults)
    const [one, again, second, other] = [
      shares.of(1, "asha", 0),
      shares.of(1, "asha", 0),
      shares.of(2, "asha", 0),
      shares.of(3, "bina", 0)
    ]
    assert.strictEqual(one.ofKey, again.ofKey)
    assert.notStrictEqual(one.ofKey, second.ofKey)
    assert.strictEqual(one.ofUser, second.ofUser)
    assert.notStrictEqual(one.ofUser, other.ofUser)
  })

  it("let all that may be held be asked for at once, and then so many a second", () => {
    const { ofKey } = new Shares({
      ...defaults,
      maxEntriesPerKeyPerSecond: 10,
      maxSubscriptionsPerKey: 1000
    }).of(1, "asha", 0)
    assert.strictEqual(ofKey.entries.takeOrWait(1100, 0), 0)
    assert.strictEqual(ofKey.entries.takeOrWait(10, 0), 1000)
    assert.strictEqual(ofKey.entries.takeOrWait(10, 1000), 0)
  })

  it("let fifty clients start at once with thousands of requests each", () => {
    const { ofKey, ofUser } = new Shares(defaults).of(1, "asha", 0)
    let taken = 0
    while (ofKey.messages.take(1, 0) && ofUser.messages.take(1, 0)) taken++
    assert.strictEqual(taken, 50 * 4000)
  })
})

describe("an allowance", () => {
  it("is taken whole by what is more than ever fits, and paid back", () => {
    const allowance = new Allowance(10, 100, 0)
    assert.strictEqual(allowance.takeOrWait(500, 0), 0)
    assert.isAbove(allowance.takeOrWait(1, 1000), 0)
    assert.strictEqual(allowance.takeOrWait(1, 41_000), 0)
  })
})
