/** What the feed counts. Prometheus names; `broker` is the only label besides the cause. */
import * as Metric from "effect/Metric"

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

export const framesIn = counter("algoways_feed_frames_in_total", "Frames received from the broker")
export const bytesIn = counter("algoways_feed_bytes_in_total", "Bytes received from the broker")
export const ticks = counter("algoways_feed_ticks_total", "Ticks that passed the guard")
export const published = counter("algoways_feed_frames_published_total", "Frames handed to the bus, one per view and tick")
export const rejects = counter("algoways_feed_rejects_total", "Packets that became no tick, by cause")
export const conflated = counter("algoways_feed_conflated_total", "Ticks replaced by a newer one while waiting")
export const droppedTicks = counter("algoways_feed_dropped_total", "Ticks dropped from the full queue")
export const streamDropped = counter("algoways_feed_stream_dropped_total", "Ticks that a lagging stream reader lost")
export const refused = counter("algoways_feed_refused_total", "Requests that the broker refused")
export const connects = counter("algoways_feed_connects_total", "Connections that the broker accepted")
export const failures = counter("algoways_feed_connection_failures_total", "Connections that failed or ended, by cause")
export const connections = Metric.gauge("algoways_feed_connections", { description: "Connections that are up" })
export const instruments = Metric.gauge("algoways_feed_instruments", { description: "Instruments subscribed upstream" })
