import { assert, describe, it } from "@effect/vitest"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import { stepsOf } from "../../../support/iterations.ts"
import { INFY, RELIANCE } from "../instruments.ts"

const subscriptions = () => new Subscriptions("asha", { name: "zerodha" })

describe("Subscriptions", () => {
  it("wants an instrument once, in the richest mode and deepest level of its views", () => {
    const b = subscriptions()
    assert.deepInclude(b.add("one", RELIANCE, "ltp", 5, 0, false).change, {
      from: undefined,
      to: { mode: "ltp", depth: 0 }
    })
    assert.strictEqual(b.add("two", RELIANCE, "ltp", 5, 0, false).change, undefined)
    assert.deepStrictEqual(b.add("two", RELIANCE, "depth", 20, 20, false).change?.to, {
      mode: "depth",
      depth: 20
    })
    assert.deepStrictEqual(b.add("three", RELIANCE, "depth", 5, 5, false).change, undefined)
    assert.deepStrictEqual(b.remove("two", "NSE", "RELIANCE", "depth").change?.to, {
      mode: "depth",
      depth: 5
    })
    assert.strictEqual(b.size, 1)
  })

  it("shares a view between readers and keeps it until the last one leaves", () => {
    const b = subscriptions()
    const first = b.add("one", RELIANCE, "quote", 5, 0, false)
    const second = b.add("two", RELIANCE, "quote", 5, 0, false)
    assert.strictEqual(first.view, second.view)
    assert.strictEqual(b.remove("one", "NSE", "RELIANCE", undefined).change, undefined)
    assert.deepStrictEqual(b.remove("two", "NSE", "RELIANCE", undefined).change?.to, undefined)
    assert.strictEqual(b.size, 0)
  })

  it("drops one mode, or all that the reader holds, and nothing of others", () => {
    const b = subscriptions()
    b.add("one", RELIANCE, "ltp", 5, 0, false)
    b.add("one", RELIANCE, "quote", 5, 0, false)
    b.add("two", RELIANCE, "ltp", 5, 0, false)
    assert.deepStrictEqual(b.remove("one", "NSE", "RELIANCE", "ltp").topics, ["asha/NSE:RELIANCE/ltp"])
    assert.deepStrictEqual(b.remove("one", "NSE", "RELIANCE", "ltp").topics, [])
    assert.deepStrictEqual(b.remove("one", "NSE", "RELIANCE", undefined).topics, ["asha/NSE:RELIANCE/quote"])
    assert.strictEqual(b.find("NSE", "RELIANCE")?.views.length, 1)
  })

  it("releases a reader piece by piece, and nobody else", () => {
    const b = subscriptions()
    const names = ["A", "B", "C", "D", "E"]
    for (const symbol of names) b.add("one", { ...RELIANCE, symbol }, "ltp", 5, 0, false)
    b.add("two", { ...RELIANCE, symbol: "B" }, "ltp", 5, 0, false)
    const piece = () => b.release("one", 2).map(({ instrument }) => instrument.symbol)
    assert.deepStrictEqual([piece(), b.reads("one")], [["A"], true])
    assert.deepStrictEqual([piece(), b.reads("one")], [["C", "D"], true])
    assert.deepStrictEqual([piece(), b.reads("one")], [["E"], false])
    assert.deepStrictEqual([piece(), b.reads("two"), b.size], [[], true, 1])
  })

  it("knows how many instruments are wanted deeper than a level without looking at each", () => {
    let now = 0
    const b = new Subscriptions("asha", { name: "angel" }, () => now)
    const at = (symbol: string) => ({ ...RELIANCE, symbol })
    for (let i = 0; i < 500; i++) b.add("one", at(`S${i}`), "depth", 20, 20, false)
    b.add("one", at("X"), "depth", 5, 5, false)
    b.add("one", at("Y"), "ltp", 5, 0, false)
    const taken = b.add("two", at("Z"), "depth", 20, 20, false)
    assert.strictEqual(b.deeper("NSE", 5), 501)
    assert.isAtMost(
      stepsOf(() => b.deeper("NSE", 5)),
      4
    )
    assert.deepStrictEqual([b.deeper("NSE", 20), b.deeper("NSE", 0), b.deeper("BSE", 5)], [0, 502, 0])
    b.takeBack("two", taken)
    assert.strictEqual(b.deeper("NSE", 5), 500)
    b.add("two", at("S1"), "depth", 20, 20, false)
    b.release("one")
    // What lingers is still wanted upstream.
    assert.strictEqual(b.deeper("NSE", 5), 500)
    now = 10
    b.expire(5)
    assert.strictEqual(b.deeper("NSE", 5), 1)
  })

  it("releases a reader with everything that it holds", () => {
    const b = subscriptions()
    b.add("one", RELIANCE, "ltp", 5, 0, false)
    b.add("one", INFY, "quote", 5, 0, false)
    b.add("two", INFY, "ltp", 5, 0, false)
    const changes = b.release("one")
    assert.strictEqual(changes.length, 2)
    assert.strictEqual(b.size, 1)
    assert.deepStrictEqual(b.release("one"), [])
    assert.deepStrictEqual(b.all(), [
      { reader: "two", request: { symbol: "INFY", exchange: "NSE", mode: "ltp", depth: 5 } }
    ])
  })

  it("takes back exactly one hold", () => {
    const b = subscriptions()
    b.add("one", RELIANCE, "ltp", 5, 0, false)
    b.takeBack("one", b.add("one", RELIANCE, "depth", 5, 5, false))
    assert.deepStrictEqual(b.find("NSE", "RELIANCE")?.want, { mode: "ltp", depth: 0 })
    assert.strictEqual(b.all().length, 1)
  })

  it("lets nothing linger that had no place, nor in a richer mode than it had", () => {
    let now = 1000
    const b = new Subscriptions("asha", { name: "zerodha" }, () => now)
    b.takeBack("one", b.add("one", RELIANCE, "ltp", 5, 0, false))
    assert.strictEqual(b.size, 0)
    assert.isDefined(b.add("one", RELIANCE, "ltp", 5, 0, false).change, "it is asked for anew")
    b.release("one")
    now = 2000
    b.takeBack("two", b.add("two", RELIANCE, "depth", 5, 5, false))
    assert.deepStrictEqual(b.find("NSE", "RELIANCE")?.want, { mode: "ltp", depth: 0 })
    assert.deepStrictEqual(b.add("three", RELIANCE, "depth", 5, 5, false).change?.from, {
      mode: "ltp",
      depth: 0
    })
    b.release("three")
    assert.strictEqual(b.expire(now).length, 1)
  })

  it("names a view by the level asked for, so that it survives a change of broker", () => {
    const { view } = subscriptions().add("one", RELIANCE, "depth", 20, 5, false)
    assert.deepInclude(view, { topic: "asha/NSE:RELIANCE/depth/20", levels: 5 })
  })
})
