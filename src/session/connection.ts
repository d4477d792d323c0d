/**
 * One connection to a broker: connect, authenticate, carry requests out and frames in, until it fails; and the
 * loop that brings it back. A child of the session, which owns what the connection should have subscribed.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Broker } from "../brokers/broker.ts"
import { codecOptions } from "../brokers/broker.ts"
import type { Credentials } from "../market/credentials.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import type { AuthRejected } from "../market/errors.ts"
import { ConnectionLost } from "../market/errors.ts"
import type { Frame, Protocol, Sink, WireEvent } from "../protocols/protocol.ts"
import type { CredentialSource, Unusable } from "./credentialSource.ts"
import { logIn } from "./login.ts"
import type { ReconnectOptions } from "./reconnect.ts"
import { reconnectSchedule } from "./reconnect.ts"
import { makeRequestWriter } from "./requestWriter.ts"
import type { EntryChange } from "./subscriptionBook.ts"
import type { Socket } from "./transport.ts"
import { Transport } from "./transport.ts"

/** The session's hand on a live connection. */
export interface Link {
  /**
   * Asks the broker for changes. Waiting changes of one instrument are merged, so the backlog is bounded by the
   * number of instruments, however fast readers come and go; frames leave at the broker's pace.
   */
  readonly request: (changes: ReadonlyArray<EntryChange>) => void
}

export interface ConnectionOptions {
  readonly broker: Broker
  readonly protocol: Protocol
  readonly reconnect?: ReconnectOptions
  /** Read at every attempt. */
  readonly credentials: CredentialSource["read"]
  readonly onTick: Sink["tick"]
  readonly onReject: Sink["reject"]
  readonly onFrame: (bytes: number) => void
  /** Every event but failures, which end the connection. */
  readonly onEvent: (event: WireEvent) => void
  readonly onConnecting: Effect.Effect<void>
  readonly onUp: (link: Link) => Effect.Effect<void>
  readonly onDown: (failure: ConnectionFailure) => Effect.Effect<void>
  /** There are no credentials worth trying: nothing happens until the session starts the connection anew. */
  readonly onParked: (reason: AuthRejected | Unusable) => Effect.Effect<void>
}

/** A broker that answers the login does so within this. */
const LOGIN_TIMEOUT_MS = 15_000

