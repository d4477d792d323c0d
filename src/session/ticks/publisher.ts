/**
 * The way out of a session: socket callback → guard → conflating queue → one fiber → bus and streams.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TICKS_BUFFER } from "../../brokers/adapter.ts"
import { makeConflatingQueue } from "../../bus/conflatingQueue.ts"
import type { MarketFrame } from "../../frame/marketFrame.ts"
import type { FrameBus } from "../../bus/frameBus.ts"
import { callHook, faultText } from "../../bus/hooks.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { modeBit, modeNumber } from "../../market/mode.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import type { Implausible, Tick } from "../../market/tick.ts"
import type { RejectCause } from "../../protocols/protocol.ts"
import type { LeftOut } from "./guard.ts"
import { explain, guardOf, mend } from "./guard.ts"
import type { BrokerMetrics } from "../metrics.ts"
import { forgetFields, mergeTick } from "./tickMerge.ts"
import type { PriceMemory } from "./plausibility.ts"
import { judge, newPriceMemory } from "./plausibility.ts"
import type { PooledConnection, SubscribedInstrument, UpstreamSubscription } from "../model.ts"
import { noteTick } from "../subscriptions/upstreamSubscription.ts"
import type { SampledLog } from "../../kit/sampledLog.ts"
import { Plausibility } from "../references.ts"

interface Item {
  readonly instrument: SubscribedInstrument
  readonly tick: Tick
  readonly refreshes: number
}

/**
 * Fits every instrument of a full login in several modes. Conflates when it is full: the newest tick of an instrument
 * and kind replaces the one that waits, because a live reader wants the latest price, not history.
 */
const QUEUE_CAPACITY = 32_768

/** The log shows one in ten seconds, the quarantine keeps twenty at once. */
const MOST_EXPLAINED = 20

/** For the sampled log and the quarantine. */
const doubtOf = (
  instrument: SubscribedInstrument,
  seen: PriceMemory,
  tick: Tick,
  why: Implausible
): string =>
  why === "circuit"
    ? `${instrument.name}: ${tick.ltp} is outside the circuit limits ${seen.lower} to ${seen.upper}`
    : `${instrument.name}: ${tick.ltp} after ${seen.last}`

/** Takes a connection's ticks. Called in the socket's callback. */
export type TickHandler = (instrument: WireInstrument, tick: Tick, refreshes: number) => void

export interface TickHandlerOptions {
  readonly connection: PooledConnection
  /** An instrument's packets are merged into one tick: they come in kinds, or over several streams. */
  readonly joined: boolean
  /** Ticks of this stream carry only what their packet carried. */
  readonly partial: boolean
  /** True for a deep-book stream: a late book would replace the main stream's for ever if the instrument no longer wants it. */
  readonly levels?: number | undefined
  readonly onReject: (cause: RejectCause, detail: string) => void
  readonly onLeftOut: LeftOut
  /** The connection's first tick, by the time of day. */
  readonly onTicking: (at: number) => void
  /** An upstream subscription's first tick on this connection, by the clock of durations. */
  readonly onFirst: (upstream: UpstreamSubscription, at: number) => void
}

export interface Publisher {
  readonly tickHandler: (options: TickHandlerOptions) => TickHandler
  /** Publishes waiting ticks at once, so that they come before the event that follows. */
  readonly flush: () => void
  readonly onReject: (cause: RejectCause, detail: string) => void
  readonly onLeftOut: LeftOut
  readonly ticks: Stream.Stream<Tick>
}

/**
 * Keeps the tick for later readers.
 *
 * @param reuse the tick that it replaces may be overwritten, unless it is still the last one of another mode
 */
const remember = (instrument: SubscribedInstrument, tick: Tick, refreshes: number, reuse: boolean): void => {
  const { last } = instrument
  const older =
    (refreshes & modeBit.depth) !== 0 ? last[2] : (refreshes & modeBit.quote) !== 0 ? last[1] : last[0]
  if ((refreshes & modeBit.ltp) !== 0) last[0] = tick
  if ((refreshes & modeBit.quote) !== 0) last[1] = tick
  if ((refreshes & modeBit.depth) !== 0) last[2] = tick
  if (reuse && older !== last[0] && older !== last[1] && older !== last[2]) instrument.spare = older
}

