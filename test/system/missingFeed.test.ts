/**
 * Clients that come before their feed does: each logs in once, subscribes once, as OpenAlgo's SDKs do, and is served when the
 * day's login, the user's broker or the feed process comes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { FeedServer, remoteFeedLayer } from "../../src/bus/zmq/index.ts"
import { caseFile } from "./support/testGateway.ts"
import { ScriptedFeed } from "../../src/gateway/conformance/scriptedFeed.ts"
import { Gateway, OrderUpdates } from "../../src/gateway/index.ts"
import { Feed } from "../../src/bus/feed.ts"
import { demoCredentials } from "../../src/simulator/index.ts"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import { freeEndpoint } from "./fixtures/zmqSupport.ts"
import { until } from "./simulatorSupport.ts"
import { API_KEY, startService } from "./support/service.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)
const ready = (what: string, holds: () => boolean) => promise(() => until(what, holds))

/** Authenticates once, waits up to five seconds for `type: auth`, subscribes, and never authenticates again. */
const openAlgoClient = Effect.fnUntraced(function* (
  url: string,
  key: string,
  symbols: ReadonlyArray<string>,
  more: Json = {}
) {
  const client = yield* Effect.acquireRelease(
    promise(() => TestClient.open(url)),
    (c) => promise(() => c.close())
  )
  const answer = yield* promise(() => client.ask({ action: "authenticate", api_key: key, ...more }))
  assert.deepInclude(answer, { type: "auth", status: "success" })
  client.send({
    action: "subscribe",
    mode: 1,
    depth: 5,
    symbols: symbols.map((symbol) => ({ symbol, exchange: "NSE" }))
  })
  yield* ready("the acknowledgement", () => client.frames.some((f) => f["type"] === "subscribe"))
  const acknowledged = client.frames.find((f) => f["type"] === "subscribe")!
  assert.strictEqual(acknowledged["status"], "success")
  return { client, answer, ticks: (symbol: string) => ticksOf(client, symbol) }
})

const ticksOf = (client: TestClient, symbol: string): number =>
  client.frames.filter((f) => f["type"] === "market_data" && f["symbol"] === symbol).length

const statusesOf = (client: TestClient, event: string): ReadonlyArray<Json> =>
  client.frames.filter((f) => f["type"] === "status" && f["event"] === event)

const statuses = (client: TestClient): ReadonlyArray<unknown> =>
  client.frames.filter((f) => f["type"] === "status").map((f) => f["event"])

