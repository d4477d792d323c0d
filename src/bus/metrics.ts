/** What the bus counts, for Prometheus. Counters of chunks are bumped once per chunk, not per frame. */
import * as Metric from "effect/Metric"

const counter = (name: string, description: string) =>
  Metric.counter(`algoways_bus_${name}`, { description, incremental: true })

/** Label `kind`: "frames" or "events". */
export const handlerFaults = counter("handler_faults_total", "Calls of a handler that threw, by kind")

/** Label `socket`: "public" (one tick a message) or "link" (batches between feed and gateway). */
export const sent = counter("zmq_frames_sent_total", "Frames handed to ZeroMQ")
export const conflated = counter(
  "zmq_frames_conflated_total",
  "Frames replaced by a newer one of their topic while they waited for ZeroMQ"
)
export const dropped = counter("zmq_frames_dropped_total", "Frames lost before ZeroMQ took them")
export const eventsSent = counter("zmq_events_sent_total", "Events handed to ZeroMQ")
export const eventsDropped = counter(
  "zmq_events_dropped_total",
  "Events lost from a flood before ZeroMQ took them, the oldest first"
)

/** Labels `socket`: "public", "frames" or "control". */
export const peers = Metric.gauge("algoways_bus_zmq_connections", {
  description: "Connections that ZeroMQ has accepted, by socket"
})
export const handshakesFailed = counter(
  "zmq_handshakes_failed_total",
  "Connections that failed in their handshake: no key, a wrong key, or no ZeroMQ at all"
)
export const reopened = counter(
  "zmq_sockets_reopened_total",
  "Sockets that were closed and opened anew because their peers asked for too much"
)
export const keysRefused = counter(
  "link_keys_refused_total",
  "Connections whose key the feed does not accept"
)

export const requests = counter(
  "link_requests_total",
  "Control requests that the feed answered, by operation"
)
export const malformed = counter("link_malformed_total", "Messages on the link that could not be understood")
export const lost = counter(
  "link_batches_lost_total",
  "Batches of frames, and messages of events, that never reached this gateway"
)
export const received = counter("link_frames_received_total", "Frames received from the feed process")
export const eventsReceived = counter(
  "link_events_received_total",
  "Events received from the feed process, by type"
)
export const silences = counter("link_silences_total", "Times that the feed process stopped answering")
export const gateways = Metric.gauge("algoways_bus_link_gateways", {
  description: "Gateways that this feed process serves"
})
export const restored = counter(
  "link_readers_restored_total",
  "Readers whose subscriptions were made anew after the feed process forgot them"
)
