import { assert, beforeEach, describe, it } from "@effect/vitest"
import type { Protocol, Want } from "../../../../src/protocols/protocol.ts"
import { ConnectionPool } from "../../../../src/session/subscriptions/pool.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import type { SubscribedInstrument, SubscriptionChange } from "../../../../src/session/model.ts"
import { INFY, RELIANCE, TCS } from "../instruments.ts"

/** Depth of more than 5 levels takes two subscriptions, as at Angel. */
const protocol = { cost: (want: Want) => (want.depth > 5 ? 2 : 1) } as unknown as Protocol
const limits = (perConnection: number, connections: number) => ({
  limits: {
    subscriptionsPerConnection: { value: perConnection, confirmed: true },
    connectionsPerLogin: { value: connections, confirmed: true }
  }
})
const pool = (perConnection: number, connections: number) =>
  new ConnectionPool(limits(perConnection, connections) as never, protocol)

/** Instruments of equal keys cannot be told apart on one connection. */
const exclusivePool = (perConnection: number, connections: number, keyOf: (symbol: string) => string) =>
  new ConnectionPool(limits(perConnection, connections) as never, {
    ...protocol,
    exclusive: ({ symbol }) => keyOf(symbol)
  })

const wanted = (): ReadonlyArray<SubscribedInstrument> => {
  const subscriptions = new Subscriptions("asha", { name: "test" })
  return [RELIANCE, INFY, TCS].map((i) => subscriptions.add("r", i, "ltp", 5, 0, false).change!.instrument)
}
let instruments = wanted()
beforeEach(() => {
  instruments = wanted()
})
const want = (i: number, to: Want | undefined, from?: Want): SubscriptionChange => ({
  instrument: instruments[i]!,
  from,
  to
})
const ltp: Want = { mode: "ltp", depth: 0 }
const deep: Want = { mode: "depth", depth: 20 }

describe("ConnectionPool", () => {
  it("fills a connection before it opens the next", () => {
    const p = pool(2, 2)
    const placed = [0, 1, 2].map((i) => p.place(want(i, ltp)))
    assert.deepStrictEqual(
      placed.map((x) => x.tag === "placed" && [x.connection.id, x.opened]),
      [
        [1, true],
        [1, false],
        [2, true]
      ]
    )
    assert.strictEqual(p.used, 3)
  })

  it("says how many are in use when all are full, and changes nothing", () => {
    const p = pool(1, 1)
    p.place(want(0, ltp))
    assert.deepStrictEqual(p.place(want(1, ltp)), { tag: "full", inUse: 1, limit: 1, alike: false })
    assert.strictEqual(p.connections.length, 1)
  })

  it("counts what the broker goes on with although it was given up, until that ends", () => {
    const p = pool(2, 1)
    const [connection] = [0, 1]
      .map((i) => p.place(want(i, ltp)))
      .flatMap((x) => (x.tag === "placed" ? [x.connection] : []))
    p.place(want(1, undefined, ltp))
    connection!.leftovers.sent([{ instrument: instruments[1]!, from: ltp }], 0, new Map())
    assert.isTrue(p.hasRoom(instruments[2]!, ltp, undefined))
    connection!.leftovers.ticked(instruments[1]!, 6000)
    assert.strictEqual(p.used, 2)
    assert.isFalse(p.hasRoom(instruments[2]!, ltp, undefined))
    assert.deepStrictEqual(p.place(want(2, ltp)), { tag: "full", inUse: 2, limit: 2, alike: false })
    connection!.leftovers.clear()
    assert.strictEqual(p.place(want(2, ltp)).tag, "placed")
  })

  it("counts what a mode costs, up and down", () => {
    const p = pool(2, 1)
    p.place(want(0, ltp))
    p.place(want(0, deep, ltp))
    assert.strictEqual(p.used, 2)
    assert.strictEqual(p.place(want(1, ltp)).tag, "full")
    p.place(want(0, ltp, deep))
    assert.strictEqual(p.place(want(1, ltp)).tag, "placed")
    assert.strictEqual(p.place(want(0, deep, ltp)).tag, "full", "an upgrade needs room too")
  })

  it("frees the place of what is no longer wanted", () => {
    const p = pool(1, 1)
    p.place(want(0, ltp))
    assert.strictEqual(p.place(want(0, undefined, ltp)).tag, "placed")
    assert.strictEqual(p.used, 0)
    assert.strictEqual(p.place(want(0, undefined)).tag, "nowhere")
  })

  it("does not open a connection for what fits in none", () => {
    const p = pool(1, 3)
    assert.strictEqual(p.place(want(0, deep)).tag, "full")
    assert.strictEqual(p.connections.length, 0)
  })

  it("tells whether there is room, without taking it", () => {
    const p = pool(2, 2)
    const room = (i: number, to: Want) => p.hasRoom(instruments[i]!, to, instruments[i])
    assert.isTrue(p.hasRoom(instruments[0]!, deep, undefined))
    p.place(want(0, ltp))
    p.place(want(1, deep))
    assert.strictEqual(p.connections.length, 2)
    assert.deepStrictEqual([room(2, ltp), room(2, deep)], [true, false])
    assert.isTrue(room(0, deep), "what is placed already needs the difference only")
    assert.isTrue(room(1, ltp))
    p.place(want(2, ltp))
    assert.isFalse(room(0, deep), "it cannot grow beyond its connection")
    assert.isTrue(room(1, deep))
    assert.strictEqual(p.used, 4)
  })

  it("puts instruments of one key on connections of their own, however much room there is", () => {
    const p = exclusivePool(10, 2, (symbol) => (symbol === "TCS" ? "other" : "same"))
    const slotOf = (i: number) => {
      const placed = p.place(want(i, ltp))
      return placed.tag === "placed" ? placed.connection.id : placed.tag
    }
    assert.deepStrictEqual([slotOf(0), slotOf(1), slotOf(2)], [1, 2, 1])
    assert.strictEqual(p.place(want(0, deep, ltp)).tag, "placed", "its own key is no obstacle")
    assert.strictEqual(slotOf(0), 1)
  })

  it("has no room for a key that every connection has, until one gives it up", () => {
    const p = exclusivePool(10, 1, () => "same")
    assert.isTrue(p.hasRoom(instruments[0]!, ltp, undefined))
    p.place(want(0, ltp))
    assert.isFalse(p.hasRoom(instruments[1]!, ltp, undefined))
    assert.strictEqual(p.place(want(1, ltp)).tag, "full")
    p.place(want(0, undefined, ltp))
    assert.isTrue(p.hasRoom(instruments[1]!, ltp, undefined))
    assert.strictEqual(p.place(want(1, ltp)).tag, "placed")
  })

  it("forgets the keys of a connection that it closes", () => {
    const p = exclusivePool(10, 1, () => "same")
    const placed = p.place(want(0, ltp))
    assert.strictEqual(placed.tag, "placed")
    if (placed.tag === "placed") p.close(placed.connection)
    assert.deepInclude(p.place(want(1, ltp)), { tag: "placed", opened: true })
  })
})
