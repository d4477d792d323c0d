/** Names that are served under another symbol of the table: what clients hold by them, and what they are told. */
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import type { Feed } from "../../src/bus/feed.ts"
import { topicOf } from "../../src/frame/marketFrame.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

/**
 * A gateway before a feed whose table has INFY under TCS while `served` says so, as it has CENTRALBK-BE under CENTRALBK:
 * exact names are given up first, then others, as a session does.
 */
const start = async (served: Map<string, string>) => {
  const readers = new Set<string>()
  let inner: Feed["Service"] | undefined
  const adjust = (feed: Feed["Service"]): Feed["Service"] => {
    inner = feed
    return {
      ...feed,
      subscribe: (user, reader, requests) =>
        Effect.map(
          feed.subscribe(
            user,
            reader,
            requests.map((r) => ({ ...r, symbol: served.get(r.symbol) ?? r.symbol }))
          ),
          (results) => {
            readers.add(reader)
            return results.map((result, i) => {
              const { symbol } = requests[i]!
              const other = served.get(symbol)
              return result.status === "success" && other !== undefined
                ? { ...result, symbol, served_as: other }
                : result
            })
          }
        ),
      unsubscribe: (user, reader, requests) =>
        Effect.flatMap(feed.unsubscribe(user, reader, requests), (results) =>
          Effect.forEach(results, (result) => {
            const other = served.get(result.symbol)
            if (result.status === "success" || other === undefined) return Effect.succeed(result)
            const { mode } = requests.find(({ symbol }) => symbol === result.symbol)!
            const request = { symbol: other, exchange: "NSE", ...(mode === undefined ? {} : { mode }) }
            return Effect.map(feed.unsubscribe(user, reader, [request]), ([again]) => again!)
          })
        )
    }
  }
  const started = await startGateway({}, { adjust })
  gateway = started
  const held = (symbol: string, mode: "ltp" | "quote" = "quote") =>
    started.feed.readers(topicOf("asha", "NSE", symbol, mode, 5))
  /** What the feed itself forgets of it, as when the broker changes. */
  const forget = (symbol: string) =>
    Effect.runPromise(
      Effect.forEach([...readers], (reader) =>
        inner!.unsubscribe("asha", reader, [{ symbol, exchange: "NSE" }])
      )
    )
  const client = await TestClient.login(started.url, "KEY_A")
  /** The names and prices of the frames that one tick of each symbol brings. */
  const ticked = async () => {
    await client.settle()
    for (const [symbol, ltp] of [
      ["TCS", 1],
      ["INFY", 2]
    ] as const)
      started.feed.tick({ symbol, exchange: "NSE", level: "QUOTE", data: { ltp, timestamp: Date.now() } })
    const frames = (await client.settle()).filter((f) => f["type"] === "market_data")
    return frames.map((f) => [f["symbol"], f["mode"], (f["data"] as Json)["ltp"]])
  }
  const subscriptions = async () => {
    const answer = await fetch(`http://127.0.0.1:${started.port}/status`, {
      headers: { "x-api-key": "KEY_A" }
    })
    return ((await answer.json()) as { gateway: { subscriptions: number } }).gateway.subscriptions
  }
  return { client, forget, held, subscriptions, ticked }
}