describe("a client that comes before", () => {
  it.live("the day's login is served on the same socket when it is stored", () =>
    Effect.gen(function* () {
      const { credentials, url } = yield* startService("zerodha", { ticksPerSecond: 2000 })
      yield* credentials.set("asha", "zerodha", {
        ...demoCredentials,
        authToken: Redacted.make("the-token-of-yesterday")
      })
      const { answer, client, ticks } = yield* openAlgoClient(url, API_KEY, ["RELIANCE", "INFY"], {
        events: true
      })
      assert.deepInclude(answer["feed"], { state: "waiting_for_login", code: "BROKER_CONNECTION_ERROR" })
      assert.isBelow(JSON.stringify(answer).length, 1000)
      assert.include(statuses(client), "waiting_for_login")
      assert.strictEqual(ticks("RELIANCE"), 0)
      yield* credentials.set("asha", "zerodha", demoCredentials)
      yield* ready("ticks", () => ticks("RELIANCE") > 0 && ticks("INFY") > 0)
      assert.notProperty(statusesOf(client, "feed_up")[0], "gap_ms", "there was no feed before")
      assert.lengthOf(statusesOf(client, "feed_up"), 1)
      assert.lengthOf(statusesOf(client, "waiting_for_login"), 1)
    })
  )

  it.live("any credentials, or a broker, is served when those are set", () =>
    Effect.gen(function* () {
      const { apiKeys, credentials, url, users } = yield* startService("zerodha", { ticksPerSecond: 2000 })
      yield* users.add("nita")
      const key = "test-key-of-nita-0123456789"
      yield* apiKeys.create("nita", { key: Redacted.make(key) })
      // A share's series goes by another symbol in the frames of the feed, which nobody knows before there is one.
      const { answer, client, ticks } = yield* openAlgoClient(
        url,
        key,
        ["RELIANCE-EQ", "INFY", "NOSUCHSHARE"],
        { events: true }
      )
      assert.deepInclude(answer, { broker: "none" })
      assert.deepInclude(answer["feed"], { state: "unavailable", code: "BROKER_ERROR" })
      yield* users.setBroker("nita", "zerodha")
      yield* ready("the wait for credentials", () => statuses(client).includes("waiting_for_login"))
      yield* credentials.set("nita", "zerodha", demoCredentials)
      yield* ready("ticks", () => ticks("RELIANCE-EQ") > 0 && ticks("INFY") > 0)
      yield* ready("the refusal", () => statuses(client).includes("subscription_failed"))
      assert.notProperty(statusesOf(client, "feed_up")[0], "gap_ms", "there was no feed before")
      const refused = client.frames.find((f) => f["event"] === "subscription_failed")
      assert.deepInclude((refused!["instruments"] as ReadonlyArray<Json>)[0], {
        symbol: "NOSUCHSHARE",
        exchange: "NSE",
        mode: "ltp"
      })
      const unsubscribed = yield* promise(async () => {
        client.send({ action: "unsubscribe_all" })
        await until("the answer", () => client.frames.some((f) => f["type"] === "unsubscribe"))
        return client.frames.find((f) => f["type"] === "unsubscribe")!
      })
      assert.sameMembers(
        (unsubscribed["successful"] as ReadonlyArray<Json>).map((s) => s["symbol"]),
        ["RELIANCE-EQ", "INFY"]
      )
    })
  )

  it.live("the feed process is served when it starts, and again when it was started anew", () =>
    Effect.gen(function* () {
      const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
      const { fixture } = caseFile("client-protocol-cases.json")
      const startFeed = Effect.gen(function* () {
        const scope = yield* Scope.make()
        const context = yield* Layer.build(FrameBus.layer)
        const bus = Context.get(context, FrameBus)
        const scripted = new ScriptedFeed(fixture, bus.publish, bus.tell)
        yield* Layer.build(FeedServer.layer({ control, frames })).pipe(
          Effect.provideContext(Context.add(context, Feed, scripted.service)),
          Scope.provide(scope)
        )
        return { scripted, kill: Scope.close(scope, Exit.void) }
      })
      const { keys } = new ScriptedFeed(fixture, () => undefined)
      const context = yield* Layer.build(
        Gateway.layer({ port: 0 }).pipe(
          Layer.provide(
            Layer.mergeAll(
              OrderUpdates.layer,
              Layer.succeed(ApiKeys, keys),
              remoteFeedLayer({ control, frames, pingEvery: "100 millis", silentAfter: "300 millis" })
            )
          )
        )
      )
      const url = `ws://127.0.0.1:${Context.get(context, Gateway).port}`
      const early = yield* openAlgoClient(url, "KEY_A", ["TCS"], { events: true })
      assert.deepInclude(early.answer["feed"], { code: "BROKER_CONNECTION_ERROR" })
      // Several pings more go unanswered.
      yield* Effect.sleep("1500 millis")
      assert.lengthOf(statusesOf(early.client, "feed_down"), 1, "once is enough")
      const tick = (feed: ScriptedFeed) =>
        feed.tick({ symbol: "TCS", exchange: "NSE", level: "LTP", data: { ltp: 3110.5 } })

      const first = yield* startFeed
      yield* ready("the first tick", () => {
        tick(first.scripted)
        return early.ticks("TCS") > 0
      })
      yield* ready("feed_up", () => statuses(early.client).includes("feed_up"))
      assert.notProperty(statusesOf(early.client, "feed_up")[0], "gap_ms", "there was no feed before")

      const killedAt = performance.now()
      yield* first.kill
      yield* ready("feed_down", () => statuses(early.client).at(-1) === "feed_down")
      const between = yield* openAlgoClient(url, "KEY_A", ["TCS"], { events: true })
      const before = early.ticks("TCS")
      const second = yield* startFeed
      yield* ready("ticks for both", () => {
        tick(second.scripted)
        return early.ticks("TCS") > before && between.ticks("TCS") > 0
      })
      for (const { client } of [early, between])
        yield* ready("feed_up", () => statuses(client).at(-1) === "feed_up")
      yield* Effect.sleep("500 millis")
      assert.deepStrictEqual(statuses(early.client), ["feed_down", "feed_up", "feed_down", "feed_up"])
      assert.deepStrictEqual(statuses(between.client), ["feed_down", "feed_up"])
      const gap = Number(statusesOf(early.client, "feed_up")[1]!["gap_ms"])
      assert.isAbove(gap, 0)
      assert.isAtMost(gap, performance.now() - killedAt + 1000)
    })
  )
})
