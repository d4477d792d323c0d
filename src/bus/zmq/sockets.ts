/** What all our ZeroMQ sockets share: acquisition in a scope, binding with an error that helps, one sender. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as zmq from "zeromq"
import { messageOf } from "../../kit/messageOf.ts"
import { watched } from "../../kit/watched.ts"
import type { ConflatingQueue } from "../conflatingQueue.ts"
import * as metrics from "../metrics.ts"

/** An endpoint that cannot be used. */
export class EndpointFailed extends Schema.TaggedError<EndpointFailed>()("EndpointFailed", {
  endpoint: Schema.String,
  /** What the socket is for, in words. */
  purpose: Schema.String,
  /** ZeroMQ's code, e.g. EADDRINUSE. */
  code: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `The ZeroMQ endpoint ${this.endpoint} for ${this.purpose} cannot be used: ${remedyOf(this.code, this.detail)}`
  }
}

const remedyOf = (code: string, detail: string): string => {
  switch (code) {
    case "EADDRINUSE":
      return "another program listens there (another AlgoWays, perhaps). Stop that one or choose another port."
    case "EADDRNOTAVAIL":
      return "this machine does not have that address. Use 127.0.0.1 or an address of one of its interfaces."
    case "EACCES":
      return "no permission. Choose a port above 1023, or an ipc path that this user may write."
    case "ENOENT":
      return "the folder of the ipc path does not exist. Create it first."
    case "EINVAL":
    case "EPROTONOSUPPORT":
      return "it is not an endpoint. Write it like tcp://127.0.0.1:5555 or ipc:///run/algoways/feed."
    default:
      return detail
  }
}

const failed = (endpoint: string, purpose: string) => (cause: unknown) => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown"
  return new EndpointFailed({
    endpoint,
    purpose,
    code,
    detail: messageOf(cause)
  })
}

/** A socket that closes with the scope. Code that waits on it then gets an error from ZeroMQ. */
export const scoped = <S extends zmq.Socket>(make: () => S): Effect.Effect<S, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(make), (socket) => Effect.sync(() => socket.close()))

/** Binds and gives the endpoint that it really is (with the port, where `*` left the choice to the system). */
export const bind = (
  socket: zmq.Socket,
  endpoint: string,
  purpose: string
): Effect.Effect<string, EndpointFailed> =>
  Effect.map(
    Effect.tryPromise({ try: () => socket.bind(endpoint), catch: failed(endpoint, purpose) }),
    () => socket.lastEndpoint ?? endpoint
  )

export const connect = (
  socket: zmq.Socket,
  endpoint: string,
  purpose: string
): Effect.Effect<void, EndpointFailed> =>
  Effect.try({ try: () => socket.connect(endpoint), catch: failed(endpoint, purpose) })

/** Of frames, but for the last two. */
export interface SendCounts {
  readonly sent: number
  readonly conflated: number
  readonly dropped: number
  readonly eventsSent: number
  readonly eventsDropped: number
}

export interface Progress {
  /** How much of the chunk went out, events included. */
  sent: number
  /** How many events of the chunk are done with. */
  events: number
}

/**
 * Events that may wait for ZeroMQ, beside the frames. A session's whole list of instruments is one event, so this is
 * hundreds of sessions that fail and come back at the same moment.
 */
export const EVENTS_OUTBOX = 4096

/**
 * The one fiber that sends what waits in the outbox: ZeroMQ allows one send in flight per socket. `send` gets a
 * whole chunk and says how much of it went out; what it did not send by then counts as dropped.
 */
export const sendFrom = <A>(
  outbox: ConflatingQueue<A>,
  socket: "public" | "link",
  send: (chunk: ReadonlyArray<A>, signal: AbortSignal, progress: Progress) => Promise<void>,
  context: Context.Context<never>
): Effect.Effect<() => SendCounts, never, Scope.Scope> =>
  Effect.gen(function* () {
    const label = { socket }
    const sent = Metric.withAttributes(metrics.sent, label)
    const conflated = Metric.withAttributes(metrics.conflated, label)
    const dropped = Metric.withAttributes(metrics.dropped, label)
    const eventsSent = Metric.withAttributes(metrics.eventsSent, label)
    const eventsDropped = Metric.withAttributes(metrics.eventsDropped, label)
    let sentTotal = 0
    let eventsTotal = 0
    let lostTotal = 0
    let seen = { conflated: 0, dropped: 0, keptDropped: 0 }

    const sendChunk = (chunk: ReadonlyArray<A>) => {
      const progress: Progress = { sent: 0, events: 0 }
      return Effect.tryPromise((signal) => send(chunk, signal, progress)).pipe(
        Effect.catch((error) =>
          Effect.logWarning(
            `ZeroMQ (${socket} socket) refused to send ${chunk.length - progress.sent} messages`,
            error.cause
          )
        ),
        Effect.andThen(
          Effect.sync(() => {
            const stats = outbox.stats
            const lost = chunk.length - progress.sent
            const frames = progress.sent - progress.events
            sentTotal += frames
            eventsTotal += progress.events
            lostTotal += lost
            sent.updateUnsafe(frames, context)
            if (progress.events > 0) eventsSent.updateUnsafe(progress.events, context)
            const newlyLost = stats.keptDropped - seen.keptDropped
            if (newlyLost > 0) eventsDropped.updateUnsafe(newlyLost, context)
            const newlyConflated = stats.conflated - seen.conflated
            const newlyDropped = stats.dropped - seen.dropped + lost
            if (newlyConflated > 0) conflated.updateUnsafe(newlyConflated, context)
            if (newlyDropped > 0) dropped.updateUnsafe(newlyDropped, context)
            seen = stats
          })
        )
      )
    }

    yield* outbox.takeAll.pipe(
      Effect.flatMap(sendChunk),
      // It suspends for want of frames. A yield besides would put what comes meanwhile off to a later turn.
      Effect.forever({ disableYield: true }),
      watched(`ZeroMQ (${socket} socket) stopped sending`),
      Effect.forkScoped
    )
    return () => ({
      sent: sentTotal,
      conflated: outbox.stats.conflated,
      dropped: outbox.stats.dropped + lostTotal,
      eventsSent: eventsTotal,
      eventsDropped: outbox.stats.keptDropped
    })
  })
