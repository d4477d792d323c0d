/**
 * The public ZeroMQ interface: a PUB socket with one tick a message, in two parts, topic and JSON.
 *
 * The topic is `SYMBOL.EXCHANGE.MODE` with the modes 1 LTP, 2 Quote, 4 Depth, for example `INFY.NSE.4`. The JSON
 * is the `data` object of the frame that WebSocket clients get, the very same bytes. Described for users in
 * `docs/zeromq.md`.
 *
 * Events of a user's feed have the topic `!event/USER`. They are published while somebody has subscribed to topics
 * that begin with an exclamation mark: whoever takes everything by an empty prefix was promised ticks.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { breathed } from "../../kit/breathe.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import type { Mode } from "../../market/mode.ts"
import { makeConflatingQueue } from "../conflatingQueue.ts"
import type { MarketFrame, View } from "../../frame/marketFrame.ts"
import { placesOf } from "../descriptors.ts"
import { FrameBus } from "../frameBus.ts"
import { openPublishing } from "./publishing.ts"
import type { EndpointFailed, SendCounts } from "./sockets.ts"
import { EVENTS_OUTBOX, sendFrom } from "./sockets.ts"
import type { SubscriberBounds } from "./subscribers.ts"
import { EVENT_MARK } from "./subscribers.ts"

export const DEFAULT_PUBLIC_ENDPOINT = "tcp://127.0.0.1:5555"

/** The mode numbers of the public topics. Depth is 4 here, and 3 for WebSocket clients. */
export const topicMode: Readonly<Record<Mode, 1 | 2 | 4>> = { ltp: 1, quote: 2, depth: 4 }

export const publicTopic = (view: Pick<View, "symbol" | "exchange" | "mode">): string =>
  `${view.symbol}.${view.exchange}.${topicMode[view.mode]}`

export const eventTopic = (user: string): string => `${EVENT_MARK}event/${user}`

export interface PublisherOptions {
  /** `tcp://host:port` or `ipc://path`. Whoever reaches it reads the market data: keep it on the loopback. */
  readonly endpoint?: string
  /** Publishes this user's feed only. Without it, all users' ticks appear under the same topics. */
  readonly user?: string
  /** Messages that ZeroMQ keeps for a subscriber that lags; beyond, that subscriber loses messages. */
  readonly highWaterMark?: number
  /** Frames that may wait for ZeroMQ. */
  readonly outbox?: number
  /** Subscribers at once. Beyond, and beyond `bounds`, all are disconnected and may come again. */
  readonly peers?: number
  readonly bounds?: Partial<SubscriberBounds>
}

/**
 * Room for a burst of every instrument of a full login. Conflates when it is full, by topic: the latest value of
 * every instrument goes out, its history does not.
 */
const OUTBOX = 16_384
const HIGH_WATER_MARK = 10_000
/**
 * So many, or an eighth of the files that the process may have open: others' silent connections, which libzmq ends after a
 * while, should not be what ends a subscriber's.
 */
const MOST_PEERS = 1024
const PART_OF_FILES = 8
/**
 * Some 40 000 instruments and modes by their full names, or a hundred subscribers that ask for 2000 topics each. A flood takes
 * some 60 MB until it ends here, and less than twice as much where the event loop lags behind libzmq.
 */
const BOUNDS: SubscriberBounds = { characters: 1_000_000, subscriptions: 200_000 }
/** Messages in a row before others get their turn on the event loop: about a millisecond. */
const RUN = 200

/** The book of one instrument of one user, and the deepest of its views in the chunk at hand. */
interface DepthTopic {
  chunk: number
  deepest: View
}

interface Route {
  readonly topic: string
  /** Depth views only. */
  readonly book: DepthTopic | undefined
}

/**
 * Leaves one frame per topic: of several depth views of one instrument (5 levels for one client, 20 for another)
 * only the deepest is published. All views of a tick come in one chunk, so a look at the chunk is enough and
 * nothing needs to know when a view ends.
 *
 * Remembers one small record per instrument that was ever read in depth mode.
 */
