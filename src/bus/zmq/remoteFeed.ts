/**
 * The gateway process's end of the split: a Feed whose sessions run in the feed process, and the FrameBus on which
 * that process's frames and events arrive.
 *
 * Clients of the gateway notice a restart of the feed process as a gap: their subscriptions are restored, and events say so.
 * A frame's payload shares the memory of its whole message: a handler that keeps a frame for long must copy it.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"
import type { FeedInfo } from "../feed.ts"
import { Feed } from "../feed.ts"
import { FrameBus } from "../frameBus.ts"
import * as metrics from "../metrics.ts"
import { BatchReader } from "./batch.ts"
import type { GatewayCurve } from "./curve.ts"
import { gatewaySecurity } from "./curve.ts"
import type { FeedLink } from "./feedLink.ts"
import { makeFeedLink, unreachable, valueOf } from "./feedLink.ts"
import type { FeedWatch } from "./feedWatch.ts"
import { makeFeedWatch } from "./feedWatch.ts"
import { watchHandshakes } from "./handshakes.ts"
import { DEFAULT_CONTROL_ENDPOINT, DEFAULT_FRAMES_ENDPOINT, values } from "./link.ts"
import { RemoteReaders } from "./remoteReaders.ts"
import type { EndpointFailed } from "./sockets.ts"
import { connect, scoped } from "./sockets.ts"

export interface RemoteFeedOptions {
  readonly control?: string
  readonly frames?: string
  /** This gateway's name, unique among those of one feed process. Random by default. */
  readonly gateway?: string
  readonly pingEvery?: Duration.Input
  /** A ping without an answer for so long: the feed process is gone or stands still. */
  readonly silentAfter?: Duration.Input
  /** For requests that the feed process answers at once. */
  readonly timeout?: Duration.Input
  /** For an attach, which waits for the broker's answer to a first connection attempt. */
  readonly attachTimeout?: Duration.Input
  /** Keys, where the feed takes them. */
  readonly curve?: GatewayCurve
  /** A user's broker as set here; clients see it until the feed has answered. */
  readonly brokerSetFor?: (user: string) => Effect.Effect<string>
}

const PING_EVERY = Duration.seconds(1)
const TIMEOUT = Duration.seconds(5)
const ATTACH_TIMEOUT = Duration.seconds(60)
const SILENT_AFTER = Duration.seconds(3)
/** How long the end of this process may wait to say goodbye. */
const LEAVE_TIMEOUT = Duration.millis(500)
/** Batches that ZeroMQ keeps while this process is busy: some 64 MB at most. */
const HIGH_WATER_MARK = 1000

/** The Feed alone; frames go to the FrameBus of the context. */
export const layerFeed = (options: RemoteFeedOptions = {}): Layer.Layer<Feed, EndpointFailed, FrameBus> =>
  Layer.effect(Feed, make(options))

/** The Feed, and a FrameBus of this process that its frames arrive on. */
export const layer = (options: RemoteFeedOptions = {}): Layer.Layer<Feed | FrameBus, EndpointFailed> =>
  Layer.provideMerge(layerFeed(options), FrameBus.layer)

const brokersOf = valueOf(values.brokers)
const infoOf = valueOf(values.info)
const lastOf = valueOf(values.last)
const statusOf = valueOf(values.status)
const instrumentOf = valueOf(values.instrument)
const viewsOf = valueOf(values.views)

