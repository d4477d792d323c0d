/** Many clients that come back at once with large sets: what they get back takes its turn like their large requests. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Feed } from "../../src/bus/feed.ts"
import type { SubscribeRequest, SubscribeResult } from "../../src/market/subscription.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const KEY = "many-".padEnd(40, "k")
const CLIENTS = 6
const NAMES = 400

/** A feed that has everything, takes its time, and counts who is in the middle of a long list. */
const counting = () => {
  const asked = new Map<string, number>()
  const seen = { most: 0, counts: false }
  const adjust = (feed: Feed["Service"]): Feed["Service"] => ({
    ...feed,
    subscribe: (_user, reader, requests: ReadonlyArray<SubscribeRequest>) =>
      Effect.gen(function* () {
        const before = asked.get(reader) ?? 0
        asked.set(reader, before + requests.length)
        if (seen.counts) {
          const halfway = [...asked.values()].filter((count) => count > 0 && count < NAMES)
          seen.most = Math.max(seen.most, halfway.length)
        }
        yield* Effect.sleep(5)
        return requests.map(({ exchange, mode, symbol }): SubscribeResult => ({
          status: "success",
          symbol,
          exchange,
          mode,
          requested_depth: 5,
          actual_depth: 5,
          is_fallback: false,
          topic: `asha/${exchange}/${symbol}/${mode}/5`
        }))
      })
  })
  return { adjust, asked, seen }
}

describe("clients that come back together", () => {
  let gateway: TestGateway | undefined
  const open: Array<TestClient> = []
  afterEach(async () => {
    for (const client of open.splice(0)) client.socket.terminate()
    await gateway?.close()
  })

  const comeIn = async () => {
    const client = await TestClient.open(gateway!.url)
    open.push(client)
    const answer = await client.ask({ action: "authenticate", api_key: KEY, resume: true })
    return { client, answer }
  }

  it("get large sets back one after the other", async () => {
    const { adjust, asked, seen } = counting()
    gateway = await startGateway({}, { adjust, keys: [KEY] })
    const symbols = Array.from({ length: NAMES }, (_, i) => ({ symbol: `S${i}`, exchange: "NSE" }))
    for (const { client } of await Promise.all(Array.from({ length: CLIENTS }, comeIn)))
      await client.ask({ action: "subscribe", symbols, mode: "LTP" })
    for (const client of open.splice(0)) client.socket.terminate()
    while (gateway.stats().clients > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    asked.clear()
    seen.counts = true
    const back = await Promise.all(Array.from({ length: CLIENTS }, comeIn))
    for (const { answer } of back)
      assert.deepInclude(answer["resumed"] as object, { subscriptions: NAMES, failed: 0 })
    assert.strictEqual(seen.most, 1)
  })
})
