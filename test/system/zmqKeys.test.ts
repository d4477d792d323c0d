/** Keys on the line between feed and gateway, over real sockets. */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as zmq from "zeromq"
import { Feed } from "../../src/bus/feed.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import * as metrics from "../../src/bus/metrics.ts"
import { toZ85 } from "../../src/bus/zmq/curve.ts"
import { FeedServer, remoteFeedLayer } from "../../src/bus/zmq/index.ts"
import type { GatewayCurve } from "../../src/bus/zmq/index.ts"
import { lineKeys } from "../../src/store/users/lineKeys.ts"
import type { FakeFeed } from "./fixtures/zmqFakeFeed.ts"
import { depthTick, fakeFeedLayer } from "./fixtures/zmqFakeFeed.ts"
import { freeEndpoint, until } from "./fixtures/zmqSupport.ts"
import { temporaryFolder } from "./support/processes.ts"

/** A feed with keys, in a data folder of its own, that ticks all the time. */
const makeFeed = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const keys = lineKeys(folder)
  const { publicKey, secretKey } = yield* keys.feed
  let fake: FakeFeed | undefined
  const context = yield* Layer.build(fakeFeedLayer((made) => (fake = made)))
  const [control, frames] = [yield* freeEndpoint, yield* freeEndpoint]
  yield* Layer.build(FeedServer.layer({ control, frames, curve: { secretKey, accepts: keys.accepts } })).pipe(
    Effect.provideContext(context)
  )
  yield* Context.get(context, Feed).subscribe("asha", "watch", [
    { symbol: "INFY", exchange: "NSE", mode: "ltp", depth: 5 }
  ])
  yield* Effect.acquireRelease(
    Effect.sync(() => setInterval(() => fake!.publish(depthTick("INFY", 1500)), 5)),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
  return { keys, control, frames, feedKey: publicKey }
})

/** A gateway with a data folder of its own, as on another machine. */
const makeGateway = Effect.fnUntraced(function* (feedKey: string) {
  const { publicKey, secretKey } = yield* lineKeys(yield* temporaryFolder).gateway
  return { feedKey, publicKey, secretKey } satisfies GatewayCurve
})

const connect = Effect.fnUntraced(function* (
  { control, frames }: { readonly control: string; readonly frames: string },
  curve?: GatewayCurve
) {
  const remote = yield* Layer.build(
    Layer.fresh(
      remoteFeedLayer({ control, frames, timeout: "1 second", ...(curve === undefined ? {} : { curve }) })
    )
  )
  const seen = { frames: 0 }
  yield* Context.get(remote, FrameBus).subscribe((chunk) => (seen.frames += chunk.length))
  return { feed: Context.get(remote, Feed), seen }
})

const counted = (metric: typeof metrics.keysRefused) =>
  Effect.map(Metric.value(metric), ({ count }) => Number(count))