const make = Effect.fnUntraced(function* (
  options: RemoteFeedOptions
): Effect.fn.Return<Feed["Service"], EndpointFailed, FrameBus | Scope.Scope> {
  const endpoint = options.control ?? DEFAULT_CONTROL_ENDPOINT
  const gateway = options.gateway ?? `gateway-${process.pid}-${randomUUID().slice(0, 8)}`
  const timeout = Duration.fromInputUnsafe(options.timeout ?? TIMEOUT)
  const known = Latch.makeUnsafe(false)
  const changed = Latch.makeUnsafe(false)

  const link = yield* makeFeedLink(endpoint, gateway, options.curve, () => {
    known.openUnsafe()
    changed.openUnsafe()
  })
  const leased = Effect.suspend(() => {
    const lease = link.lease()
    const silence = lease === undefined ? link.silence() : undefined
    if (silence !== undefined) return Effect.fail(silence)
    return lease === undefined
      ? known.await.pipe(
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => Effect.fail(unreachable("no answer so far"))
          }),
          Effect.andThen(
            Effect.suspend(() => {
              const first = link.lease()
              return first === undefined
                ? Effect.fail(link.silence() ?? unreachable("no answer so far"))
                : Effect.succeed(first)
            })
          )
        )
      : Effect.succeed(lease)
  })
  const patience = {
    requestMs: Duration.toMillis(timeout),
    attachMs: Duration.toMillis(Duration.fromInputUnsafe(options.attachTimeout ?? ATTACH_TIMEOUT))
  }
  const readers = new RemoteReaders(link, leased, patience, (user, refused) => watch.refused(user, refused))
  const info = (user: string) => Effect.flatMap(link.ask({ op: "info", user }, timeout), infoOf)
  // Pings, so that the feed process knows that this gateway lives, and this gateway that the feed process does.
  const watch: FeedWatch = makeFeedWatch({
    endpoint,
    ping: link.ask({ op: "ping" }, options.silentAfter ?? SILENT_AFTER),
    pingEvery: options.pingEvery ?? PING_EVERY,
    // Those who wait for the first answer need not wait for its time limit.
    giveUp: Effect.andThen(link.giveUp, known.release),
    onAnswer: changed.open,
    info,
    brokerSetFor: options.brokerSetFor,
    users: () => readers.users(),
    heldBy: (user) => readers.heldBy(user),
    tell: (yield* FrameBus).tell,
    clock: yield* Clock.Clock
  })
  yield* receiveFrames(options, link, watch, timeout)
  yield* watch.run

  // A changed lease opens the latch; so does every ping, for what could not be restored the last time.
  yield* changed.await.pipe(
    Effect.andThen(changed.close),
    Effect.andThen(readers.restore),
    Effect.andThen(watch.settle),
    Effect.forever,
    watched("the gateway stopped restoring its readers"),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => Effect.ignore(link.ask({ op: "leave" }, LEAVE_TIMEOUT)))

  const noting = <E>(user: string, asked: Effect.Effect<FeedInfo, E>) =>
    Effect.tap(asked, (said) => Effect.sync(() => watch.note(user, said)))

  let brokers: ReadonlyArray<string> = []
  return {
    brokers: link.ask({ op: "brokers" }, timeout).pipe(
      Effect.flatMap(brokersOf),
      Effect.tap((names) => Effect.sync(() => (brokers = names))),
      // The names hardly change: those of the last answer serve while there is none.
      Effect.catch(() => Effect.sync(() => brokers))
    ),
    attach: (user, reader) => noting(user, readers.attach(user, reader)),
    subscribe: (user, reader, requests) => readers.subscribe(user, reader, requests),
    unsubscribe: (user, reader, requests) => readers.unsubscribe(user, reader, requests),
    release: (user, reader) => readers.release(user, reader),
    info: (user) => noting(user, info(user)),
    last: (user, requests) => Effect.flatMap(link.ask({ op: "last", user, requests }, timeout), lastOf),
    status: (user) => Effect.flatMap(link.ask({ op: "status", user }, timeout), statusOf),
    instrument: (user, exchange, symbol) =>
      Effect.flatMap(link.ask({ op: "instrument", user, exchange, symbol }, timeout), instrumentOf)
  }
})

const receiveFrames = Effect.fnUntraced(function* (
  { curve, frames: endpoint = DEFAULT_FRAMES_ENDPOINT }: RemoteFeedOptions,
  link: FeedLink,
  watch: FeedWatch,
  timeout: Duration.Duration
): Effect.fn.Return<void, EndpointFailed, FrameBus | Scope.Scope> {
  const bus = yield* FrameBus
  const context = yield* Effect.context<never>()
  const socket = yield* scoped(
    () =>
      new zmq.Subscriber({
        linger: 0,
        receiveHighWaterMark: HIGH_WATER_MARK,
        reconnectInterval: 100,
        reconnectMaxInterval: 1000,
        ...gatewaySecurity(curve)
      })
  )
  yield* watchHandshakes(socket, endpoint, curve !== undefined)
  yield* connect(socket, endpoint, "the frames of the feed")
  socket.subscribe()

  const asking = yield* FiberSet.make<void, never>()
  const fork = yield* FiberSet.runtime(asking)()
  const describe = (ids: ReadonlyArray<number>): Effect.Effect<void> =>
    link.ask({ op: "views", ids }, timeout).pipe(
      Effect.flatMap((answer) => Effect.map(viewsOf(answer), (views) => reader.learn(answer.epoch, views))),
      Effect.catch((error) => Effect.logDebug("views of the feed process could not be learned", error)),
      Effect.andThen(Effect.sync(() => reader.forget(ids)))
    )
  let warned = false
  const reader: BatchReader = new BatchReader({
    frames: (frames) => {
      metrics.received.updateUnsafe(frames.length, context)
      bus.publish(frames)
    },
    events: (events) => {
      for (const event of events) {
        Metric.withAttributes(metrics.eventsReceived, { type: event.type }).updateUnsafe(1, context)
        watch.heard(event)
      }
    },
    unknown: (ids) => {
      fork(describe(ids))
    },
    malformed: (detail) => {
      metrics.malformed.updateUnsafe(1, context)
      if (warned) return
      warned = true
      fork(
        Effect.logWarning(`the feed process at ${endpoint} sent ${detail}. Further ones are only counted.`)
      )
    },
    lost: (batches) => metrics.lost.updateUnsafe(batches, context)
  })

  yield* Effect.tryPromise(() => socket.receive()).pipe(
    Effect.map(([message]) => {
      if (message !== undefined) reader.read(message)
    }),
    Effect.catch((error) =>
      Effect.andThen(Effect.logWarning("frames could not be received", error), Effect.sleep("100 millis"))
    ),
    Effect.catchDefect((defect) => Effect.logError("a batch of frames could not be handed on", defect)),
    Effect.forever,
    watched("the gateway stopped receiving frames"),
    Effect.forkScoped
  )
})
