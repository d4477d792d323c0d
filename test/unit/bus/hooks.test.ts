import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import { answerOf, callHook, faultText, faultWords } from "../../../src/bus/hooks.ts"
import { settle } from "../session/support.ts"

const boom = (): never => {
  throw new Error("boom")
}

describe("a hook", () => {
  it("answers, or what it threw is reported and something else is answered", () => {
    const told: Array<unknown> = []
    assert.strictEqual(
      answerOf(
        () => 1,
        2,
        () => {}
      ),
      1
    )
    assert.strictEqual(
      answerOf(boom, 2, (defect) => told.push(defect)),
      2
    )
    assert.strictEqual(String(told[0]), "Error: boom")
  })

  it("that is async is reported when it rejects", async () => {
    const told: Array<unknown> = []
    callHook(
      () => Promise.reject(new Error("late")),
      (defect) => told.push(defect)
    )
    await new Promise(setImmediate)
    assert.strictEqual(String(told[0]), "Error: late")
  })

  it("may throw anything: it is told in words, for a log with the place", () => {
    const hostile = {
      toString: boom
    }
    for (const text of [faultText, faultWords]) {
      assert.strictEqual(text(hostile), "something that cannot be shown")
      assert.strictEqual(text(undefined), "undefined")
      assert.strictEqual(text("no"), "no")
    }
    assert.match(faultText(new Error("boom")), /^Error: boom at .*hooks\.test\.ts/)
    assert.strictEqual(faultWords(new Error("boom")), "Error: boom")
  })
})

describe("the bus", () => {
  it.effect("hands frames and events to the handlers behind one that throws, and counts what it threw", () =>
    Effect.gen(function* () {
      const bus = yield* FrameBus
      let heard = 0
      let calls = 0
      yield* bus.subscribe(() => {
        calls++
        boom()
      })
      yield* bus.subscribe(() => void heard++)
      yield* bus.listen(boom)
      yield* bus.listen(() => void heard++)
      for (let i = 0; i < 3; i++) {
        bus.publish([])
        bus.tell({ type: "waiting_for_login", user: "asha", broker: "zerodha", at: 1, reason: "why" })
      }
      yield* settle
      assert.deepStrictEqual([heard, calls], [6, 3], "and the faulty one is asked again")
      const counted = (yield* Metric.snapshot).filter((m) => m.id === "algoways_bus_handler_faults_total")
      assert.deepStrictEqual(counted.map((m) => m.attributes?.["kind"]).sort(), ["events", "frames"])
    }).pipe(Effect.provide(FrameBus.layer))
  )
})
