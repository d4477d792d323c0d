/**
 * How long a tick takes on each leg of its way, as Prometheus histograms in milliseconds: always on, so sampled, one
 * tick per chunk. Times are whole milliseconds of the processes' clocks; the exchange's leg holds its clock skew too.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"

export type Leg = "exchange_to_received" | "received_to_published" | "published_to_sent"

/** A metric remembers the labels of its last update only: one that several share would find its series anew each time. */
const histogram = () =>
  Metric.histogram("algoways_latency_milliseconds", {
    description: "Time of a tick on one leg of its way, by broker; one tick per chunk is measured",
    boundaries: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
  })

/** An update with its labels bound. */
export const ofLeg = (leg: Leg, broker: string, context: Context.Context<never>): ((ms: number) => void) => {
  const labelled = Metric.withAttributes(histogram(), { broker, leg })
  return (ms) => labelled.updateUnsafe(ms, context)
}
