/** Trouble in the broker's own words, as the codec of a session reads it; and the ledger of what clients did. */
import { setTimeout as sleep } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { nameOf } from "../../src/market/instrument.ts"
import { until } from "./simulatorSupport.ts"
import { faultyBroker } from "./support/rawClient.ts"
import type { AnyClient } from "./support/rawClient.ts"

type Faulty = Awaited<ReturnType<typeof faultyBroker>>

const withBroker = async (name: string, test: (b: Faulty) => Promise<void>): Promise<void> => {
  const b = await faultyBroker(name)
  try {
    await test(b)
    assert.strictEqual(b.simulator.counters().defects, 0)
  } finally {
    await b.stop()
  }
}

const failuresOf = (client: AnyClient): ReadonlyArray<string> =>
  client.events.flatMap((e) => (e.type === "failure" ? [e.failure._tag] : []))

describe.concurrent("a refused subscription", () => {
  it.each(["zerodha", "angel", "upstox", "fyers", "groww", "iiflcapital", "iifl", "hdfcsecurities"])(
    "is told by %s",
    (name) =>
      withBroker(name, async ({ join, simulator, two, wanted }) => {
        const [bad, good] = two as [(typeof two)[number], (typeof two)[number]]
        simulator.inject({ fault: "refuseSubscriptions", instruments: [nameOf(bad)] })
        const client = await join()
        client.want([bad], wanted)
        await until("a refusal", () => client.events.some((e) => e.type === "refused"))
        client.want([good], wanted)
        await until("ticks of the other", () => client.of(nameOf(good)).length > 1)
        const refusals = client.events.filter((e) => e.type === "refused").length
        client.want([bad], undefined, wanted)
        client.want([good], undefined, wanted)
        await sleep(60)
        assert.strictEqual(client.events.filter((e) => e.type === "refused").length, refusals)
        assert.strictEqual(client.ended(), undefined)
        assert.strictEqual(client.of(nameOf(bad)).length, 0)
        assert.deepStrictEqual(failuresOf(client), [])
      })
  )

  it.each(["dhan", "flattrade", "motilal", "deltaexchange", "kotak"])("is silence at %s", (name) =>
    withBroker(name, async ({ join, simulator, two, wanted }) => {
      const [bad, good] = two as [(typeof two)[number], (typeof two)[number]]
      simulator.inject({ fault: "refuseSubscriptions", instruments: [nameOf(bad)] })
      const client = await join()
      client.want([bad, good], wanted)
      await until("ticks of the other", () => client.of(nameOf(good)).length > 3)
      assert.strictEqual(client.of(nameOf(bad)).length, 0)
      assert.isFalse(client.events.some((e) => e.type === "refused"))
    })
  )
})

describe.concurrent("the last words to a connection", () => {
  it.each([
    ["dhan", "Displaced", "AuthRejected"],
    ["iifl", "Displaced", "Displaced"],
    ["groww", undefined, "ConnectionLost"],
    ["zerodha", undefined, undefined]
  ] as const)("of %s, displaced %s and expired %s", (name, displaced, expired) =>
    withBroker(name, async ({ subscribed, simulator }) => {
      const first = await subscribed()
      simulator.inject({ fault: "displaced" })
      await until("an end", () => first.ended() !== undefined)
      assert.deepStrictEqual(failuresOf(first), displaced === undefined ? [] : [displaced])
      assert.strictEqual(first.ended(), 1000)

      const second = await subscribed()
      simulator.inject({ fault: "tokenExpiry", existing: "close" })
      await until("an end", () => second.ended() !== undefined)
      assert.deepStrictEqual(failuresOf(second), expired === undefined ? [] : [expired])
    })
  )
})

describe.concurrent("the ledger", () => {
  it.each(["iiflcapital", "kotak"])("of %s calls a login refused where the client is told so", (name) =>
    withBroker(name, async ({ join, simulator }) => {
      const outcomes = () =>
        simulator
          .ledger()
          .logins.filter((l) => l.connection !== undefined)
          .map((l) => l.outcome)
      const attempt = (): void => void join().catch(() => undefined)
      simulator.rejectCredentials(true)
      const fault = simulator.inject({ fault: "silent" })
      attempt()
      await until("a login", () => outcomes().length === 1)
      fault.end()
      attempt()
      await until("another login", () => outcomes().length === 2)
      assert.deepStrictEqual(outcomes(), ["unanswered", "refused"])
    })
  )

  it.each(["zerodha", "flattrade", "groww", "fyers", "iifl", "iiflcapital"])("of %s", (name) =>
    withBroker(name, async ({ join, simulator, subscribed, some, two, names, wanted }) => {
      const one = await subscribed()
      assert.strictEqual(simulator.heldBy(names[0]!), 1)
      // XTS has one socket a token: the newest is the one that its subscriptions go to.
      const other = await join()
      other.want(two, wanted)
      await until("a second holder", () => simulator.heldBy(names[0]!) === 2)
      other.want(two, undefined, wanted)
      await until("one holder", () => simulator.heldBy(names[0]!) === 1)
      one.close()
      await until("the end", () => simulator.ledger().connections[0]!.closed !== undefined)
      assert.strictEqual(simulator.heldBy(names[0]!), 0)

      const ledger = simulator.ledger()
      assert.strictEqual(simulator.heldBy("NSE:NOBODY"), 0)
      assert.deepStrictEqual(ledger.instruments.map((i) => i.name).sort(), some.map(nameOf).sort())
      const entryOf = (n: string) => ledger.instruments.find((i) => i.name === n)!
      assert.deepStrictEqual(entryOf(names[0]!), { name: names[0]!, subscribed: 2, unsubscribed: 1, most: 2 })
      assert.deepStrictEqual(entryOf(names[5]!), { name: names[5]!, subscribed: 1, unsubscribed: 0, most: 1 })
      assert.deepStrictEqual([ledger.subscribed, ledger.unsubscribed], [some.length + 2, 2])
      assert.strictEqual(ledger.mostOnConnection, some.length)
      assert.strictEqual(ledger.mostConnections, 2)
      assert.isAtLeast(ledger.requests, 3)
      assert.isAtLeast(ledger.peakRequestsPerSecond, 2)
      const [record] = ledger.connections
      assert.isAtLeast(record!.loggedIn!, record!.opened)
      assert.isAtLeast(record!.closed!, record!.loggedIn!)
      assert.deepStrictEqual(
        ledger.logins.map(({ outcome }) => outcome),
        ["accepted", "accepted"]
      )
    })
  )
})
