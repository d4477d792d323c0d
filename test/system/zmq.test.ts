/** ZeroMQ over real sockets: the public PUB socket, and feed and gateway as two processes. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as zmq from "zeromq"
import { Feed } from "../../src/bus/feed.ts"
import type { MarketFrame } from "../../src/frame/marketFrame.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { FeedServer, ZmqPublisher, remoteFeedLayer } from "../../src/bus/zmq/index.ts"
import type { FakeFeed } from "./fixtures/zmqFakeFeed.ts"
import { depthTick, fakeFeedLayer } from "./fixtures/zmqFakeFeed.ts"
import { freeEndpoint, start, until } from "./fixtures/zmqSupport.ts"

/** A fake feed with its bus, in the scope of the test. */
const makeFeed = Effect.gen(function* () {
  let fake: FakeFeed | undefined
  const context = yield* Layer.build(fakeFeedLayer((made) => (fake = made)))
  return { fake: fake!, feed: Context.get(context, Feed), context }
})

const subscribe = (symbol: string, mode: "ltp" | "quote" | "depth", depth = 5) => ({
  symbol,
  exchange: "NSE",
  mode,
  depth
})

describe("the public socket", () => {
  /** What a plain ZeroMQ subscriber of any language sees. */
  const listen = Effect.fnUntraced(function* (endpoint: string, prefix: string) {
    const got: Array<readonly [topic: string, json: string]> = []
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new zmq.Subscriber()),
      (s) => Effect.sync(() => s.close())
    )
    socket.connect(endpoint)
    socket.subscribe(prefix)
    yield* Effect.promise(async () => {
      for await (const [topic, json] of socket) got.push([String(topic), String(json)])
    }).pipe(Effect.forkScoped)
    return got
  })

  it.live("sends [SYMBOL.EXCHANGE.MODE, json], the json being the frame's own data", () =>
    Effect.gen(function* () {
      const { context, fake, feed } = yield* makeFeed
      const publisher = yield* Layer.build(ZmqPublisher.layer({ endpoint: "tcp://127.0.0.1:*" })).pipe(
        Effect.provideContext(context)
      )
      const got = yield* listen(Context.get(publisher, ZmqPublisher).endpoint, "INFY.NSE.")
      yield* feed.subscribe("asha", "r", [
        subscribe("INFY", "ltp"),
        subscribe("INFY", "quote"),
        subscribe("INFY", "depth", 5),
        subscribe("INFY", "depth", 20),
        subscribe("TCS", "ltp")
      ])
      let frames: ReadonlyArray<MarketFrame> = []
      const all = ["INFY.NSE.1", "INFY.NSE.2", "INFY.NSE.4"]
      yield* until("all modes", () => {
        // A subscriber that joins late misses what was sent before: publish until it is there.
        frames = fake.publish(depthTick("INFY", 1502.4, 20), depthTick("TCS", 3000))
        return all.every((topic) => got.some(([t]) => t === topic))
      })
      assert.deepStrictEqual([...new Set(got.map(([topic]) => topic))].sort(), all)
      for (const [topic, json] of got) {
        const mode = { 1: "ltp", 2: "quote", 4: "depth" }[topic.slice(-1)]
        // Of the two depth views the deeper one is published.
        const frame = frames.findLast((f) => f.view.symbol === "INFY" && f.view.mode === mode)!
        assert.strictEqual(json, frame.payload.toString("utf8", frame.dataStart, frame.dataEnd))
      }
      const depth = JSON.parse(got.find(([topic]) => topic === "INFY.NSE.4")![1])
      assert.deepInclude(depth, { symbol: "INFY", exchange: "NSE", ltp: 1502.4 })
      assert.strictEqual(depth.depth.buy.length, 20)
    })
  )

  it.live("says what to do when its endpoint is taken", () =>
    Effect.gen(function* () {
      const { context } = yield* makeFeed
      const endpoint = yield* freeEndpoint
      const build = Effect.provideContext(Layer.build(Layer.fresh(ZmqPublisher.layer({ endpoint }))), context)
      yield* build
      const error = yield* Effect.flip(build)
      assert.strictEqual(error._tag, "EndpointFailed")
      assert.include(error.message, endpoint)
      assert.include(error.message, "another port")
    })
  )
})

