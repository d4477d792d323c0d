/** A change of mode that a simulated broker loses, over real sockets: noticed by what goes on ticking, and sent once more. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { nameOf } from "../../src/market/instrument.ts"
import { until } from "./simulatorSupport.ts"
import { API_KEY, startService } from "./support/service.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"

const INFY = { symbol: "INFY", exchange: "NSE" }
const TCS = { symbol: "TCS", exchange: "NSE" }

/** Kite changes a mode by one request, which leaves at once: what is lost is all of it. */
describe("a change of mode that the simulated Kite loses", () => {
  it.live(
    "is sent once more, without a new connection",
    () =>
      Effect.gen(function* () {
        const { port, simulator, url } = yield* startService("zerodha", { ticksPerSecond: 2000 })
        const client = yield* Effect.acquireRelease(
          Effect.promise(() => TestClient.open(url)),
          (c) => Effect.promise(() => c.close())
        )
        const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds, 20_000))
        const modesOfInfy = (): string =>
          simulator
            .subscriptions()
            .flatMap(({ holdings: subscriptions }) =>
              subscriptions.filter((one) => one.name === nameOf(INFY))
            )
            .map(({ mode }) => mode)
            .join()
        const decisions = Effect.promise(async () => {
          const answer = await fetch(`http://127.0.0.1:${port}/status`, { headers: { "x-api-key": API_KEY } })
          const { decisions } = (await answer.json()) as { decisions: ReadonlyArray<Json> }
          return decisions.map((one) => `${String(one["decision"])}: ${String(one["cause"])}`)
        })
        yield* Effect.promise(() => client.ask({ action: "authenticate", api_key: API_KEY }))
        client.send({ action: "subscribe", mode: "Depth", ...INFY })
        client.send({ action: "subscribe", mode: "LTP", ...TCS })
        yield* ready("books", () => client.frames.some((f) => f["type"] === "market_data" && f["mode"] === 3))
        assert.strictEqual(modesOfInfy(), "depth")

        simulator.inject({ fault: "rateLimit", perSecond: 1, of: "requests", excess: "ignore" })
        // Takes the one request of this second.
        client.send({ action: "subscribe", mode: "LTP", symbol: "SBIN", exchange: "NSE" })
        client.send({ action: "subscribe", mode: "LTP", ...INFY })
        client.send({ action: "unsubscribe", mode: "Depth", ...INFY })
        yield* Effect.sleep("4 seconds")
        simulator.clearFaults()
        assert.strictEqual(modesOfInfy(), "depth", "the change was lost")
        yield* ready("the second request", () => modesOfInfy() === "ltp")
        const made = yield* decisions
        assert.deepStrictEqual(made, [
          "unsubscribe_again: given up 5 s ago and still ticking: NSE:INFY in depth mode"
        ])
      }),
    40_000
  )
})