// oxlint-disable-next-line max-lines-per-function -- the way of every tick: its parts share what they change without a hop
export const makePublisher = Effect.fnUntraced(function* (
  count: BrokerMetrics,
  log: SampledLog,
  broker: string,
  bus: Pick<FrameBus["Service"], "publish">
): Effect.fn.Return<Publisher, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const { mode: onDoubt, percent } = yield* Plausibility
  const moment = monotonicOf(clock)
  const doubts = onDoubt !== "off"
  const queue = yield* Effect.acquireRelease(
    Effect.sync(() =>
      makeConflatingQueue<Item>({
        capacity: QUEUE_CAPACITY,
        keyOf: ({ instrument, refreshes, tick }) => `${instrument.name}/${modeNumber[tick.mode]}/${refreshes}`
      })
    ),
    (q) => q.shutdown
  )
  const streams = new Set<Queue.Queue<Tick>>()
  /**
   * Others may still have a tick, so none is overwritten: readers of a stream may keep ticks, and merged ticks share
   * their parts.
   */
  let shared = false
  /** When the oldest waiting tick arrived. Undefined if none waits. */
  let oldestAt: number | undefined

  const onReject = (cause: RejectCause, detail: string): void => {
    count.rejected(cause)
    // Late packets after an unsubscribe are routine: counted, not logged.
    if (cause !== "not_subscribed") log.warn(`rejected: ${cause}`, () => detail)
  }

  const onLeftOut: LeftOut = (field, detail) => {
    count.leftOut(field)
    log.warn("a field was left out", () => detail)
  }

  const enqueue = (instrument: SubscribedInstrument, tick: Tick, refreshes: number): void => {
    const serves =
      instrument.bookless && (refreshes & modeBit.quote) !== 0 ? refreshes | modeBit.depth : refreshes
    queue.offerUnsafe({ instrument, tick, refreshes: serves })
  }

  const tickHandler = (options: TickHandlerOptions): TickHandler => {
    const {
      joined,
      levels,
      onFirst,
      onLeftOut: leaveOut,
      onReject: reject,
      onTicking,
      partial,
      connection
    } = options
    const { clocks, stream } = connection
    const isTick = guardOf(`${broker}/${stream}`)
    if (joined) shared = true
    let ticking = false
    /** The Schema takes its time to say what is wrong: it is asked a few times per frame. */
    let explained = 0
    let explainedAt = -1
    const reason = (tick: Tick): string => {
      if (clocks.arrival !== explainedAt) {
        explained = 0
        explainedAt = clocks.arrival
      }
      return ++explained > MOST_EXPLAINED ? "refused like others of its frame" : explain(tick)
    }
    return (instrument, arrived, refreshes) => {
      let tick = arrived
      const subscribed = instrument as SubscribedInstrument
      const upstream = subscribed.upstream[stream]
      if (!isTick(tick)) {
        const fields: Array<string> = []
        const mended = mend(tick, (field, fault) => {
          fields.push(field)
          leaveOut(field, `${subscribed.name}: ${fault}`)
        })
        if (mended === undefined) {
          if (upstream !== undefined) upstream.rejected++
          return reject("guard", `${subscribed.name}: ${reason(tick)}`)
        }
        if (partial) forgetFields(subscribed, stream, fields)
        tick = mended
      }
      // Late after an unsubscribe, or a second place that an instrument is being moved to.
      const own =
        upstream?.connection === connection
          ? upstream
          : upstream?.next?.connection === connection
            ? upstream.next
            : undefined
      if (own === undefined) return reject("not_subscribed", subscribed.name)
      const at = clocks.arrival
      clocks.tick = at
      if (!ticking) {
        ticking = true
        onTicking(tick.received_time)
      }
      connection.ticks++
      noteTick(own, at, refreshes)
      if (own.state !== "confirmed" || own.stale || own !== upstream) onFirst(own, at)
      if (doubts) {
        const why = judge((own.priceMemory ??= newPriceMemory()), tick, subscribed.tickSize, percent)
        if (why !== undefined) {
          if (onDoubt === "drop") {
            own.rejected++
            return reject("implausible", doubtOf(subscribed, own.priceMemory, tick, why))
          }
          tick = { ...tick, implausible: why }
        }
      }
      // Nobody reads it any more, and it is still subscribed for a moment.
      if (subscribed.views.length === 0) return
      oldestAt ??= at
      if (!joined) return enqueue(subscribed, tick, refreshes)
      if (levels !== undefined && subscribed.want?.depth !== levels)
        return reject("not_subscribed", subscribed.name)
      const merged = mergeTick(subscribed, stream, partial, tick, refreshes)
      enqueue(subscribed, merged.tick, merged.refreshes)
    }
  }

  let seen = { conflated: 0, dropped: 0 }
  let chunk = 0
  const publish = (items: ReadonlyArray<Item>): void => {
    let frames: Array<MarketFrame> = []
    let written = 0
    chunk++
    const now = clock.currentTimeMillisUnsafe()
    for (const { instrument, tick, refreshes } of items) {
      remember(instrument, tick, refreshes, !shared)
      if (instrument.chunk === chunk && frames.length > 0) {
        // Its frames would be written over: what is written goes out before.
        bus.publish(frames)
        written += frames.length
        frames = []
        chunk++
      }
      instrument.chunk = chunk
      for (const active of instrument.views) {
        if ((refreshes & active.bit) !== 0) frames.push(active.write(tick, now))
      }
    }
    if (items.length > 0) count.latency(items[0]!.tick, moment() - (oldestAt ?? moment()))
    oldestAt = undefined
    if (frames.length > 0) bus.publish(frames)
    for (const stream of streams) {
      const overflow = Queue.sizeUnsafe(stream) + items.length - TICKS_BUFFER
      if (overflow > 0) count.streamDropped(overflow)
      for (const { tick } of items) Queue.offerUnsafe(stream, tick)
    }
    const { conflated, dropped } = queue.stats
    count.published(items.length, written + frames.length)
    count.queue(conflated - seen.conflated, dropped - seen.dropped)
    seen = { conflated, dropped }
  }

  const unpublished = (defect: unknown): void =>
    log.error("a chunk could not be published", () => faultText(defect))
  yield* queue.serve(publish).pipe(
    Effect.catchDefect((defect) => Effect.sync(() => unpublished(defect))),
    Effect.forever,
    Effect.forkScoped
  )

  return {
    tickHandler,
    flush: () => {
      const items = queue.drainUnsafe()
      if (items.length > 0) callHook(() => publish(items), unpublished)
    },
    onReject,
    onLeftOut,
    ticks: Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          // Sliding: a reader that lags loses its oldest ticks, counted above, and holds up nobody.
          Effect.tap(Queue.sliding<Tick>(TICKS_BUFFER), (q) =>
            Effect.sync(() => {
              shared = true
              streams.add(q)
            })
          ),
          (q) =>
            Effect.andThen(
              Effect.sync(() => streams.delete(q)),
              Queue.shutdown(q)
            )
        ),
        (q) => Stream.fromQueue(q)
      )
    )
  }
})
