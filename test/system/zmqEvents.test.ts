/** Events over ZeroMQ: between feed and gateway in order with the frames, and on the public socket for who asks. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as zmq from "zeromq"
import { Feed } from "../../src/bus/feed.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { FeedServer, ZmqPublisher, remoteFeedLayer } from "../../src/bus/zmq/index.ts"
import type { FeedEvent } from "../../src/market/feedEvent.ts"
import type { FakeFeed } from "./fixtures/zmqFakeFeed.ts"
import { depthTick, fakeFeedLayer } from "./fixtures/zmqFakeFeed.ts"
import { freeEndpoint, start, until } from "./fixtures/zmqSupport.ts"

const makeFeed = Effect.gen(function* () {
  let fake: FakeFeed | undefined
  const context = yield* Layer.build(fakeFeedLayer((made) => (fake = made)))
  return { fake: fake!, feed: Context.get(context, Feed), bus: Context.get(context, FrameBus), context }
})
const upAgain = (n: number, user = "asha"): FeedEvent => ({
  type: "feed_up",
  user,
  broker: "zerodha",
  at: n,
  connection: 1,
  gap_ms: n,
  restored: 1,
  failed: 0
})
const INFY = { symbol: "INFY", exchange: "NSE", mode: "quote" } as const

describe("the public socket", () => {
  const subscriber = Effect.fnUntraced(function* (endpoint: string, prefix: string) {
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
    return { got, socket }
  })

  it.live("carries events while somebody asks for them by topic, and only then", () =>
    Effect.gen(function* () {
      const { bus, context, fake, feed } = yield* makeFeed
      const built = yield* Layer.build(ZmqPublisher.layer({ endpoint: "tcp://127.0.0.1:*" })).pipe(
        Effect.provideContext(context)
      )
      const publisher = Context.get(built, ZmqPublisher)
      const everything = yield* subscriber(publisher.endpoint, "")
      const ticks = yield* subscriber(publisher.endpoint, "INFY.NSE.")
      yield* feed.subscribe("asha", "r", [INFY])
      yield* until("ticks", () => {
        fake.publish(depthTick("INFY", 1500))
        bus.tell(upAgain(1))
        return everything.got.length > 0 && ticks.got.length > 0
      })
      assert.strictEqual(publisher.stats().eventsSent, 0, "who takes everything was promised ticks")

      const events = yield* subscriber(publisher.endpoint, "!event/asha")
      yield* until("an event", () => {
        bus.tell(upAgain(2, "bina"))
        bus.tell(upAgain(2))
        return events.got.length > 0
      })
      const [topic, json] = events.got[0]!
      assert.strictEqual(topic, "!event/asha")
      assert.deepStrictEqual(JSON.parse(json), upAgain(2))
      assert.deepStrictEqual(
        ticks.got.filter(([t]) => !t.startsWith("INFY.NSE.")),
        []
      )
      const sent = () => publisher.stats().eventsSent
      events.socket.unsubscribe("!event/asha")
      let before = -1
      yield* until("the end of the events", () => {
        const quiet = before === sent()
        before = sent()
        bus.tell(upAgain(3))
        return quiet
      })
    })
  )
})

describe("feed and gateway, linked", () => {
  it.live("carry events in order with the frames", () =>
    Effect.gen(function* () {
      const { bus, context, fake } = yield* makeFeed
      const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
      const built = yield* Layer.build(FeedServer.layer({ control, frames })).pipe(
        Effect.provideContext(context)
      )
      const remote = yield* Layer.build(remoteFeedLayer({ control, frames, gateway: "g1" }))
      const order: Array<number> = []
      const far = Context.get(remote, FrameBus)
      yield* far.subscribe((chunk) => {
        for (const { payload } of chunk) order.push(JSON.parse(payload.toString()).data.ltp)
      })
      yield* far.listen((event) => void order.push(event.at))
      yield* Context.get(remote, Feed).subscribe("asha", "c1", [INFY])
      yield* until("the line", () => {
        fake.publish(depthTick("INFY", 1))
        return order.length > 0
      })
      yield* until("an end of what was on its way", () => {
        bus.tell(upAgain(2))
        return order.includes(2)
      })
      const first = order.length
      for (let n = 1000; n < 4000; n++) {
        if (n % 7 === 0) bus.tell(upAgain(n))
        else fake.publish(depthTick("INFY", n))
      }
      yield* until("all of it", () => order.at(-1) === 3999)
      const after = order.slice(order.indexOf(1000, first - 1))
      assert.deepStrictEqual(
        after,
        Array.from({ length: 3000 }, (_, i) => 1000 + i)
      )
      assert.strictEqual(Context.get(built, FeedServer).stats().eventsDropped, 0)
    })
  )

  it.live("tell a gateway's clients when the feed process falls silent, and when it is back", () =>
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
      const heard: Array<FeedEvent> = []
      let received = 0
      const bus = Context.get(remote, FrameBus)
      yield* bus.listen((event) => void heard.push(event))
      yield* bus.subscribe((chunk) => void (received += chunk.length))
      for (const reader of ["c1", "c2"]) {
        yield* feed.attach("asha", reader)
        yield* feed.subscribe("asha", reader, [INFY, { ...INFY, symbol: "TCS" }])
      }
      yield* until("frames", () => received > 0)
      assert.deepStrictEqual(heard, [])
      const killedAt = Date.now()
      yield* first.kill
      yield* until("the news", () => heard.length > 0)
      assert.deepInclude(heard[0], {
        type: "feed_down",
        user: "asha",
        broker: "zerodha",
        connection: 0,
        cause: "FeedProcessSilent"
      })
      assert.notInclude((heard[0] as { detail: string }).detail, "tcp:")

      // Whoever comes now is told by the answer, and told once it can be served.
      yield* Effect.ignore(feed.attach("bina", "c3"))
      yield* until("bina's news", () => heard.length > 1)
      assert.deepInclude(heard[1], { type: "feed_down", user: "bina" })

      const before = received
      yield* start("zmqFeedProcess.ts", [control, frames])
      yield* until("both feeds", () => heard.length >= 4)
      const back = heard.find((e) => e.type === "feed_up" && e.user === "asha")
      assert.deepInclude(back, { broker: "zerodha", connection: 0, restored: 2, failed: 0 })
      const { gap_ms: gap } = back as { gap_ms: number }
      assert.isAtLeast(gap, 500)
      assert.isAtMost(gap, Date.now() - killedAt + 1000)
      yield* until("frames again", () => received > before)
      assert.strictEqual(heard.length, 4, "each was told once")
    })
  )
})
