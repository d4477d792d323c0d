/** One life of a connection to a broker: connect, authenticate, carry requests out and wire frames in, until it fails. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { codecOptions } from "../../brokers/broker.ts"
import type { HookFault } from "../../bus/hooks.ts"
import { callHook, faultText, watchPromise } from "../../bus/hooks.ts"
import type { Credentials } from "../../market/credentials.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { nameOf } from "../../market/instrument.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import { hostOf } from "../../kit/networkReason.ts"
import { ConnectionLost, ConnectionRefused, ProtocolViolation } from "../../market/errors.ts"
import type { Frame, Sink } from "../../protocols/protocol.ts"
import { endOf } from "../containment.ts"
import { FrameFaults, FrameGivenUp } from "./frameFaults.ts"
import type { LeftOut } from "../ticks/guard.ts"
import { faultOf } from "../ticks/guard.ts"
import { logIn } from "./login.ts"
import { makeRequestWriter } from "./requestWriter.ts"
import { takeSpare } from "../model.ts"
import type { Socket } from "../transport/socket.ts"
import { Transport } from "../transport/transport.ts"

import type { ConnectionOptions } from "./connectionOptions.ts"

export interface LifeOptions extends ConnectionOptions {
  /** What the login wants its user to know. */
  readonly onNotice: (notice: string) => Effect.Effect<void>
}

/**
 * Ends what waits for a transport or a store for ever. The sockets of ours give up sooner; an embedder's may have no limit of
 * its own.
 */
const ANSWER_TIMEOUT_MS = 30_000

/** A broker that answers the login does so within this. */
const LOGIN_TIMEOUT_MS = 15_000

/** Pings without an answer, where the broker's data does not say. */
const PONGS_MISSED = 3

/** So many frames in a row that the codec dies of make the connection useless. */
const MOST_DEFECTS = 20

/** Fails where no answer comes in time. */
const answered = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  what: string
): Effect.Effect<A, E | ConnectionFailure, R> =>
  Effect.timeoutOrElse(self, {
    duration: ANSWER_TIMEOUT_MS,
    orElse: () =>
      Effect.fail(new ConnectionRefused({ detail: `${what} within ${ANSWER_TIMEOUT_MS / 1000} s` }))
  })

