/**
 * One connection to a broker: connect, authenticate, carry requests out and frames in, until it fails; and the
 * loop that brings it back. A child of the session, which owns what the connection should have subscribed.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type { Broker } from "../brokers/broker.ts"
import { codecOptions } from "../brokers/broker.ts"
import type { Credentials } from "../market/credentials.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import type { AuthRejected } from "../market/errors.ts"
import { ConnectionLost } from "../market/errors.ts"
import type { Change, Protocol, Sink, WireEvent } from "../protocols/protocol.ts"
import type { CredentialSource, Unusable } from "./credentialSource.ts"
import type { ReconnectOptions } from "./reconnect.ts"
import { reconnectSchedule } from "./reconnect.ts"
import type { EntryChange } from "./subscriptionBook.ts"
import { sameWant } from "./subscriptionBook.ts"
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

/** One life of the connection. Fails with the reason of its end. */
const live = Effect.fnUntraced(function* (options: ConnectionOptions, credentials: Credentials) {
  const { broker, protocol } = options
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const codec = protocol.open(codecOptions(broker))
  const failed = yield* Deferred.make<never, ConnectionFailure>()
  let lastFrameAt = clock.currentTimeMillisUnsafe()

  const sink: Sink = {
    tick: options.onTick,
    reject: options.onReject,
    event: (event) => {
      if (event.type === "failure") Deferred.doneUnsafe(failed, Effect.fail(event.failure))
      else options.onEvent(event)
    }
  }
  const socket = yield* transport.open({
    handshake: protocol.handshake(broker.endpoint, credentials),
    refusal: protocol.refusal,
    onFrame: (frame, receivedAt) => {
      lastFrameAt = receivedAt
      options.onFrame(frame.length)
      try {
        codec.decode(frame, receivedAt, sink)
      } catch (defect) {
        // A bug in a codec costs the frame, never the connection or the process.
        options.onReject("defect", String(defect))
      }
    }
  })
  for (const frame of protocol.hello?.(credentials) ?? []) socket.send(frame)

  const writer = yield* makeWriter(broker, (changes) => codec.request(changes), socket.send)
  yield* options.onUp({ request: writer.request })

  const heartbeat =
    protocol.heartbeat === undefined || broker.heartbeat.sendEveryMs === undefined
      ? Effect.never
      : Effect.sync(() => socket.send(protocol.heartbeat!())).pipe(
          Effect.repeat(Schedule.spaced(broker.heartbeat.sendEveryMs)),
          Effect.andThen(Effect.never)
        )
  const { silentAfterMs } = broker.heartbeat
  const watchdog = Effect.suspend(() =>
    clock.currentTimeMillisUnsafe() - lastFrameAt > silentAfterMs
      ? Effect.fail(new ConnectionLost({ detail: `no frame for ${silentAfterMs} ms` }))
      : Effect.void
  ).pipe(Effect.repeat(Schedule.spaced(Math.ceil(silentAfterMs / 4))), Effect.andThen(Effect.never))

  return yield* Effect.raceAllFirst([socket.ended, Deferred.await(failed), writer.run, heartbeat, watchdog])
})

/** Sends what is waiting, a batch at a time, at the broker's pace. */
const makeWriter = Effect.fnUntraced(function* (
  broker: Broker,
  encode: (changes: ReadonlyArray<Change>) => ReadonlyArray<string | Uint8Array>,
  send: (frame: string | Uint8Array) => void
) {
  // By name, not by entry: an instrument that was given up and is wanted again has a new entry, and its waiting
  // unsubscribe must become a change of mode rather than overtake the new subscribe.
  const waiting = new Map<string, EntryChange>()
  const wake = yield* Latch.make(false)
  const request = (changes: ReadonlyArray<EntryChange>): void => {
    for (const change of changes) {
      const { entry, to } = change
      const earlier = waiting.get(entry.name)
      const from = earlier === undefined ? change.from : earlier.from
      const undone = sameWant(from, to) && (to === undefined || earlier?.entry === entry)
      if (undone) waiting.delete(entry.name)
      else waiting.set(entry.name, { entry, from, to })
    }
    if (waiting.size > 0) wake.openUnsafe()
  }
  const sendBatch = Effect.sync(() => {
    const batch: Array<Change> = []
    for (const [name, { entry, from, to }] of waiting) {
      if (batch.length === broker.pacing.batch) break
      waiting.delete(name)
      batch.push({
        instrument: entry,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to })
      })
    }
    if (waiting.size === 0) wake.closeUnsafe()
    for (const frame of encode(batch)) send(frame)
  })
  const run = wake.await.pipe(
    Effect.andThen(sendBatch),
    Effect.andThen(Effect.sleep(broker.pacing.intervalMs)),
    Effect.forever
  )
  return { request, run }
})

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
    return yield* Effect.orDie(Effect.retry(attempt, reconnectSchedule(options.reconnect)))
  })