describe("feed and gateway, linked", () => {
  const makeLink = Effect.gen(function* () {
    const made = yield* makeFeed
    const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
    const server = yield* Layer.build(FeedServer.layer({ control, frames, silentAfter: "1 second" })).pipe(
      Effect.provideContext(made.context)
    )
    return { ...made, control, frames, server: Context.get(server, FeedServer) }
  })

  it.live("carries requests, answers, errors and frames", () =>
    Effect.gen(function* () {
      const { control, fake, frames } = yield* makeLink
      const remote = yield* Layer.build(remoteFeedLayer({ control, frames, gateway: "g1" }))
      const feed = Context.get(remote, Feed)
      const received: Array<MarketFrame> = []
      yield* Context.get(remote, FrameBus).subscribe((chunk) => received.push(...chunk))
      assert.deepStrictEqual(yield* feed.brokers, ["angel", "zerodha"])
      assert.deepInclude(yield* feed.attach("asha", "c1"), { broker: "zerodha", state: "connected" })
      const refused = yield* Effect.flip(feed.attach("ghost", "c1"))
      assert.strictEqual(refused.code, "BROKER_ERROR")
      const results = yield* feed.subscribe("asha", "c1", [
        subscribe("INFY", "depth", 20),
        subscribe("FOO", "ltp")
      ])
      assert.deepInclude(results[0], { status: "success", actual_depth: 20 })
      assert.deepInclude(results[1], { status: "error", code: "SYMBOL_NOT_FOUND" })
      let sent: ReadonlyArray<MarketFrame> = []
      yield* until("frames", () => {
        sent = fake.publish(depthTick("INFY", 1502.4, 20))
        return received.length > 0
      })
      assert.strictEqual(received[0]!.payload.toString(), sent[0]!.payload.toString())
      assert.deepStrictEqual({ ...received[0]!.view }, { ...sent[0]!.view })
      yield* feed.release("asha", "c1")
      assert.deepStrictEqual(fake.held, [])
    })
  )

  it.live("keeps the readers of two gateways apart, and releases those of one that is killed", () =>
    Effect.gen(function* () {
      const { control, fake, frames } = yield* makeLink
      const remote = yield* Layer.build(
        remoteFeedLayer({ control, frames, gateway: "g1", pingEvery: "100 millis" })
      )
      yield* Context.get(remote, Feed).subscribe("asha", "client-1", [subscribe("INFY", "quote")])
      const other = yield* start("zmqGatewayProcess.ts", [control, frames])
      yield* until("two readers", () => fake.held.join().split("client-1").length === 3)
      yield* until("frames over there", () => {
        fake.publish(depthTick("INFY", 1500))
        return other.lines.includes("frame asha/NSE:INFY/quote")
      })
      yield* other.kill
      yield* until("the release", () => fake.held.join() === "asha/NSE:INFY/quote: g1/client-1")
    })
  )

  it.live("makes everything anew when the feed process is killed and started again", () =>
    Effect.gen(function* () {
      const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
      const first = yield* start("zmqFeedProcess.ts", [control, frames])
      yield* until("the feed process", () => first.lines.includes("serving"))
      const remote = yield* Layer.build(
        remoteFeedLayer({
          control,
          frames,
          pingEvery: "50 millis",
          silentAfter: "500 millis",
          timeout: "1 second"
        })
      )
      const feed = Context.get(remote, Feed)
      let received = 0
      yield* Context.get(remote, FrameBus).subscribe((chunk) => (received += chunk.length))
      yield* feed.attach("asha", "c1")
      yield* feed.subscribe("asha", "c1", [subscribe("INFY", "depth")])
      yield* until("frames", () => received > 0)
      yield* first.kill
      const silent = yield* Effect.flip(feed.attach("asha", "c2"))
      assert.strictEqual(silent.code, "BROKER_CONNECTION_ERROR")
      assert.notInclude(silent.message, "tcp:")
      const before = received
      const second = yield* start("zmqFeedProcess.ts", [control, frames])
      yield* until("frames again", () => received > before)
      assert.strictEqual(second.errors(), "")
    })
  )

  it.live("gives a gateway that was given up while it lived everything back with its next request", () =>
    Effect.gen(function* () {
      const { control, fake, frames, server } = yield* makeLink
      const remote = yield* Layer.build(
        remoteFeedLayer({ control, frames, gateway: "g1", pingEvery: "1 minute" })
      )
      const feed = Context.get(remote, Feed)
      yield* feed.attach("asha", "c1")
      yield* feed.subscribe("asha", "c1", [subscribe("INFY", "quote")])
      assert.deepStrictEqual(fake.held, ["asha/NSE:INFY/quote: g1/c1"])
      yield* until("the end of the lease", () => fake.held.length === 0)
      assert.strictEqual(server.stats().gateways, 0)
      yield* feed.subscribe("asha", "c1", [subscribe("TCS", "ltp")])
      assert.deepStrictEqual(fake.held, ["asha/NSE:INFY/quote: g1/c1", "asha/NSE:TCS/ltp: g1/c1"])
    })
  )

  it.live("releases everything at once when a gateway ends in peace", () =>
    Effect.gen(function* () {
      const { control, fake, frames } = yield* makeLink
      yield* Effect.scoped(
        Effect.gen(function* () {
          const remote = yield* Layer.build(Layer.fresh(remoteFeedLayer({ control, frames, gateway: "g1" })))
          yield* Context.get(remote, Feed).subscribe("asha", "c1", [subscribe("INFY", "quote")])
          assert.strictEqual(fake.held.length, 1)
        })
      )
      assert.deepStrictEqual(fake.held, [])
    })
  )

  it.live("lets a reader's release wait for its attach, so that nothing stays behind", () =>
    Effect.gen(function* () {
      const { control, fake, frames } = yield* makeLink
      const remote = yield* Layer.build(remoteFeedLayer({ control, frames, gateway: "g1" }))
      const feed = Context.get(remote, Feed)
      const gate = yield* Deferred.make<void>()
      fake.onAttach = Deferred.await(gate)
      const attaching = yield* Effect.forkChild(feed.attach("asha", "c1"), { startImmediately: true })
      yield* until("the attach", () => fake.calls.includes("attach asha g1/c1"))
      yield* Fiber.interrupt(attaching)
      const releasing = yield* Effect.forkChild(feed.release("asha", "c1"), { startImmediately: true })
      assert.notInclude(fake.calls, "release asha g1/c1")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(releasing)
      assert.deepStrictEqual(fake.calls, ["attach asha g1/c1", "release asha g1/c1"])
    })
  )

  it.live("answers garbage with an error and goes on", () =>
    Effect.gen(function* () {
      const { control, frames } = yield* makeLink
      const dealer = yield* Effect.acquireRelease(
        Effect.sync(() => new zmq.Dealer()),
        (s) => Effect.sync(() => s.close())
      )
      dealer.connect(control)
      for (const bytes of ["", "nonsense", "[1,2]", '{"op":"subscribe"}', '{"version":99,"id":1}']) {
        yield* Effect.promise(() => dealer.send(bytes))
        const [answer] = yield* Effect.promise(() => dealer.receive())
        assert.strictEqual(JSON.parse(String(answer)).result, "malformed")
      }
      const remote = yield* Layer.build(remoteFeedLayer({ control, frames }))
      assert.strictEqual((yield* Context.get(remote, Feed).attach("asha", "c")).state, "connected")
    })
  )
})
