/**
 * The feed process's end of the split: shows its Feed and its FrameBus to gateways in other processes.
 *
 * Control goes over a ROUTER socket (see `link.ts`), frames over a PUB socket in batches (see `batch.ts`), and events
 * between them, in their order. There is no login: whoever reaches the two endpoints may subscribe for any user, so they belong on the loopback, in an
 * `ipc://` folder of one user, or on a private network.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as zmq from "zeromq"
import { makeConflatingQueue } from "../conflatingQueue.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import { Feed } from "../feed.ts"
import type { Frame } from "../frame.ts"
import { kept } from "../frame.ts"
import { FrameBus } from "../frameBus.ts"
import * as metrics from "../metrics.ts"
import { BatchWriter } from "./batch.ts"
import { makeControl } from "./control.ts"
import { Leases } from "./leases.ts"
import { DEFAULT_CONTROL_ENDPOINT, DEFAULT_FRAMES_ENDPOINT, MAX_MESSAGE_BYTES } from "./link.ts"
import type { EndpointFailed, SendCounts } from "./sockets.ts"
import { EVENTS_OUTBOX, bind, breathe, scoped, sendFrom, watched } from "./sockets.ts"

export interface FeedServerOptions {
  readonly control?: string
  readonly frames?: string
  /** A gateway that says nothing for so long is taken for dead, and its readers are released. */
  readonly silentAfter?: Duration.Input
  /** Frames that may wait for ZeroMQ. */
  readonly outbox?: number
}

const SILENT_AFTER = Duration.seconds(10)
/**
 * Conflates when it is full, by topic: a gateway's clients want the latest value of everything, not its history.
 */
const OUTBOX = 65_536
/** Batches that ZeroMQ keeps for a gateway that lags: some 64 MB at most. Beyond, that gateway loses batches. */
const HIGH_WATER_MARK = 1000
/** Events in one message. */
const EVENTS_PER_MESSAGE = 64
/** Messages in a row before others get their turn on the event loop. */
const RUN = 8
/** Answers that may wait; beyond, requests wait for room. */
const ANSWERS = 4096
/** Requests at once; beyond, they are refused. A bulk subscription of any size is one request. */
const MAX_REQUESTS = 10_000

export interface FeedServerStats extends SendCounts {
  readonly gateways: number
  readonly readers: number
}

export class FeedServer extends Context.Service<
  FeedServer,
  {
    /** Where gateways connect. */
    readonly control: string
    readonly frames: string
    readonly stats: () => FeedServerStats
  }
>()("algoways/bus/FeedServer") {
  static readonly layer = (
    options: FeedServerOptions = {}
  ): Layer.Layer<FeedServer, EndpointFailed, Feed | FrameBus> => Layer.effect(FeedServer, make(options))
}

/** Differs from one life of the process to the next, and stays an exact integer. */
const newEpoch = (): number => Date.now() * 1000 + Math.floor(Math.random() * 1000)

const make = Effect.fnUntraced(function* (
  options: FeedServerOptions
): Effect.fn.Return<FeedServer["Service"], EndpointFailed, Feed | FrameBus | Scope.Scope> {
  const epoch = newEpoch()
  const writer = new BatchWriter(epoch)
  const leases = new Leases(epoch)
  const router = yield* scoped(() => new zmq.Router({ linger: 0, maxMessageSize: MAX_MESSAGE_BYTES }))
  const publisher = yield* scoped(() => new zmq.Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK }))
  const control = yield* bind(router, options.control ?? DEFAULT_CONTROL_ENDPOINT, "the control of the feed")
  const frames = yield* bind(publisher, options.frames ?? DEFAULT_FRAMES_ENDPOINT, "the frames of the feed")

  const frameStats = yield* publishFrames(publisher, writer, options.outbox ?? OUTBOX)
  yield* serveControl(router, writer, leases, Duration.fromInputUnsafe(options.silentAfter ?? SILENT_AFTER))

  return {
    control,
    frames,
    stats: () => ({ ...frameStats(), gateways: leases.size, readers: leases.readers })
  }
})

