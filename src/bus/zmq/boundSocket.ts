/**
 * A bound socket whose cost peers cannot drive up. libzmq buffers what peers send and cannot refuse a single peer, so
 * options bound its intake (see `intake`). When peers together exceed a bound that libzmq does not have, the socket closes
 * and opens again after a pause. Well-behaved peers reconnect by themselves.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"
import { setAside } from "../descriptors.ts"
import type { Places } from "../descriptors.ts"
import * as metrics from "../metrics.ts"
import type { EndpointFailed } from "./sockets.ts"
import { bind, scoped } from "./sockets.ts"

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
  /** Ends all connections, because one of them has to end; those that may come again do so by themselves. */
  readonly reopen: (why: string) => void
}

/** The pause before the socket opens again. Short, because no peer is served meanwhile; peers retry every 100 to 200 ms. */
const PAUSE = Duration.millis(20)
/** What was handed to libzmq before the socket closed still goes out, to those that read. */
const LINGER_MS = 200
/** A flood that goes on fills the socket again and again: it is logged so often at most. */
const LOG_EVERY_MS = 10_000
/** After a failure of our own side, such as no descriptor left. */
const AGAIN = Duration.millis(100)

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
  places: Places,
  full: (what: string) => void,
  outer: Scope.Scope
): Effect.fn.Return<void, never, Scope.Scope> {
  // Events are told from the first look on: a connection that was not counted when it came would be when it goes.
  const { events } = socket
  const refused = Metric.withAttributes(metrics.handshakesFailed, { socket: name })
  const peers = Metric.withAttributes(metrics.peers, { socket: name })
  let connected = 0
  let over = false
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      places.taken(0)
      over = true
      return Metric.update(peers, 0)
    })
  )
  const changed = (by: 1 | -1): Effect.Effect<void> => {
    connected += by
    places.taken(connected)
    if (connected > most) full(`more than ${most} connections`)
    return Metric.update(peers, connected)
  }
  const note = (event: zmq.Event): Effect.Effect<void> => {
    switch (event.type) {
      case "accept":
        return changed(1)
      case "disconnect":
        return changed(-1)
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
  // It outlives the socket by its last events: unread, they would hold descriptors until the garbage is collected.
  yield* Effect.tryPromise(() => events.receive()).pipe(
    Effect.flatMap((event) => (over ? Effect.void : note(event))),
    Effect.forever,
    Effect.catch(() => Effect.void),
    watched(`ZeroMQ (${name} socket) stopped watching its connections`),
    Effect.forkIn(outer)
  )
})

export const openBound = Effect.fnUntraced(function* <S extends zmq.Socket>(
  options: BoundSocketOptions<S>
): Effect.fn.Return<BoundSocket<S>, EndpointFailed, Scope.Scope> {
  const { name, purpose } = options
  const outer = yield* Effect.scope
  const opened = yield* Deferred.make<string, EndpointFailed>()
  const reopened = Metric.withAttributes(metrics.reopened, { socket: name })
  let endpoint = options.endpoint
  let current: S | undefined
  let told = false
  let logAfter = -Infinity
  let reopen = (_why: string): void => undefined
  const places = setAside(options.peers)
  yield* Effect.addFinalizer(() => Effect.sync(places.release))

  const sometimes = (log: () => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const now = performance.now()
      if (now < logAfter) return Effect.void
      logAfter = now + LOG_EVERY_MS
      return log()
    })
  const tellFull = (what: string): Effect.Effect<void> =>
    sometimes(() =>
      Effect.logWarning(
        `ZeroMQ (${name} socket) had ${what}: all connections are closed, and it opens again at once. Look for the program that floods ${endpoint}.`
      )
    )

  const life = Effect.gen(function* () {
    const socket = yield* scoped(options.make)
    const end = yield* Deferred.make<Effect.Effect<void>>()
    const close = (what: string): void =>
      void Deferred.doneUnsafe(
        end,
        Effect.succeed(Effect.andThen(Metric.update(reopened, 1), tellFull(what)))
      )
    yield* watchPeers(socket, name, options.peers, places, close, outer)
    // Once it is known which port it is, it stays that one.
    endpoint = yield* bind(socket, endpoint, purpose)
    yield* options.tend(socket, close)
    current = socket
    reopen = (why) => {
      socket.linger = LINGER_MS
      Deferred.doneUnsafe(
        end,
        Effect.succeed(Effect.logInfo(`ZeroMQ (${name} socket) is opened anew: ${why}`))
      )
    }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        current = undefined
        reopen = () => undefined
      })
    )
    if (told) yield* Effect.logInfo(`ZeroMQ (${name} socket) is open again at ${endpoint}`)
    told = false
    yield* Deferred.succeed(opened, endpoint)
    yield* Effect.flatten(Deferred.await(end))
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
      ).pipe(Effect.andThen(Effect.sleep(AGAIN)))
    )
  )
  yield* life.pipe(
    // The library throws where there is no descriptor for a socket.
    Effect.catchDefect((defect) =>
      Effect.andThen(
        sometimes(() => Effect.logWarning(`ZeroMQ (${name} socket) is tried again`, defect)),
        Effect.sleep(AGAIN)
      )
    ),
    Effect.andThen(Effect.sleep(PAUSE)),
    Effect.forever,
    watched(`ZeroMQ (${name} socket) ended`),
    Effect.forkScoped
  )
  const bound = yield* Deferred.await(opened)
  return { endpoint: bound, current: () => current, reopen: (why) => reopen(why) }
})
