/** A bound socket that publishes, and the book of what its subscribers want. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { setTimeout } from "node:timers/promises"
import * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"
import type { SocketName } from "./boundSocket.ts"
import { intake, openBound } from "./boundSocket.ts"
import type { EndpointFailed } from "./sockets.ts"
import type { SubscriberBounds } from "./subscribers.ts"
import { Subscribers } from "./subscribers.ts"

export interface PublishingOptions {
  readonly name: SocketName
  readonly purpose: string
  readonly endpoint: string
  readonly peers: number
  readonly bounds: SubscriberBounds
  /** Messages that ZeroMQ keeps for a subscriber that lags. */
  readonly highWaterMark: number
  /** Who may subscribe, and with what keys. */
  readonly security?: Partial<zmq.XPublisher>
}

export interface PublishingSocket {
  readonly endpoint: string
  readonly subscribers: () => Subscribers
  /** To send on; undefined while the socket is closed, and until its subscribers have had time to come again. */
  readonly ready: () => zmq.XPublisher | undefined
  /** The same, when it is there; undefined only for whoever waits no more. */
  readonly opened: (signal: AbortSignal) => Promise<zmq.XPublisher | undefined>
  /** Ends all connections; see `BoundSocket`. */
  readonly reopen: (why: string) => void
}

/**
 * Nothing is sent for this long after a socket opens again: subscribers retry every 100 to 200 ms, and would miss what is
 * sent before they are connected. Waiting frames are conflated as usual.
 */
const RETURN_MS = 250
const LOOK_EVERY_MS = 5

/**
 * Bytes of a subscription, and of a subscriber's handshake: some 560 at most, with a name of 255 and with keys. A topic
 * has less than 100.
 */
const MOST_BYTES = 640

/** One at a time: some 20 000 subscriptions a second, however fast they come, and never 30 ms in a row. */
const INTAKE = intake(MOST_BYTES, 1)

export const openPublishing = Effect.fnUntraced(function* (
  options: PublishingOptions
): Effect.fn.Return<PublishingSocket, EndpointFailed, Scope.Scope> {
  const { bounds, name } = options
  let subscribers = new Subscribers()
  let returning = false
  let lives = 0
  const bound = yield* openBound<zmq.XPublisher>({
    ...options,
    make: () =>
      new zmq.XPublisher({
        ...INTAKE,
        ...options.security,
        sendHighWaterMark: options.highWaterMark,
        // Report every subscription and every end of one, so that all are counted.
        verbosity: "allSubsUnsubs"
      }),
    tend: (socket, full) => {
      const mine = new Subscribers()
      const first = lives++ === 0
      returning = !first
      const known = Effect.sync(() => {
        subscribers = mine
        returning = false
      })
      // Until then it counts who wanted what before the socket was closed.
      const switched = first ? known : Effect.forkScoped(Effect.andThen(Effect.sleep(RETURN_MS), known))
      const taking = Effect.tryPromise(() => socket.receive()).pipe(
        Effect.map(([message]) => {
          if (message === undefined) return
          mine.take(message)
          if (mine.exceed(bounds)) {
            full(
              `more than ${bounds.subscriptions} subscriptions, or ${bounds.characters} characters of them`
            )
          }
        }),
        Effect.catch((error) =>
          Effect.andThen(
            Effect.logDebug("a subscription could not be read", error.cause),
            Effect.sleep("100 millis")
          )
        ),
        Effect.forever,
        watched(`ZeroMQ (${name} socket) stopped reading subscriptions`),
        Effect.forkScoped
      )
      return Effect.asVoid(Effect.andThen(switched, taking))
    }
  })
  const ready = (): zmq.XPublisher | undefined => (returning ? undefined : bound.current())
  const opened = async (signal: AbortSignal): Promise<zmq.XPublisher | undefined> => {
    for (;;) {
      const socket = ready()
      if (socket !== undefined || signal.aborted) return socket
      await setTimeout(LOOK_EVERY_MS)
    }
  }
  return {
    endpoint: bound.endpoint,
    subscribers: () => subscribers,
    ready,
    opened,
    reopen: bound.reopen
  }
})