export const makeDeepestOnly = (accept: (frame: MarketFrame, topic: string) => void) => {
  const routes = new WeakMap<View, Route>()
  const books = new Map<string, DepthTopic>()
  let chunk = 0

  const routeOf = (view: View): Route => {
    let route = routes.get(view)
    if (route === undefined) {
      let book: DepthTopic | undefined
      if (view.mode === "depth") {
        const name = `${view.user}/${view.exchange}:${view.symbol}`
        book = books.get(name)
        if (book === undefined) books.set(name, (book = { chunk: 0, deepest: view }))
      }
      route = { topic: publicTopic(view), book }
      routes.set(view, route)
    }
    return route
  }

  return (frames: ReadonlyArray<MarketFrame>): void => {
    chunk++
    for (const { view } of frames) {
      if (view.mode !== "depth") continue
      const book = routeOf(view).book!
      if (book.chunk !== chunk || view.levels > book.deepest.levels) {
        book.chunk = chunk
        book.deepest = view
      }
    }
    for (const frame of frames) {
      const { book, topic } = routeOf(frame.view)
      if (book === undefined || book.deepest === frame.view) accept(frame, topic)
    }
  }
}

type Outgoing =
  /** The body is a copy of the frame's data: the frame is gone by the time it is sent. */
  | { readonly topic: string; readonly view: View; readonly body: Buffer }
  | { readonly topic: string; readonly event: FeedEvent }

const bodyOf = (item: Outgoing): Buffer | string => ("body" in item ? item.body : JSON.stringify(item.event))

export class ZmqPublisher extends Context.Service<
  ZmqPublisher,
  {
    /** Where subscribers connect. */
    readonly endpoint: string
    readonly stats: () => SendCounts
  }
>()("algoways/bus/ZmqPublisher") {
  static readonly layer = (
    options: PublisherOptions = {}
  ): Layer.Layer<ZmqPublisher, EndpointFailed, FrameBus> =>
    Layer.effect(
      ZmqPublisher,
      Effect.gen(function* () {
        const bus = yield* FrameBus
        const socket = yield* openPublishing({
          name: "public",
          purpose: "the public market data",
          endpoint: options.endpoint ?? DEFAULT_PUBLIC_ENDPOINT,
          highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK,
          peers: options.peers ?? placesOf(MOST_PEERS, PART_OF_FILES),
          bounds: { ...BOUNDS, ...options.bounds }
        })
        const outbox = yield* Effect.acquireRelease(
          Effect.sync(() =>
            makeConflatingQueue<Outgoing>({
              capacity: options.outbox ?? OUTBOX,
              keptCapacity: EVENTS_OUTBOX,
              keyOf: (o) => ("view" in o ? o.view.topic : o.topic)
            })
          ),
          (q) => q.shutdown
        )
        const stats = yield* sendFrom(
          outbox,
          "public",
          async (chunk, signal, progress) => {
            for (const item of chunk) {
              const open = socket.ready() ?? (await socket.opened(signal))
              if (signal.aborted || open === undefined) return
              await open.send([item.topic, bodyOf(item)])
              progress.sent++
              if ("event" in item) progress.events++
              if (progress.sent % RUN === 0) await breathed()
            }
          },
          yield* Effect.context<never>()
        )
        const deepest = makeDeepestOnly((frame, topic) => {
          if (!socket.subscribers().want(topic)) return
          const { dataEnd, dataStart, payload, view } = frame
          outbox.offerUnsafe({ topic, view, body: Buffer.from(payload.subarray(dataStart, dataEnd)) })
        })
        const publish = (frames: ReadonlyArray<MarketFrame>): void => {
          if (!socket.subscribers().isEmpty) deepest(frames)
        }
        const { user } = options
        yield* bus.listen((event) => {
          if (!socket.subscribers().wantEvents || (user !== undefined && event.user !== user)) return
          outbox.keepUnsafe({ topic: eventTopic(event.user), event })
        })
        yield* bus.subscribe(
          user === undefined ? publish : (frames) => publish(frames.filter((f) => f.view.user === user))
        )
        return ZmqPublisher.of({ endpoint: socket.endpoint, stats })
      })
    )
}
