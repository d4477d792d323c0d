/** Every rejected frame, except routine ones, is counted in one of these two. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

const quarantined = counter(
  "algoways_feed_quarantined_total",
  "Rejected frames kept in the quarantine, by cause"
)
const skipped = counter(
  "algoways_feed_quarantine_skipped_total",
  "Rejected frames not kept (too many, no frame, or one that may hold a login), by cause"
)

export interface QuarantineMetrics {
  readonly kept: (broker: string, cause: string) => void
  readonly skipped: (broker: string, cause: string) => void
}

export const makeMetrics: Effect.Effect<QuarantineMetrics> = Effect.map(
  Effect.context<never>(),
  (context) => {
    const counting = (metric: Metric.Metric<number, unknown>) => {
      const known = new Map<string, Metric.Metric<number, unknown>>()
      return (broker: string, cause: string): void => {
        const key = `${broker}/${cause}`
        let labelled = known.get(key)
        if (labelled === undefined)
          known.set(key, (labelled = Metric.withAttributes(metric, { broker, cause })))
        labelled.updateUnsafe(1, context)
      }
    }
    return { kept: counting(quarantined), skipped: counting(skipped) }
  }
)
