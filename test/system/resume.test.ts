/** A gateway process that ends, as killed or as told: its clients come back, say nothing, and hold what they held. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Feed } from "../../src/bus/feed.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { FeedServer } from "../../src/bus/zmq/index.ts"
import { ScriptedFeed } from "../../src/gateway/conformance/scriptedFeed.ts"
import { outboundFault } from "../../src/gateway/messages/outbound.ts"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { freeEndpoint } from "./fixtures/zmqSupport.ts"
import { until } from "./simulatorSupport.ts"
import { freePorts, start, temporaryFolder } from "./support/processes.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"
import { caseFile } from "./support/testGateway.ts"

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)
const ready = (what: string, holds: () => boolean) => promise(() => until(what, holds))

/** Tries until the gateway is there. */
const connect = async (url: string): Promise<TestClient> => {
  for (let tries = 0; ; tries++) {
    try {
      return await TestClient.open(url)
    } catch (error) {
      if (tries > 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

const symbolsIn = (client: TestClient): ReadonlyArray<unknown> => [
  ...new Set(
    client.frames.filter((f) => f["type"] === "market_data").map((f) => `${f["symbol"]}/${f["mode"]}`)
  )
]

const make = Effect.gen(function* () {
  const { fixture } = caseFile("client-protocol-cases.json")
  const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
  const [port] = yield* freePorts(1)
  const dataDir = yield* temporaryFolder
  const bus = Context.get(yield* Layer.build(FrameBus.layer), FrameBus)
  const feed = new ScriptedFeed(fixture, bus.publish, bus.tell)
  yield* Layer.build(FeedServer.layer({ control, frames })).pipe(
    Effect.provideContext(Context.add(Context.make(FrameBus, bus), Feed, feed.service))
  )
  const keys = yield* Effect.gen(function* () {
    yield* (yield* Users).add("asha")
    const apiKeys = yield* ApiKeys
    const [plain, set] = [yield* apiKeys.create("asha"), yield* apiKeys.create("asha", { resume: true })]
    return [Redacted.value(plain.key), Redacted.value(set.key)] as const
  }).pipe(Effect.provide(Store.layer({ dataDir })))
  const url = `ws://127.0.0.1:${port}`
  const args = ["gateway", "--data-dir", dataDir, "--port", String(port)]
  const startGateway = start([...args, "--feed-control", control, "--feed-frames", frames], {})
  const tick = (): void => {
    for (const symbol of ["TCS", "INFY"]) {
      feed.tick({ symbol, exchange: "NSE", level: "QUOTE", data: { ltp: 3110.5 } })
    }
  }
  return { url, keys, startGateway, tick }
})

/** What OpenAlgo's npm client says when it comes back: nothing but its key. */
const comeBack = Effect.fnUntraced(function* (url: string, key: string, more: Json = {}) {
  const client = yield* Effect.acquireRelease(
    promise(() => connect(url)),
    (c) => Effect.sync(() => c.socket.terminate())
  )
  const answer = yield* promise(() => client.ask({ action: "authenticate", api_key: key, ...more }))
  return { client, answer }
})

describe("a gateway that ends", () => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    it.live(`by ${signal} gives its clients back what they held when it is started again`, () =>
      Effect.gen(function* () {
        const { keys, startGateway, tick, url } = yield* make
        const [plain, set] = keys
        const first = yield* startGateway
        const modern = yield* comeBack(url, plain, { events: true, resume: true })
        const npm = yield* comeBack(url, set)
        yield* promise(() => modern.client.subscribe("TCS", "nse", 2))
        yield* promise(() => npm.client.subscribe("INFY", "NSE", "LTP"))
        yield* ready("ticks", () => {
          tick()
          return symbolsIn(modern.client).length > 0 && symbolsIn(npm.client).length > 0
        })
        // What changes is written within a second; a process that is told to end writes what it has not.
        if (signal === "SIGKILL") yield* Effect.sleep("2500 millis")
        const ended = Date.now()
        first.signal(signal)
        assert.strictEqual(
          (yield* promise(() => modern.client.closed)).code,
          signal === "SIGKILL" ? 1006 : 1012
        )
        assert.strictEqual((yield* promise(() => npm.client.closed)).code, 1006)
        yield* promise(() => first.ended)

        yield* startGateway
        const again = yield* comeBack(url, plain, { events: true, resume: true })
        const npmAgain = yield* comeBack(url, set)
        for (const { answer } of [again, npmAgain]) {
          assert.deepInclude(answer["resumed"], { subscriptions: 1, failed: 0 })
          const { since } = answer["resumed"] as { readonly since: number }
          // Until when a killed process lived is known to a second or so.
          assert.approximately(since, ended, 5000)
        }
        yield* ready("ticks", () => {
          tick()
          return symbolsIn(again.client).length > 0 && symbolsIn(npmAgain.client).length > 0
        })
        assert.deepStrictEqual(symbolsIn(again.client), ["TCS/2"])
        assert.deepStrictEqual(symbolsIn(npmAgain.client), ["INFY/1"])
        const told = again.client.frames.find((f) => f["event"] === "resumed")
        assert.deepInclude(told, { subscriptions: 1, failed: 0, seq: 1 })
        for (const frame of [...again.client.frames, ...npmAgain.client.frames]) {
          assert.isUndefined(outboundFault(frame), JSON.stringify(frame))
        }
      })
    )
  }
})