describe("a name whose symbol in the table changes", () => {
  it("is served once, and wholly given up, when it becomes a symbol of its own", async () => {
    const served = new Map([["INFY", "TCS"]])
    const { client, held, subscriptions, ticked } = await start(served)
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([["INFY", 2, 1]])
    served.clear()
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([["INFY", 2, 2]])
    expect([held("TCS"), held("INFY"), await subscriptions()]).toEqual([0, 1, 1])
    await client.ask({ action: "unsubscribe", symbol: "INFY", exchange: "NSE" })
    expect(await ticked()).toEqual([])
    expect([held("TCS"), held("INFY"), await subscriptions()]).toEqual([0, 0, 0])
  })

  it("keeps the other modes as they are until they are subscribed anew, and gives up all of them", async () => {
    const served = new Map([["INFY", "TCS"]])
    const { client, held, subscriptions, ticked } = await start(served)
    await client.subscribe("INFY", "NSE", 1)
    await client.subscribe("INFY", "NSE", 2)
    served.clear()
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([
      ["INFY", 1, 1],
      ["INFY", 2, 2]
    ])
    expect([held("TCS", "ltp"), held("TCS"), held("INFY"), await subscriptions()]).toEqual([1, 0, 1, 2])
    await client.ask({ action: "unsubscribe", symbol: "INFY", exchange: "NSE" })
    expect([held("TCS", "ltp"), held("INFY"), await subscriptions()]).toEqual([0, 0, 0])
  })

  it("leaves what is held under the earlier symbol by its own name", async () => {
    const served = new Map([["INFY", "TCS"]])
    const { client, held, ticked } = await start(served)
    await client.subscribe("TCS", "NSE", 2)
    await client.subscribe("INFY", "NSE", 2)
    served.clear()
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([
      ["TCS", 2, 1],
      ["INFY", 2, 2]
    ])
    await client.ask({ action: "unsubscribe", symbol: "INFY", exchange: "NSE" })
    expect(await ticked()).toEqual([["TCS", 2, 1]])
    expect([held("TCS"), held("INFY")]).toEqual([1, 0])
  })

  it("leaves alone what the same message asks for by the earlier symbol", async () => {
    const served = new Map([["INFY", "TCS"]])
    const { client, held, ticked } = await start(served)
    await client.subscribe("INFY", "NSE", 2)
    served.clear()
    const symbols = ["INFY", "TCS"].map((symbol) => ({ symbol, exchange: "NSE" }))
    await client.ask({ action: "subscribe", mode: 2, symbols })
    expect(await ticked()).toEqual([
      ["TCS", 2, 1],
      ["INFY", 2, 2]
    ])
    expect([held("TCS"), held("INFY")]).toEqual([1, 1])
  })

  it.each([
    ["still has it", false],
    ["has forgotten it", true]
  ])("is served by the bare symbol when it becomes its series, where the feed %s", async (_, forgotten) => {
    const served = new Map<string, string>()
    const { client, forget, held, subscriptions, ticked } = await start(served)
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([["INFY", 2, 2]])
    if (forgotten) await forget("INFY")
    served.set("INFY", "TCS")
    await client.subscribe("INFY", "NSE", 2)
    expect(await ticked()).toEqual([["INFY", 2, 1]])
    expect([held("TCS"), held("INFY"), await subscriptions()]).toEqual([1, 0, 1])
    await client.ask({ action: "unsubscribe", symbol: "INFY", exchange: "NSE" })
    expect([held("TCS"), held("INFY"), await subscriptions()]).toEqual([0, 0, 0])
  })
})

describe("status frames", () => {
  it("name an instrument as the client does, once for each of its spellings", async () => {
    await start(new Map([["INFY", "TCS"]]))
    const client = await TestClient.open(gateway!.url)
    await client.ask({ action: "authenticate", api_key: "KEY_A", events: true })
    await client.subscribe("INFY", "NSE", 1)
    await client.subscribe("INFY", "NSE", 2)
    const other = await TestClient.open(gateway!.url)
    await other.ask({ action: "authenticate", api_key: "KEY_A", events: true })
    await other.subscribe("INFY", "NSE", 2)
    await other.subscribe("TCS", "nse", 2)
    await other.subscribe("TCS:20", "NSE", 3)
    const envelope = { user: "asha", broker: "alpha", at: 1 }
    const name = { symbol: "TCS", exchange: "NSE" }
    gateway!.tell({ ...envelope, type: "stale", instruments: [{ ...name, last_tick: 7 }] })
    gateway!.tell({ ...envelope, type: "fresh", instruments: [name, { symbol: "SBIN", exchange: "NSE" }] })
    gateway!.tell({ ...envelope, type: "subscription_confirmed", instruments: [{ ...name, mode: "quote" }] })
    gateway!.tell({
      ...envelope,
      type: "subscription_failed",
      instruments: [{ ...name, mode: "quote", reason: "no" }]
    })
    const told = async (of: TestClient) =>
      (await of.settle()).filter((f) => f["type"] === "status").map((f) => f["instruments"])
    const mine = { symbol: "INFY", exchange: "NSE" }
    expect(await told(client)).toEqual([
      [{ ...mine, last_tick: 7 }],
      [mine],
      [{ ...mine, mode: "quote" }],
      [{ ...mine, mode: "quote", reason: "no" }]
    ])
    expect((await told(other))[1]).toEqual([
      mine,
      { symbol: "TCS", exchange: "nse" },
      { symbol: "TCS:20", exchange: "NSE" }
    ])
  })
})
