/** A bound socket that publishes, and the book of what its subscribers want. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as zmq from "zeromq"
import type { SocketName } from "./boundSocket.ts"
import { intake, openBound } from "./boundSocket.ts"
import type { EndpointFailed } from "./sockets.ts"
import { watched } from "./sockets.ts"
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
  /** To send on; undefined while the socket is closed. */
  readonly current: () => zmq.XPublisher | undefined
}

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
  const bound = yield* openBound<zmq.XPublisher>({
    ...options,
    make: () =>
      new zmq.XPublisher({
        ...INTAKE,
        ...options.security,
        sendHighWaterMark: options.highWaterMark,
        // Every one is told, so that all are counted.
        verbosity: "allSubsUnsubs"
      }),
    tend: (socket, full) => {
      const mine = (subscribers = new Subscribers())
      return Effect.tryPromise(() => socket.receive()).pipe(
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
        Effect.forkScoped,
        Effect.asVoid
      )
    }
  })
  return {
    endpoint: bound.endpoint,
    subscribers: () => subscribers,
    current: bound.current
  }
})
