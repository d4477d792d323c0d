/** What a hostile subscriber can do to the public socket, and what it costs the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as zmq from "zeromq"
import { Feed } from "../../src/bus/feed.ts"
import * as metrics from "../../src/bus/metrics.ts"
import { FeedServer, ZmqPublisher, remoteFeedLayer } from "../../src/bus/zmq/index.ts"
import { LINK_VERSION, MAX_REQUEST_BYTES } from "../../src/bus/zmq/link.ts"
import type { PublisherOptions } from "../../src/bus/zmq/index.ts"
import type { FakeFeed } from "./fixtures/zmqFakeFeed.ts"
import { depthTick, fakeFeedLayer } from "./fixtures/zmqFakeFeed.ts"
import { freeEndpoint, start, until } from "./fixtures/zmqSupport.ts"

/** The public socket with a well-behaved subscriber, and a tick every few milliseconds, each with a price of its own. */
const makeSocket = Effect.fnUntraced(function* (options: PublisherOptions) {
  let fake: FakeFeed | undefined
  const context = yield* Layer.build(fakeFeedLayer((made) => (fake = made)))
  yield* Context.get(context, Feed).subscribe("asha", "r", [
    { symbol: "INFY", exchange: "NSE", mode: "ltp", depth: 5 }
  ])
  const publisher = yield* Layer.build(
    ZmqPublisher.layer({ endpoint: "tcp://127.0.0.1:*", ...options })
  ).pipe(Effect.provideContext(context))
  const { endpoint } = Context.get(publisher, ZmqPublisher)
  const got: Array<number> = []
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => new zmq.Subscriber({ reconnectInterval: 50 })),
    (s) => Effect.sync(() => s.close())
  )
  socket.connect(endpoint)
  socket.subscribe("INFY.")
  yield* Effect.promise(async () => {
    for await (const [, json] of socket) got.push(JSON.parse(String(json)).ltp)
  }).pipe(Effect.forkScoped)
  let price = 0
  let turn = performance.now()
  const seen = { longest: 0, endpoint, got }
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      setInterval(() => {
        const now = performance.now()
        seen.longest = Math.max(seen.longest, now - turn)
        turn = now
        fake!.publish(depthTick("INFY", ++price))
      }, 5)
    ),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
  yield* until("ticks", () => got.length > 0)
  return seen
})

/** Prices that were published between the first and the last that came, and did not come. */
const missing = (got: ReadonlyArray<number>): number =>
  got.length === 0 ? 0 : got.at(-1)! - got[0]! + 1 - got.length

/** Generous: without bounds these floods stop everybody for seconds. */
const LONGEST_MS = 600
const reopenedOnce = Effect.map(
  Metric.value(Metric.withAttributes(metrics.reopened, { socket: "public" })),
  ({ count }) => Number(count)
)

describe("the control socket", () => {
  it.live("ends the connection of a gateway whose request is too long, and answers the others", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(fakeFeedLayer(() => {}))
      const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
      yield* Layer.build(FeedServer.layer({ control, frames })).pipe(Effect.provideContext(context))
      const remote = yield* Layer.build(remoteFeedLayer({ control, frames, timeout: "5 seconds" }))
      const feed = Context.get(remote, Feed)
      assert.strictEqual((yield* feed.attach("asha", "c1")).state, "connected")
      const hostile = yield* Effect.acquireRelease(
        Effect.sync(
          () => new zmq.Dealer({ linger: 0, reconnectInterval: -1, sendTimeout: 1000, receiveTimeout: 1000 })
        ),
        (s) => Effect.sync(() => s.close())
      )
      hostile.connect(control)
      const ping = JSON.stringify({ version: LINK_VERSION, id: 1, gateway: "hostile", op: "ping" })
      const asked = Effect.promise(async () => {
        try {
          await hostile.send(ping)
          const [answer] = await hostile.receive()
          return JSON.parse(String(answer)).result as string
        } catch (error) {
          return (error as NodeJS.ErrnoException).code
        }
      })
      assert.strictEqual(yield* asked, "ok")
      yield* Effect.promise(() => hostile.send(Buffer.alloc(MAX_REQUEST_BYTES + 1, 0x20)))
      assert.strictEqual(yield* asked, "EAGAIN")
      assert.strictEqual((yield* feed.attach("asha", "c2")).state, "connected")
    })
  )
})

describe("the public socket under attack", () => {
  it.live(
    "closes the connection of a subscriber with a prefix of megabytes, and loses nothing for the others",
    () =>
      Effect.gen(function* () {
        const seen = yield* makeSocket({})
        const flood = yield* start("zmqFlood.ts", [seen.endpoint, "long", String(32 * 1024 * 1024)])
        yield* until("the end of the connection", () => flood.lines.includes("closed"))
        const { length } = seen.got
        yield* until("more ticks", () => seen.got.length > length + 20)
        assert.strictEqual(missing(seen.got), 0)
        assert.isBelow(seen.longest, LONGEST_MS)
      })
  )

  it.live(
    "takes many prefixes one at a time, ticks between them",
    () =>
      Effect.gen(function* () {
        const seen = yield* makeSocket({ bounds: { characters: 10_000_000 } })
        const flood = yield* start("zmqFlood.ts", [seen.endpoint, "many", "80000"])
        yield* until("the whole flood", () => flood.lines.includes("sent"))
        const { length } = seen.got
        yield* until("more ticks", () => seen.got.length > length + 50)
        assert.strictEqual(missing(seen.got), 0)
        // Some 500 ms when they are taken as they come.
        assert.isBelow(seen.longest, 200)
        assert.notInclude(flood.lines, "closed")
      }),
    { timeout: 20_000, retry: 2 }
  )

  it.live(
    "closes all connections when subscribers ask for too much, and serves those that come again",
    () =>
      Effect.gen(function* () {
        const seen = yield* makeSocket({ bounds: { characters: 100_000 } })
        const before = yield* reopenedOnce
        const flood = yield* start("zmqFlood.ts", [seen.endpoint, "many", "5000"])
        yield* until("the end of the flood", () => flood.lines.includes("closed"))
        const { length } = seen.got
        yield* until("ticks again", () => seen.got.length > length + 20)
        assert.strictEqual(yield* reopenedOnce, before + 1)
        assert.isBelow(seen.longest, LONGEST_MS)
        // What was published meanwhile has waited.
        assert.strictEqual(missing(seen.got), 0)
      }),
    { retry: 2 }
  )

  it.live("lets silent connections be, as long as there are files enough, and loses nothing", () =>
    Effect.gen(function* () {
      const seen = yield* makeSocket({})
      const before = yield* reopenedOnce
      const flood = yield* start("zmqFlood.ts", [seen.endpoint, "idle", "100"])
      // That takes its time: libzmq gives a handshake three seconds.
      yield* until("their end", () => flood.lines.filter((line) => line === "closed").length >= 100)
      assert.strictEqual(yield* reopenedOnce, before)
      assert.strictEqual(missing(seen.got), 0)
    })
  )

  it.live(
    "closes all connections when there are too many, so that files are left for the rest of the process",
    () =>
      Effect.gen(function* () {
        const seen = yield* makeSocket({ peers: 50 })
        const before = yield* reopenedOnce
        const flood = yield* start("zmqFlood.ts", [seen.endpoint, "idle", "60"])
        yield* until("their end", () => flood.lines.filter((line) => line === "closed").length >= 50)
        const { length } = seen.got
        yield* until("ticks again", () => seen.got.length > length + 20)
        assert.strictEqual(yield* reopenedOnce, before + 1)
      })
  )
})
