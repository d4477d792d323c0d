/**
 * A bound socket that nobody on its other side can make expensive. libzmq keeps what peers send and cannot turn a single
 * one away, so what it takes in is bounded by options (see `intake`), and when peers together pass a bound that libzmq does
 * not have, the socket is closed and opened anew after a pause. Well-behaved peers connect again by themselves.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as zmq from "zeromq"
import * as metrics from "../metrics.ts"
import type { EndpointFailed } from "./sockets.ts"
import { bind, scoped, watched } from "./sockets.ts"

/** Which of our sockets, as metrics name it. */
export type SocketName = "public" | "frames" | "control"

export interface BoundSocketOptions<S extends zmq.Socket> {
  readonly name: SocketName
  readonly purpose: string
  readonly endpoint: string
  readonly make: () => S
  /** Connections at once, those that have not finished their handshake included. */
  readonly peers: number
  /** Forks what the socket is for. It ends with the socket; `full` closes it, saying what there was too much of. */
  readonly tend: (socket: S, full: (what: string) => void) => Effect.Effect<void, never, Scope.Scope>
}

export interface BoundSocket<S extends zmq.Socket> {
  /** As it really is, with its port. */
  readonly endpoint: string
  /** Undefined during the pause after the socket was closed. */
  readonly current: () => S | undefined
}

/** Until the socket is opened anew: whoever filled it has to begin again as well. */
const PAUSE = Duration.seconds(1)

/**
 * Options of every bound socket. The high water mark of what comes in is what makes a flood harmless: libzmq's thread then
 * hands on a message or two at a time, and the event loop has its turn in between.
 */
export const intake = (maxMessageSize: number, messages: number) =>
  ({
    linger: 0,
    maxMessageSize,
    receiveHighWaterMark: messages,
    handshakeInterval: 3000
  }) as const

/** Counts connections and handshakes, by the socket's own events. */
const watchPeers = Effect.fnUntraced(function* (
  socket: zmq.Socket,
  name: SocketName,
  most: number,
  full: (what: string) => void
): Effect.fn.Return<void, never, Scope.Scope> {
  // Events are told from the first look on: a connection that was not counted when it came would be when it goes.
  const { events } = socket
  const refused = Metric.withAttributes(metrics.handshakesFailed, { socket: name })
  const peers = Metric.withAttributes(metrics.peers, { socket: name })
  let connected = 0
  yield* Effect.addFinalizer(() => Metric.update(peers, 0))
  const note = (event: zmq.Event): Effect.Effect<void> => {
    switch (event.type) {
      case "accept":
        if (++connected > most) full(`more than ${most} connections`)
        return Metric.update(peers, connected)
      case "disconnect":
        return Metric.update(peers, --connected)
      case "handshake:error:auth":
      case "handshake:error:protocol":
      case "handshake:error:other":
        return Effect.andThen(
          Metric.update(refused, 1),
          Effect.logDebug(
            `ZeroMQ (${name} socket): a handshake failed (${event.type}, ${event.error.message})`
          )
        )
      case "accept:error":
        return Effect.logWarning(`ZeroMQ (${name} socket) cannot accept connections: ${event.error.message}`)
      default:
        return Effect.void
    }
  }
  yield* Effect.tryPromise(() => events.receive()).pipe(
    Effect.flatMap(note),
    // Closed, with its socket.
    Effect.catch(() => Effect.never),
    Effect.forever,
    watched(`ZeroMQ (${name} socket) stopped watching its connections`),
    Effect.forkScoped
  )
})

export const openBound = Effect.fnUntraced(function* <S extends zmq.Socket>(
  options: BoundSocketOptions<S>
): Effect.fn.Return<BoundSocket<S>, EndpointFailed, Scope.Scope> {
  const { name, purpose } = options
  const opened = yield* Deferred.make<string, EndpointFailed>()
  const reopened = Metric.withAttributes(metrics.reopened, { socket: name })
  let endpoint = options.endpoint
  let current: S | undefined
  let told = false

  const life = Effect.gen(function* () {
    const socket = yield* scoped(options.make)
    const full = yield* Deferred.make<string>()
    const close = (what: string): void => void Deferred.doneUnsafe(full, Effect.succeed(what))
    yield* watchPeers(socket, name, options.peers, close)
    // Once it is known which port it is, it stays that one.
    endpoint = yield* bind(socket, endpoint, purpose)
    yield* options.tend(socket, close)
    current = socket
    yield* Effect.addFinalizer(() => Effect.sync(() => (current = undefined)))
    if (told) yield* Effect.logInfo(`ZeroMQ (${name} socket) is open again at ${endpoint}`)
    told = false
    yield* Deferred.succeed(opened, endpoint)
    const what = yield* Deferred.await(full)
    told = true
    yield* Metric.update(reopened, 1)
    yield* Effect.logWarning(
      `ZeroMQ (${name} socket) had ${what}: all connections are closed, and it opens again in ${Duration.toSeconds(PAUSE)} s. Look for the program that floods ${endpoint}.`
    )
  }).pipe(
    Effect.scoped,
    Effect.catch((error) =>
      Effect.flatMap(Deferred.fail(opened, error), (first) =>
        first || told
          ? Effect.void
          : Effect.andThen(
              Effect.sync(() => (told = true)),
              Effect.logError(error.message)
            )
      )
    )
  )
  yield* life.pipe(
    Effect.andThen(Effect.sleep(PAUSE)),
    Effect.forever,
    watched(`ZeroMQ (${name} socket) ended`),
    Effect.forkScoped
  )
  const bound = yield* Deferred.await(opened)
  return { endpoint: bound, current: () => current }
})
