/** Gateways and readers are named by whoever is on the line: there is an end to how many. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Feed } from "../../../../src/bus/feed.ts"
import { BatchWriter } from "../../../../src/bus/zmq/batch.ts"
import { makeControl } from "../../../../src/bus/zmq/control.ts"
import { Leases } from "../../../../src/bus/zmq/leases.ts"
import { LINK_VERSION } from "../../../../src/bus/zmq/link.ts"

const MOST_GATEWAYS = 256
const request = (gateway: string, more: object = { op: "ping" }): Buffer =>
  Buffer.from(JSON.stringify({ version: LINK_VERSION, id: 1, gateway, ...more }))

describe("Leases", () => {
  it("has a place for so many gateways, and for new ones when others are gone", () => {
    const leases = new Leases(1)
    for (let i = 0; i < MOST_GATEWAYS; i++) assert.isDefined(leases.touch(`g${i}`, i))
    assert.isUndefined(leases.touch("one more", 0))
    assert.isDefined(leases.touch("g7", 0), "those that are known go on")
    leases.end("g7")
    assert.isDefined(leases.touch("one more", 0))
  })

  it("counts readers over all gateways, also those that go with their lease", () => {
    const leases = new Leases(1)
    const [a, b] = [leases.touch("a", 0)!, leases.touch("b", 0)!]
    for (let i = 0; i < 3; i++) leases.reader(a, "asha", `r${i}`)
    leases.reader(b, "asha", "r0")
    leases.reader(b, "asha", "r0")
    assert.strictEqual(leases.readers, 4)
    leases.forgetReader(a, "asha", "r1")
    leases.forgetReader(a, "asha", "r1")
    assert.strictEqual(leases.readers, 3)
    leases.end("a")
    leases.forgetReader(a, "asha", "r0")
    assert.strictEqual(leases.readers, 1)
    for (let i = 1; i < 200_000; i++) leases.reader(b, "asha", `r${i}`)
    assert.isUndefined(leases.reader(b, "asha", "one more"))
    assert.isDefined(leases.reader(b, "asha", "r1"))
  })
})

describe("the control", () => {
  const feed = { brokers: Effect.succeed([]) } as unknown as Feed["Service"]

  it.effect("refuses a gateway too many, and names that are too long", () =>
    Effect.gen(function* () {
      const leases = new Leases(1)
      const control = makeControl(feed, new BatchWriter(1), leases)
      for (let i = 0; i < MOST_GATEWAYS; i++) {
        assert.strictEqual((yield* control.answer(request(`g${i}`), false)).result, "ok")
      }
      assert.deepInclude(yield* control.answer(request("one more"), false), {
        result: "failed",
        detail: "the feed process serves too many gateways already. Try again later."
      })
      assert.strictEqual((yield* control.answer(request("g0"), false)).result, "ok")
      assert.strictEqual((yield* control.answer(request("g".repeat(257)), false)).result, "malformed")
      assert.strictEqual(leases.size, MOST_GATEWAYS)
    })
  )
})