const publishFrames = Effect.fnUntraced(function* (
  publisher: zmq.Publisher,
  writer: BatchWriter,
  capacity: number
): Effect.fn.Return<() => SendCounts, never, FrameBus | Scope.Scope> {
  const bus = yield* FrameBus
  const outbox = yield* Effect.acquireRelease(
    Effect.sync(() =>
      makeConflatingQueue<Frame | FeedEvent>({
        capacity,
        keptCapacity: EVENTS_OUTBOX,
        keyOf: (frame) => (frame as Frame).view.topic
      })
    ),
    (q) => q.shutdown
  )
  const stats = yield* sendFrom(
    outbox,
    "link",
    async (chunk, signal, progress) => {
      let messages = 0
      const send = async (message: Buffer): Promise<void> => {
        await publisher.send(message)
        if (++messages % RUN === 0) await breathe()
      }
      for (const run of runsOf(chunk)) {
        if ("events" in run) {
          for (let at = 0; at < run.events.length && !signal.aborted; at += EVENTS_PER_MESSAGE) {
            const events = run.events.slice(at, at + EVENTS_PER_MESSAGE)
            await send(writer.writeEvents(events))
            progress.events += events.length
            progress.sent += events.length
          }
        } else {
          for (let at = 0; at < run.frames.length && !signal.aborted;) {
            const { batch, next } = writer.write(run.frames, at)
            await send(batch)
            progress.sent += next - at
            at = next
          }
        }
      }
    },
    yield* Effect.context<never>()
  )
  yield* bus.subscribe((chunk) => {
    for (const frame of chunk) outbox.offerUnsafe(kept(frame))
  })
  yield* bus.listen((event) => outbox.keepUnsafe(event))
  return stats
})

const isEvent = (item: Frame | FeedEvent): item is FeedEvent => "type" in item

type Run = { readonly frames: ReadonlyArray<Frame> } | { readonly events: ReadonlyArray<FeedEvent> }

/** A chunk in pieces of one kind, in order. */
const runsOf = (chunk: ReadonlyArray<Frame | FeedEvent>): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  for (let from = 0; from < chunk.length;) {
    const event = isEvent(chunk[from]!)
    let to = from + 1
    while (to < chunk.length && isEvent(chunk[to]!) === event) to++
    // Nearly always the whole chunk is frames.
    const piece = from === 0 && to === chunk.length ? chunk : chunk.slice(from, to)
    runs.push(
      event ? { events: piece as ReadonlyArray<FeedEvent> } : { frames: piece as ReadonlyArray<Frame> }
    )
    from = to
  }
  return runs
}

const serveControl = Effect.fnUntraced(function* (
  router: zmq.Router,
  writer: BatchWriter,
  leases: Leases,
  silentAfter: Duration.Duration
): Effect.fn.Return<void, never, Feed | Scope.Scope> {
  const control = makeControl(yield* Feed, writer, leases)
  const answers = yield* Effect.acquireRelease(
    Queue.bounded<readonly [peer: Buffer, text: string]>(ANSWERS),
    Queue.shutdown
  )
  const requests = yield* FiberSet.make<void, never>()

  yield* Queue.take(answers).pipe(
    Effect.flatMap(([peer, text]) => Effect.tryPromise(() => router.send([peer, text]))),
    // The gateway is gone or does not read: its request times out over there.
    Effect.catch((error) => Effect.logDebug("an answer to a gateway could not be sent", error)),
    Effect.forever,
    watched("the feed stopped answering gateways"),
    Effect.forkScoped
  )

  const receive = Effect.fnUntraced(function* () {
    const [peer, body] = yield* Effect.tryPromise(() => router.receive())
    if (peer === undefined) return
    const busy = (yield* FiberSet.size(requests)) >= MAX_REQUESTS
    yield* FiberSet.run(
      requests,
      Effect.flatMap(control.answer(body, busy), (answer) =>
        Effect.asVoid(Queue.offer(answers, [peer, JSON.stringify(answer)] as const))
      )
    )
    yield* Metric.update(metrics.gateways, leases.size)
  })
  yield* receive().pipe(
    Effect.catch((error) =>
      Effect.andThen(
        Effect.logWarning("a control message could not be received", error),
        Effect.sleep("100 millis")
      )
    ),
    Effect.forever,
    watched("the feed stopped listening to gateways"),
    Effect.forkScoped
  )

  yield* releaseSilent(leases, silentAfter, (gateway) => FiberSet.run(requests, control.end(gateway))).pipe(
    Effect.forever,
    watched("the feed stopped watching its gateways"),
    Effect.forkScoped
  )
})

/** One look at the gateways, after a pause. */
const releaseSilent = Effect.fnUntraced(function* (
  leases: Leases,
  silentAfter: Duration.Duration,
  end: (gateway: string) => Effect.Effect<unknown>
) {
  const silentMs = Duration.toMillis(silentAfter)
  const pauseMs = Math.min(1000, silentMs / 4)
  const before = performance.now()
  yield* Effect.sleep(pauseMs)
  const now = performance.now()
  // Woken late means that this process stood still (a suspended machine, a long import), and did not listen.
  if (now - before > 2 * pauseMs) leases.excuse(now - before - pauseMs)
  for (const gateway of leases.silentSince(now - silentMs)) {
    yield* Effect.logWarning(`gateway ${gateway} has been silent for ${silentMs} ms: releasing what it held`)
    yield* end(gateway)
  }
  yield* Metric.update(metrics.gateways, leases.size)
})
