/** A share under its series, from the broker's wire to HTTP answers and status frames, over a change of broker too. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { until } from "./simulatorSupport.ts"
import { API_KEY, startService } from "./support/service.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)
const ready = (what: string, holds: () => boolean) => promise(() => until(what, holds))

const login = (url: string) =>
  Effect.acquireRelease(
    promise(async () => {
      const client = await TestClient.open(url)
      await client.ask({ action: "authenticate", api_key: API_KEY, events: true })
      return client
    }),
    (client) => promise(() => client.close())
  )

const ticksOf = (client: TestClient, symbol: string, broker: string, mode = 3): number =>
  client.frames.filter(
    (f) =>
      f["type"] === "market_data" && f["symbol"] === symbol && f["broker"] === broker && f["mode"] === mode
  ).length

describe("a share under its series", () => {
  it.live("is found by HTTP though nobody asked for it so, before and after a change of broker", () =>
    Effect.gen(function* () {
      const { port, url, users } = yield* startService("zerodha", { ticksPerSecond: 5000, others: ["angel"] })
      const get = (path: string) =>
        promise(async () => {
          const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { "x-api-key": API_KEY } })
          return { status: answer.status, body: (await answer.json()) as Json }
        })
      const client = yield* login(url)
      for (const mode of ["Quote", "Depth"]) yield* promise(() => client.subscribe("RELIANCE", "NSE", mode))
      const inform = Effect.gen(function* () {
        const quotes = (yield* get("/quotes?symbols=NSE:RELIANCE-EQ,NSE:RELIANCE,NSE:RELIANCE-BE")).body
        const told = (quotes["quotes"] as ReadonlyArray<Json>).map((q) => [q["symbol"], q["status"]])
        assert.deepStrictEqual(told, [
          ["RELIANCE-EQ", "success"],
          ["RELIANCE", "success"],
          ["RELIANCE-BE", "error"]
        ])
        const book = yield* get("/depth/NSE/RELIANCE-EQ")
        assert.strictEqual(book.status, 200)
        assert.strictEqual(book.body["symbol"], "RELIANCE-EQ")
        assert.lengthOf((book.body["depth"] as { buy: ReadonlyArray<Json> }).buy, 5)
        assert.strictEqual((yield* get("/depth/NSE/RELIANCE-BE")).status, 404)
      })
      yield* ready("ticks of zerodha", () =>
        [2, 3].every((m) => ticksOf(client, "RELIANCE", "zerodha", m) > 0)
      )
      yield* inform
      yield* users.setBroker("asha", "angel")
      yield* ready("ticks of angel", () => [2, 3].every((m) => ticksOf(client, "RELIANCE", "angel", m) > 0))
      yield* inform
    })
  )

  it.live("keeps its name over a change of broker: in frames, in HTTP answers, in status frames", () =>
    Effect.gen(function* () {
      const { others, port, url, users } = yield* startService("zerodha", {
        ticksPerSecond: 5000,
        others: ["angel"]
      })
      const client = yield* login(url)
      yield* promise(() => client.subscribe("RELIANCE-EQ", "NSE", "Depth"))
      yield* ready("ticks of zerodha", () => ticksOf(client, "RELIANCE-EQ", "zerodha") > 3)
      yield* users.setBroker("asha", "angel")
      yield* ready("ticks of angel", () => ticksOf(client, "RELIANCE-EQ", "angel") > 3)
      const confirmed = (broker: string) =>
        client.frames
          .filter((f) => f["event"] === "subscription_confirmed" && f["broker"] === broker)
          .map((f) => f["instruments"])
      for (const broker of ["zerodha", "angel"]) {
        assert.deepStrictEqual(confirmed(broker), [
          [{ symbol: "RELIANCE-EQ", exchange: "NSE", mode: "depth" }]
        ])
      }
      const answer = yield* promise(() =>
        fetch(`http://127.0.0.1:${port}/depth/NSE/RELIANCE-EQ`, { headers: { "x-api-key": API_KEY } })
      )
      assert.strictEqual(answer.status, 200)
      client.send({ action: "unsubscribe", symbol: "RELIANCE-EQ", exchange: "NSE" })
      yield* promise(() => client.settle())
      // Wanted for some seconds more, should it be asked for again; then given up at the broker.
      yield* ready("the broker to be rid of it", () =>
        others[0]!.subscriptions().every(({ holdings: subscriptions }) => subscriptions.length === 0)
      )
      assert.strictEqual(ticksOf(client, "RELIANCE", "angel"), 0)
    })
  )
})