/** One life of the connection. Fails with the reason of its end. */
const live = Effect.fnUntraced(function* (options: ConnectionOptions, credentials: Credentials) {
  const { broker, protocol } = options
  const { lifetimeMs } = broker
  const { pingEveryMs, sendEveryMs, silentAfterMs } = broker.heartbeat
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const handshake = yield* logIn(broker, protocol, credentials, transport.request)
  const codec = protocol.open(codecOptions(broker), handshake)
  const failed = yield* Deferred.make<never, ConnectionFailure>()
  const ready = yield* Deferred.make<void>()
  let lastSignAt = clock.currentTimeMillisUnsafe()

  /** A bug in a codec costs the frame, never the connection or the process. */
  const contain = (act: () => void): void => {
    try {
      act()
    } catch (defect) {
      options.onReject("defect", String(defect))
    }
  }
  const writer = yield* makeRequestWriter({
    pacing: broker.pacing,
    encode: (changes) => (changes.length === 0 ? [] : codec.request(changes)),
    send: (frame) => socket?.send(frame),
    request: transport.request,
    answered: (request, answer) =>
      contain(() => codec.answered?.(request, answer, clock.currentTimeMillisUnsafe(), sink))
  })
  const sink: Sink = {
    tick: options.onTick,
    reject: options.onReject,
    event: (event) => {
      if (event.type === "failure") Deferred.doneUnsafe(failed, Effect.fail(event.failure))
      else {
        if (event.type === "ready") Deferred.doneUnsafe(ready, Effect.void)
        options.onEvent(event)
      }
    },
    send: writer.send
  }
  // The first frame may come before `open` returns.
  let socket: Socket | undefined = undefined as Socket | undefined
  const early: Array<Frame> = []
  const receive = (frame: Frame, receivedAt: number): void => {
    if (socket === undefined) return void early.push(frame)
    lastSignAt = receivedAt
    options.onFrame(frame.length)
    contain(() => codec.decode(frame, receivedAt, sink))
  }
  socket = yield* transport.open({
    handshake,
    refusal: protocol.refusal,
    closed: protocol.closed,
    onFrame: receive,
    onAlive: (at) => {
      lastSignAt = at
    }
  })
  for (const frame of codec.hello?.() ?? []) writer.send(frame)
  for (const frame of early) receive(frame, clock.currentTimeMillisUnsafe())

  const answeredLogin =
    codec.awaitsReady === true
      ? Deferred.await(ready).pipe(
          Effect.timeoutOrElse({
            duration: LOGIN_TIMEOUT_MS,
            orElse: () => Effect.fail(new ConnectionLost({ detail: "the broker did not answer the login" }))
          })
        )
      : Effect.void
  const heartbeat =
    codec.heartbeat === undefined || sendEveryMs === undefined
      ? Effect.never
      : repeatEvery(sendEveryMs, () => writer.send(codec.heartbeat!()))
  const carry = answeredLogin.pipe(
    Effect.andThen(options.onUp({ request: writer.request })),
    Effect.andThen(heartbeat)
  )
  const ping = pingEveryMs === undefined ? Effect.never : repeatEvery(pingEveryMs, () => socket.ping())
  const watchdog = Effect.suspend(() =>
    clock.currentTimeMillisUnsafe() - lastSignAt > silentAfterMs
      ? Effect.fail(new ConnectionLost({ detail: `no frame for ${silentAfterMs} ms` }))
      : Effect.void
  ).pipe(Effect.repeat(Schedule.spaced(Math.ceil(silentAfterMs / 4))), Effect.andThen(Effect.never))
  const lifetime =
    lifetimeMs === undefined
      ? Effect.never
      : Effect.andThen(
          Effect.sleep(lifetimeMs),
          Effect.fail(new ConnectionLost({ detail: "its time is up, replaced by a new one" }))
        )

  return yield* Effect.raceAllFirst([
    socket.ended,
    Deferred.await(failed),
    carry,
    writer.run,
    ping,
    watchdog,
    lifetime
  ])
})

const repeatEvery = (ms: number, act: () => void): Effect.Effect<never> =>
  Effect.sync(act).pipe(Effect.repeat(Schedule.spaced(ms)), Effect.andThen(Effect.never))

/**
 * Keeps the connection alive for ever. Rejected credentials are re-read once; when no newer ones are stored it
 * parks, and the session starts it anew when there are.
 */
export const keepConnected = (options: ConnectionOptions): Effect.Effect<never, never, Transport> =>
  Effect.gen(function* () {
    let rejected: { readonly version: number; readonly reason: AuthRejected } | undefined
    const park = (reason: AuthRejected | Unusable) => Effect.andThen(options.onParked(reason), Effect.never)

    const attempt = Effect.gen(function* () {
      yield* options.onConnecting
      const usable = yield* Effect.catchTag(options.credentials, ["CredentialsMissing", "SecretFailed"], park)
      if (rejected?.version === usable.version) return yield* park(rejected.reason)
      return yield* Effect.scoped(live(options, usable.credentials)).pipe(
        Effect.tapError((failure) =>
          Effect.sync(() => {
            if (failure._tag === "AuthRejected") rejected = { version: usable.version, reason: failure }
          })
        )
      )
    }).pipe(
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError(`${options.broker.name}: internal fault in a connection`, defect),
          Effect.fail(new ConnectionLost({ detail: "internal fault, see the log" }))
        )
      ),
      Effect.tapError(options.onDown)
    )
    // The schedule never ends, so neither does the retry: its failure channel is empty in practice.
    return yield* Effect.orDie(
      Effect.retry(attempt, reconnectSchedule(options.reconnect, options.broker.reconnectAfterMs))
    )
  })
