/** The feed process's control socket: takes requests of gateways as fast as they are served, and sends the answers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as zmq from "zeromq"
import { breathe } from "../../kit/breathe.ts"
import { watched } from "../../kit/watched.ts"
import * as metrics from "../metrics.ts"
import type { BoundSocket } from "./boundSocket.ts"
import { intake, openBound } from "./boundSocket.ts"
import type { Control } from "./control.ts"
import type { Leases } from "./leases.ts"
import { MAX_REQUEST_BYTES } from "./link.ts"
import type { EndpointFailed } from "./sockets.ts"

export interface ControlServerOptions {
  readonly endpoint: string
  readonly control: Control
  readonly leases: Leases
  readonly silentAfter: Duration.Duration
  /** Gateways that may be connected. */
  readonly peers: number
  readonly security: Partial<zmq.Router>
}

/** The most answers that wait to be sent. Beyond, requests wait. */
const ANSWERS = 4096
/** Requests at once; beyond, they are refused. A bulk subscription of any size is one request. */
const MAX_REQUESTS = 10_000
/** Bytes of the requests that are being served; beyond, further ones are refused. */
const MAX_REQUEST_BYTES_AT_ONCE = 64 * 1024 * 1024
/** Messages that ZeroMQ takes of each gateway before they are read here. */
const REQUESTS_WAITING = 2
/** A request that takes milliseconds to read: others get their turn on the event loop first. */
const LARGE_BYTES = 65_536

export const serveControl = Effect.fnUntraced(function* (
  options: ControlServerOptions
): Effect.fn.Return<BoundSocket<zmq.Router>, EndpointFailed, Scope.Scope> {
  const { control, leases, security, silentAfter } = options
  const answers = yield* Effect.acquireRelease(
    Queue.bounded<readonly [peer: Buffer, text: string]>(ANSWERS),
    Queue.shutdown
  )
  const requests = yield* FiberSet.make<void, never>()
  let bytes = 0

  const serve = (peer: Buffer, body: Buffer | undefined, busy: boolean): Effect.Effect<void> =>
    Effect.flatMap(control.answer(body, busy), (answer) =>
      Effect.asVoid(Queue.offer(answers, [peer, JSON.stringify(answer)] as const))
    )

  const receive = Effect.fnUntraced(function* (router: zmq.Router) {
    const [peer, body] = yield* Effect.tryPromise(() => router.receive())
    if (peer === undefined) return
    const size = body?.length ?? 0
    if (size > LARGE_BYTES) yield* breathe
    const busy = (yield* FiberSet.size(requests)) >= MAX_REQUESTS || bytes + size > MAX_REQUEST_BYTES_AT_ONCE
    bytes += size
    yield* FiberSet.run(
      requests,
      Effect.ensuring(
        serve(peer, body, busy),
        Effect.sync(() => (bytes -= size))
      )
    )
    yield* Metric.update(metrics.gateways, leases.size)
  })

  const bound = yield* openBound<zmq.Router>({
    name: "control",
    purpose: "the control of the feed",
    endpoint: options.endpoint,
    peers: options.peers,
    make: () => new zmq.Router({ ...intake(MAX_REQUEST_BYTES, REQUESTS_WAITING), ...security }),
    tend: (router) =>
      receive(router).pipe(
        Effect.catch((error) =>
          Effect.andThen(
            Effect.logWarning("a control message could not be received", error),
            Effect.sleep("100 millis")
          )
        ),
        Effect.forever,
        watched("the feed stopped listening to gateways"),
        Effect.forkScoped,
        Effect.asVoid
      )
  })

  yield* Queue.take(answers).pipe(
    Effect.flatMap(([peer, text]) =>
      Effect.tryPromise(async () => {
        await bound.current()?.send([peer, text])
      })
    ),
    // The gateway is gone or does not read: its request times out over there.
    Effect.catch((error) => Effect.logDebug("an answer to a gateway could not be sent", error)),
    Effect.forever,
    watched("the feed stopped answering gateways"),
    Effect.forkScoped
  )

  yield* releaseSilent(leases, silentAfter, (gateway) => FiberSet.run(requests, control.end(gateway))).pipe(
    Effect.forever,
    watched("the feed stopped watching its gateways"),
    Effect.forkScoped
  )
  return bound
})

/** One look at the gateways, after a pause. */
const releaseSilent = Effect.fnUntraced(function* (
  leases: Leases,
  silentAfter: Duration.Duration,
  end: (gateway: string) => Effect.Effect<unknown>
) {
  const silentMs = Duration.toMillis(silentAfter)
  const pauseMs = Math.min(1000, silentMs / 4)
  const before = performance.now()
  yield* Effect.sleep(pauseMs)
  const now = performance.now()
  // Woken late means that this process stood still (a suspended machine, a long import), and did not listen.
  if (now - before > 2 * pauseMs) leases.excuse(now - before - pauseMs)
  for (const gateway of leases.silentSince(now - silentMs)) {
    yield* Effect.logWarning(`gateway ${gateway} has been silent for ${silentMs} ms: releasing what it held`)
    yield* end(gateway)
  }
  yield* Metric.update(metrics.gateways, leases.size)
})
