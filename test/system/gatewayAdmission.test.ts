/** Large requests of users whose feeds do not answer, beside those of one whose feed does. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(() => gateway?.close())

/** Far beyond what is handled as it comes. */
const large = Array.from({ length: 300 }, (_, i) => ({ symbol: `SYMBOL${i}`, exchange: "NSE" }))

describe("two users whose feeds stall", () => {
  it("keep nobody else waiting", { timeout: 20_000 }, async () => {
    let stalled = 0
    gateway = await startGateway(
      {},
      {
        adjust: (feed) => ({
          ...feed,
          subscribe: (user, reader, requests) =>
            user === "asha"
              ? feed.subscribe(user, reader, requests)
              : Effect.andThen(
                  Effect.sync(() => stalled++),
                  Effect.never
                )
        })
      }
    )
    const subscribe = { action: "subscribe", mode: 1, symbols: large }
    const stuck = [
      await TestClient.login(gateway.url, "KEY_B"),
      await TestClient.login(gateway.url, "KEY_B"),
      await TestClient.login(gateway.url, "KEY_SLOW")
    ]
    for (const client of stuck) client.send(subscribe)
    await expect.poll(() => stalled).toBe(2)
    await sleep(1200)
    const client = await TestClient.login(gateway.url, "KEY_A")
    for (let i = 0; i < 3; i++) {
      const began = performance.now()
      expect(await client.ask(subscribe)).toMatchObject({ type: "subscribe" })
      // The feeds that stall do so for ever; a remote one gives up after five seconds.
      expect(performance.now() - began).toBeLessThan(2500)
    }
    // The second request of a user waits behind the first.
    expect(stalled).toBe(2)
    for (const { socket } of [client, ...stuck]) socket.terminate()
  })
})