describe("the line with keys", () => {
  it.live("serves a gateway whose key is accepted, and answers to the feed that the gateway trusts", () =>
    Effect.gen(function* () {
      const made = yield* makeFeed
      const gateway = yield* makeGateway(made.feedKey)
      yield* made.keys.accept("charts", gateway.publicKey)
      const { feed, seen } = yield* connect(made, gateway)
      assert.strictEqual((yield* feed.attach("asha", "c1")).state, "connected")
      yield* until("frames", () => seen.frames > 0)
    })
  )

  it.live("serves the gateway of the feed's own folder unasked", () =>
    Effect.gen(function* () {
      const made = yield* makeFeed
      const { publicKey, secretKey } = yield* made.keys.gateway
      const { feed, seen } = yield* connect(made, { feedKey: yield* made.keys.trusted, publicKey, secretKey })
      assert.strictEqual((yield* feed.attach("asha", "c1")).state, "connected")
      yield* until("frames", () => seen.frames > 0)
    })
  )

  it.live("shows nothing to a key that is not accepted, counts it, and serves it once it is", () =>
    Effect.gen(function* () {
      const made = yield* makeFeed
      const before = yield* counted(metrics.keysRefused)
      const gateway = yield* makeGateway(made.feedKey)
      const { feed, seen } = yield* connect(made, gateway)
      assert.strictEqual((yield* Effect.flip(feed.attach("asha", "c1"))).code, "BROKER_CONNECTION_ERROR")
      assert.strictEqual(seen.frames, 0)
      // Of both sockets.
      assert.isAtLeast(yield* counted(metrics.keysRefused), before + 2)
      yield* made.keys.accept("charts", gateway.publicKey)
      yield* until("frames", () => seen.frames > 0)
      assert.strictEqual((yield* feed.attach("asha", "c1")).state, "connected")
    })
  )

  it.live("shows nothing to a gateway without keys, nor to one that trusts another feed", () =>
    Effect.gen(function* () {
      const made = yield* makeFeed
      const failed = Metric.withAttributes(metrics.handshakesFailed, { socket: "control" })
      const before = yield* counted(failed)
      const other = yield* makeGateway("00".repeat(32))
      yield* made.keys.accept("charts", other.publicKey)
      const plain = yield* connect(made)
      const stranger = yield* connect(made, other)
      yield* Effect.sleep("1500 millis")
      assert.deepStrictEqual([plain.seen.frames, stranger.seen.frames], [0, 0])
      assert.isAbove(yield* counted(failed), before)
      // Nor to a bare subscriber of frames.
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => new zmq.Subscriber({ receiveTimeout: 500 })),
        (s) => Effect.sync(() => s.close())
      )
      socket.connect(made.frames)
      socket.subscribe()
      const got = yield* Effect.promise(() =>
        socket.receive().catch((error: NodeJS.ErrnoException) => error.code)
      )
      assert.strictEqual(got, "EAGAIN")
    })
  )

  it.live(
    "ends the connection of a gateway whose key is refused, and loses nothing for another",
    () =>
      Effect.gen(function* () {
        const made = yield* makeFeed
        const refused = yield* makeGateway(made.feedKey)
        const kept = yield* makeGateway(made.feedKey)
        yield* made.keys.accept("charts", refused.publicKey)
        yield* made.keys.accept("desk", kept.publicKey)
        const one = yield* connect(made, refused)
        const other = yield* connect(made, kept)
        yield* one.feed.attach("asha", "c1")
        yield* other.feed.attach("asha", "c2")
        yield* until("frames", () => one.seen.frames > 0 && other.seen.frames > 0)
        const lost = yield* counted(metrics.lost)
        yield* made.keys.refuse("charts")
        let before = -1
        const quiet = Effect.gen(function* () {
          before = one.seen.frames
          yield* Effect.sleep("500 millis")
          return one.seen.frames === before
        })
        let looks = 0
        while (!(yield* quiet)) assert.isBelow(++looks, 8)
        assert.strictEqual(
          (yield* Effect.flip(one.feed.attach("asha", "c3"))).code,
          "BROKER_CONNECTION_ERROR"
        )
        const { frames } = other.seen
        yield* until("frames for the other", () => other.seen.frames > frames + 20)
        assert.strictEqual((yield* other.feed.attach("asha", "c4")).state, "connected")
        assert.strictEqual(one.seen.frames, before)
        assert.strictEqual(yield* counted(metrics.lost), lost)
      }),
    // Whoever comes back later than the frames wait has lost some: on a busy machine that can be.
    { timeout: 20_000, retry: 2 }
  )

  it("writes keys as ZeroMQ does", () => {
    // The example of RFC 32, and ZeroMQ's own pairs.
    assert.strictEqual(toZ85("864fd26fb559f75b"), "HelloWorld")
  })
})

describe("the keys in the data folder", () => {
  it.live("belong together, stay the same, and are their owner's alone", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const keys = lineKeys(folder)
      const pair = yield* keys.feed
      assert.strictEqual((yield* keys.feed).publicKey, pair.publicKey)
      assert.strictEqual(statSync(join(folder, "line", "feed.key")).mode & 0o077, 0)
      assert.strictEqual(
        readFileSync(join(folder, "line", "feed.key"), "utf8").trim(),
        Redacted.value(pair.secretKey)
      )
    })
  )

  it.live("accept by name, replace and refuse, and say what is wrong with a file", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const keys = lineKeys(folder)
      const [one, two] = ["1".repeat(64), "a".repeat(64)]
      assert.isFalse(keys.accepts(one))
      yield* keys.accept("charts", one)
      yield* keys.accept("desk", two.toUpperCase())
      assert.isTrue(keys.accepts(one))
      assert.isTrue(keys.accepts(two))
      yield* keys.accept("charts", "2".repeat(64))
      assert.isFalse(keys.accepts(one))
      assert.isTrue(yield* keys.refuse("desk"))
      assert.isFalse(yield* keys.refuse("desk"))
      assert.isFalse(keys.accepts(two))
      assert.include((yield* Effect.flip(keys.accept("x", "beef"))).message, "64 hexadecimal digits")
      assert.include((yield* Effect.flip(keys.accept("a b", one))).message, "letters")
      const file = join(folder, "line", "accepted-gateways")
      assert.strictEqual(statSync(file).mode & 0o077, 0)
      writeFileSync(file, "nonsense\n")
      assert.include((yield* Effect.flip(keys.accepted)).message, file)
    })
  )
})
