/** What the feed counts. Prometheus names; `broker` is the only label besides the cause, or the field. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { ConnectionFailure } from "../market/errors.ts"
import type { Decision, FeedEvent } from "../market/feedEvent.ts"
import type { Tick } from "../market/tick.ts"
import { ofLeg } from "../bus/latency.ts"
import type { RejectCause } from "../protocols/protocol.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

// Metrics that are updated for every wire frame or chunk are made once per broker: a metric remembers the labels of its
// last update only, and finds the series of others by their names.
const framesIn = () => counter("algoways_feed_frames_in_total", "Frames received from the broker")
const bytesIn = () => counter("algoways_feed_bytes_in_total", "Bytes received from the broker")
const ticks = () => counter("algoways_feed_ticks_total", "Ticks that passed the guard")
const published = () =>
  counter("algoways_feed_frames_published_total", "Frames handed to the bus, one per view and tick")
const rejects = counter("algoways_feed_rejects_total", "Packets that became no tick, by cause")
const leftOut = counter(
  "algoways_feed_fields_left_out_total",
  "Fields of ticks that could not be right and were left out, by field"
)
const conflated = counter("algoways_feed_conflated_total", "Ticks replaced by a newer one while waiting")
const droppedTicks = counter("algoways_feed_dropped_total", "Ticks dropped from the full queue")
const streamDropped = counter("algoways_feed_stream_dropped_total", "Ticks that a lagging stream reader lost")
export const hookFaults = counter(
  "algoways_feed_hook_faults_total",
  "Calls of an embedder's function that threw or answered nonsense, by its name"
)
const refused = counter("algoways_feed_refused_total", "Requests that the broker refused")
const connects = counter("algoways_feed_connects_total", "Connections that the broker accepted")
const failures = counter(
  "algoways_feed_connection_failures_total",
  "Connections that failed or ended, by cause"
)
const events = counter("algoways_feed_events_total", "Events told to those who listen, by type")
const decisions = counter("algoways_feed_decisions_total", "What supervisors did about faults, by decision")
const connections = Metric.gauge("algoways_feed_connections", { description: "Connections that are up" })
const instruments = Metric.gauge("algoways_feed_instruments", {
  description: "Instruments subscribed upstream"
})

/** Updates with the labels bound, cheap enough for callbacks (35 ns each, called per frame or per chunk). */
export interface BrokerMetrics {
  readonly frame: (bytes: number) => void
  readonly published: (ticks: number, frames: number) => void
  readonly queue: (conflated: number, dropped: number) => void
  readonly streamDropped: (ticks: number) => void
  readonly rejected: (cause: RejectCause) => void
  /** @param field a tick's: few, and none of the broker's making */
  readonly leftOut: (field: string) => void
  readonly refused: () => void
  /** @param hook the name of an embedder's function: few, and ours */
  readonly hookFault: (hook: string) => void
  readonly connected: () => void
  /** The legs of one tick's way; called once per chunk, for its oldest tick. */
  readonly latency: (tick: Tick, waitedMs: number) => void
  readonly event: (type: FeedEvent["type"]) => void
  readonly decided: (decision: Decision) => void
  readonly failed: (cause: ConnectionFailure["_tag"]) => void
  readonly connections: (up: number) => void
  readonly instruments: (subscribed: number) => void
}

export const forBroker = (broker: string): Effect.Effect<BrokerMetrics> =>
  Effect.map(Effect.context<never>(), (context) => {
    const of = <I, S>(metric: Metric.Metric<I, S>) => {
      const labelled = Metric.withAttributes(metric, { broker })
      return (value: I) => labelled.updateUnsafe(value, context)
    }
    /** Causes are few, and a frame may have a thousand. */
    const byCause = (metric: Metric.Metric<number, unknown>) => {
      const known = new Map<string, (value: number) => void>()
      return (cause: string): void => {
        let one = known.get(cause)
        if (one === undefined) known.set(cause, (one = of(Metric.withAttributes(metric, { cause }))))
        one(1)
      }
    }
    /** Fields are few, and a wire may send a bad one with every packet. */
    const leftOutOf = new Map<string, (value: number) => void>()
    const leg = {
      exchange: ofLeg("exchange_to_received", broker, context),
      published: ofLeg("received_to_published", broker, context)
    }
    const update = {
      framesIn: of(framesIn()),
      bytesIn: of(bytesIn()),
      ticks: of(ticks()),
      published: of(published()),
      conflated: of(conflated),
      dropped: of(droppedTicks),
      streamDropped: of(streamDropped),
      refused: of(refused),
      connects: of(connects),
      connections: of(connections),
      instruments: of(instruments)
    }
    return {
      frame: (bytes) => {
        update.framesIn(1)
        update.bytesIn(bytes)
      },
      published: (tickCount, frameCount) => {
        update.ticks(tickCount)
        update.published(frameCount)
      },
      queue: (conflatedCount, droppedCount) => {
        if (conflatedCount > 0) update.conflated(conflatedCount)
        if (droppedCount > 0) update.dropped(droppedCount)
      },
      streamDropped: update.streamDropped,
      rejected: byCause(rejects),
      leftOut: (field) => {
        let one = leftOutOf.get(field)
        if (one === undefined) {
          one = of(Metric.withAttributes(leftOut, { field }))
          leftOutOf.set(field, one)
        }
        one(1)
      },
      refused: () => update.refused(1),
      hookFault: (hook) => Metric.withAttributes(hookFaults, { broker, hook }).updateUnsafe(1, context),
      event: (type) => Metric.withAttributes(events, { broker, type }).updateUnsafe(1, context),
      decided: (decision) => Metric.withAttributes(decisions, { broker, decision }).updateUnsafe(1, context),
      latency: (tick, waitedMs) => {
        leg.published(waitedMs)
        // Clocks of two machines: a skew may make it negative, which says nothing about latency.
        const exchanged = tick.exchange_time
        if (exchanged !== undefined && exchanged <= tick.received_time)
          leg.exchange(tick.received_time - exchanged)
      },
      connected: () => update.connects(1),
      failed: byCause(failures),
      connections: update.connections,
      instruments: update.instruments
    }
  })