/** One life of the connection. Fails with the reason of its end. */
// oxlint-disable-next-line max-lines-per-function -- one life: its parts share what the socket's callbacks change, on the way of every frame
export const live = Effect.fnUntraced(function* (options: LifeOptions, credentials: Credentials) {
  const { broker, clocks, protocol, tap } = options
  const { lifetimeMs } = broker
  const { pingEveryMs, sendEveryMs, silentAfterMs } = broker.heartbeat
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const request: Transport["Service"]["request"] = (asked) =>
    answered(
      transport.request(asked),
      `no answer to ${asked.method} ${hostOf(asked.url) ?? "an invalid address"}`
    )
  const handshake = yield* logIn(broker, protocol, credentials, request)
  for (const notice of handshake.notices ?? []) yield* options.onNotice(notice)
  const codec = protocol.open(codecOptions(broker), handshake)
  const failed = yield* Deferred.make<never, ConnectionFailure>()
  const ready = yield* Deferred.make<void>()
  const now = monotonicOf(clock)
  const time = (): number => clock.currentTimeMillisUnsafe()
  const fail = (failure: ConnectionFailure): void => {
    Deferred.doneUnsafe(failed, Effect.fail(failure))
    callHook(() => socket?.drop(), options.onHookFault("Socket.drop"))
  }
  let lastSignAt = now()
  let pingedAt = 0
  let defects = 0
  let over = false
  const faults = new FrameFaults()
  clocks.byte = 0
  clocks.pong = 0
  tap.opened(time())

  /** The frame at hand, for those who ask what a reject was. */
  let decoding: Frame | undefined
  const reject: Sink["reject"] = (cause, detail, instrument) => {
    options.onReject(cause, detail)
    if (instrument !== undefined) options.onUnwanted(instrument, now())
    tap.rejected(cause, detail, decoding, time())
  }
  const leaveOut: LeftOut = (field, detail) => {
    options.onLeftOut(field, detail)
    tap.rejected("field", detail, decoding, time())
  }

  /** A bug in a codec costs the frame, never the process; one that hits every frame costs the connection. */
  const broken = (defect: unknown): void => {
    if (defect instanceof FrameGivenUp) {
      // The decoder stands in the middle of it: what follows is not for it.
      over = true
      return fail(new ProtocolViolation({ detail: defect.message }))
    }
    reject("defect", faultText(defect))
    if (++defects === MOST_DEFECTS) {
      fail(new ProtocolViolation({ detail: `the decoder failed on ${defects} frames in a row` }))
    }
  }
  const contain = (act: () => unknown): void => {
    faults.begin()
    try {
      const answer = act()
      if (answer === undefined) defects = 0
      else watchPromise(answer, broken)
    } catch (defect) {
      broken(defect)
    }
  }
  /** A transport whose functions are async. */
  const unsent = (defect: unknown): void => {
    options.onHookFault("Socket.send")(defect)
    fail(new ConnectionLost({ detail: "the transport could not send" }))
  }
  const writer = yield* makeRequestWriter({
    pacing: broker.pacing,
    encode: (changes) => {
      if (changes.length === 0) return []
      tap.requested(changes, time())
      const outbound = codec.request(changes)
      options.onSent(changes, now())
      return outbound
    },
    send: (frame) => watchPromise(socket?.send(frame), unsent),
    // The connection was made: a request that got no answer ends it.
    request: (asked) =>
      Effect.mapError(request(asked), (failure) =>
        failure._tag === "ConnectionRefused" ? new ConnectionLost({ detail: failure.detail }) : failure
      ),
    kept: (change) => options.onSent([change], now()),
    answered: (request, answer) => {
      const at = time()
      tap.answered(request, answer, at)
      decoding = undefined
      clocks.arrival = now()
      contain(() => codec.answered?.(request, answer, at, sink))
    }
  })
  const sink: Sink = {
    tick: options.inlet(reject, leaveOut),
    spare: takeSpare,
    reject: (cause, detail, instrument) => {
      faults.add(cause)
      reject(cause, detail, instrument)
    },
    leftOut: (instrument, field, value) => {
      options.onFieldLeftOut(instrument, field, value)
      leaveOut(field, `${nameOf(instrument)}: ${faultOf(field, value)}`)
    },
    event: (event) => {
      if (event.type === "failure") {
        Deferred.doneUnsafe(failed, Effect.fail(event.failure))
        faults.add(event.type)
      } else {
        if (event.type === "refused" || event.type === "notice") faults.add(event.type)
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
    if (over) return
    if (socket === undefined) return void early.push(frame)
    lastSignAt = clocks.byte = clocks.arrival = now()
    options.onFrame(frame.length)
    tap.frame(frame, receivedAt)
    decoding = frame
    contain(() => codec.decode(frame, receivedAt, sink))
  }
  const opening = transport.open({
    handshake,
    refusal: protocol.refusal,
    closed: protocol.closed,
    onFrame: receive,
    onAlive: (sign) => {
      lastSignAt = now()
      if (sign === "pong") clocks.pong = lastSignAt
    }
  })
  const scope = yield* Effect.acquireRelease(Scope.make(), (own) => {
    over = true
    return letGo(own, options.onHookFault("Transport.close"))
  })
  socket = yield* answered(Scope.provide(opening, scope), "the connection was not opened")
  for (const frame of codec.hello?.() ?? []) writer.send(frame)
  for (const frame of early) receive(frame, time())

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
    Effect.andThen(options.onUp({ request: writer.request, fail })),
    Effect.andThen(heartbeat)
  )
  const ping =
    pingEveryMs === undefined
      ? Effect.never
      : repeatEvery(pingEveryMs, () => {
          pingedAt = now()
          watchPromise(socket.ping(), unsent)
        })
  const pongWithinMs = broker.heartbeat.pongWithinMs ?? PONGS_MISSED * (pingEveryMs ?? 0)
  /** What the clocks say is wrong. A byte stream has no pings of its own, so its clock of pongs never starts. */
  const overdue = (): string | undefined => {
    const at = now()
    if (at - lastSignAt > silentAfterMs) return `no frame for ${silentAfterMs} ms`
    return pingEveryMs !== undefined && clocks.pong > 0 && pingedAt - clocks.pong > pongWithinMs
      ? `no answer to our pings for ${at - clocks.pong} ms`
      : undefined
  }
  const watchdog = Effect.sync(() => {
    const detail = overdue()
    if (detail !== undefined) fail(new ConnectionLost({ detail }))
  }).pipe(
    Effect.repeat(Schedule.spaced(Math.ceil(Math.min(silentAfterMs, pongWithinMs || silentAfterMs) / 4))),
    Effect.andThen(Effect.never)
  )
  const lifetime =
    lifetimeMs === undefined
      ? Effect.never
      : Effect.andThen(
          Effect.sleep(lifetimeMs),
          Effect.fail(new ConnectionLost({ detail: "its time is up, replaced by a new one" }))
        )

  return yield* Effect.raceAllFirst([
    Effect.mapError(socket.ended, endOf),
    Deferred.await(failed),
    carry,
    writer.run,
    ping,
    watchdog,
    lifetime
  ])
})

/** Closes what a transport opened. Nobody waits for one that does not let go. */
const letGo = (scope: Scope.Closeable, failed: HookFault): Effect.Effect<void> =>
  Scope.close(scope, Exit.void).pipe(
    Effect.catchDefect((defect) => Effect.sync(() => failed(defect))),
    Effect.forkDetach({ startImmediately: true }),
    Effect.asVoid
  )

const repeatEvery = (ms: number, act: () => void): Effect.Effect<never> =>
  Effect.sync(act).pipe(Effect.repeat(Schedule.spaced(ms)), Effect.andThen(Effect.never))
