/**
 * The feed process's end of the split: shows its Feed and its FrameBus to gateways in other processes.
 *
 * Control goes over a ROUTER socket (see `link.ts`), frames over a PUB socket in batches (see `batch.ts`), and events
 * between them, in their order. Whoever is let in may subscribe for any user: beyond the loopback and `ipc://` the sockets
 * take keys (see `curve.ts`).
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { breathed } from "../../kit/breathe.ts"
import { makeConflatingQueue } from "../conflatingQueue.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import { Feed } from "../feed.ts"
import type { MarketFrame } from "../../frame/marketFrame.ts"
import { copyOf } from "../../frame/marketFrame.ts"
import { placesOf } from "../descriptors.ts"
import { FrameBus } from "../frameBus.ts"
import { BatchWriter } from "./batch.ts"
import { makeControl } from "./control.ts"
import { serveControl } from "./controlServer.ts"
import type { FeedCurve } from "./curve.ts"
import { feedSecurity } from "./curve.ts"
import { Leases } from "./leases.ts"
import { DEFAULT_CONTROL_ENDPOINT, DEFAULT_FRAMES_ENDPOINT } from "./link.ts"
import type { PublishingSocket } from "./publishing.ts"
import { openPublishing } from "./publishing.ts"
import type { EndpointFailed, SendCounts } from "./sockets.ts"
import { EVENTS_OUTBOX, sendFrom } from "./sockets.ts"

export interface FeedServerOptions {
  readonly control?: string
  readonly frames?: string
  /** A gateway that says nothing for so long is taken for dead, and its readers are released. */
  readonly silentAfter?: Duration.Input
  /** Frames that may wait for ZeroMQ. */
  readonly outbox?: number
  /** Keys; without them, any peer that reaches the sockets is served. */
  readonly curve?: FeedCurve
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
/** Gateways that may be connected; of a low limit of files a 64th. Beyond, all are disconnected and may come again. */
const MOST_PEERS = 64
const PART_OF_FILES = 64
/** A gateway subscribes once, to everything. */
const FRAMES_BOUNDS = { characters: 1000, subscriptions: 4 * MOST_PEERS }

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
  const security = options.curve === undefined ? undefined : yield* feedSecurity(options.curve)
  const peers = placesOf(MOST_PEERS, PART_OF_FILES)
  const control = yield* serveControl({
    endpoint: options.control ?? DEFAULT_CONTROL_ENDPOINT,
    control: makeControl(yield* Feed, writer, leases),
    leases,
    silentAfter: Duration.fromInputUnsafe(options.silentAfter ?? SILENT_AFTER),
    peers,
    security: security?.options ?? {}
  })
  const publisher = yield* openPublishing({
    name: "frames",
    purpose: "the frames of the feed",
    endpoint: options.frames ?? DEFAULT_FRAMES_ENDPOINT,
    highWaterMark: HIGH_WATER_MARK,
    peers,
    bounds: FRAMES_BOUNDS,
    security: security?.options ?? {}
  })
  // libzmq cannot end a single connection: all end, and those whose keys are accepted are back in a moment.
  yield* (
    security?.onRefused(() => {
      const why = "a gateway's key is not accepted any more, and all others connect again"
      control.reopen(why)
      publisher.reopen(why)
    }) ?? Effect.void
  )

  const frameStats = yield* publishFrames(publisher, writer, options.outbox ?? OUTBOX)

  return {
    control: control.endpoint,
    frames: publisher.endpoint,
    stats: () => ({ ...frameStats(), gateways: leases.size, readers: leases.readers })
  }
})

const publishFrames = Effect.fnUntraced(function* (
  publisher: PublishingSocket,
  writer: BatchWriter,
  capacity: number
): Effect.fn.Return<() => SendCounts, never, FrameBus | Scope.Scope> {
  const bus = yield* FrameBus
  const outbox = yield* Effect.acquireRelease(
    Effect.sync(() =>
      makeConflatingQueue<MarketFrame | FeedEvent>({
        capacity,
        keptCapacity: EVENTS_OUTBOX,
        keyOf: (frame) => (frame as MarketFrame).view.topic
      })
    ),
    (q) => q.shutdown
  )
  const stats = yield* sendFrom(
    outbox,
    "link",
    async (chunk, signal, progress) => {
      let messages = 0
      const send = async (message: Buffer): Promise<boolean> => {
        const open = publisher.ready() ?? (await publisher.opened(signal))
        if (open === undefined) return false
        await open.send(message)
        if (++messages % RUN === 0) await breathed()
        return true
      }
      for (const run of runsOf(chunk)) {
        if ("events" in run) {
          for (let at = 0; at < run.events.length && !signal.aborted; at += EVENTS_PER_MESSAGE) {
            const events = run.events.slice(at, at + EVENTS_PER_MESSAGE)
            if (!(await send(writer.writeEvents(events)))) return
            progress.events += events.length
            progress.sent += events.length
          }
        } else {
          for (let at = 0; at < run.frames.length && !signal.aborted;) {
            const { batch, next } = writer.write(run.frames, at)
            if (!(await send(batch))) return
            progress.sent += next - at
            at = next
          }
        }
      }
    },
    yield* Effect.context<never>()
  )
  yield* bus.subscribe((chunk) => {
    for (const frame of chunk) outbox.offerUnsafe(copyOf(frame))
  })
  yield* bus.listen((event) => outbox.keepUnsafe(event))
  return stats
})

const isEvent = (item: MarketFrame | FeedEvent): item is FeedEvent => "type" in item

type Run = { readonly frames: ReadonlyArray<MarketFrame> } | { readonly events: ReadonlyArray<FeedEvent> }

/** A chunk in pieces of one kind, in order. */
const runsOf = (chunk: ReadonlyArray<MarketFrame | FeedEvent>): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  for (let from = 0; from < chunk.length;) {
    const event = isEvent(chunk[from]!)
    let to = from + 1
    while (to < chunk.length && isEvent(chunk[to]!) === event) to++
    // Nearly always the whole chunk is frames.
    const piece = from === 0 && to === chunk.length ? chunk : chunk.slice(from, to)
    runs.push(
      event ? { events: piece as ReadonlyArray<FeedEvent> } : { frames: piece as ReadonlyArray<MarketFrame> }
    )
    from = to
  }
  return runs
}
