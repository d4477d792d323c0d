/**
 * The gateway's end of the control socket: requests with ids and time limits, and the lease that the feed process
 * names in its answers. Knows nothing of readers.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"
import { FeedError } from "../feed.ts"
import * as metrics from "../metrics.ts"
import type { GatewayCurve } from "./curve.ts"
import { gatewaySecurity } from "./curve.ts"
import { watchHandshakes } from "./handshakes.ts"
import type { Answer, Request } from "./link.ts"
import { LINK_VERSION, MAX_MESSAGE_BYTES, decodeAnswer } from "./link.ts"
import type { EndpointFailed } from "./sockets.ts"
import { connect, scoped } from "./sockets.ts"

type Distribute<R> = R extends Request ? Omit<R, "version" | "id" | "gateway"> : never
/** A request without its envelope. */
export type Body = Distribute<Request>

export interface FeedLink {
  /** Sends and waits. Fails with BROKER_CONNECTION_ERROR when no answer comes in time. */
  readonly ask: (body: Body, timeout: Duration.Input) => Effect.Effect<Answer, FeedError>
  /**
   * The feed process is known to be silent: all requests but pings fail with BROKER_CONNECTION_ERROR, those that wait and
   * those to come, until it answers again. Nobody waits for it in vain twice.
   */
  readonly giveUp: Effect.Effect<void>
  /** Why nothing is asked just now; undefined: it is. */
  readonly silence: () => FeedError | undefined
  /** The lease of the last answer; undefined before the first one. */
  readonly lease: () => string | undefined
}

/** Requests that may wait for the socket; beyond, callers wait. */
const OUTGOING = 4096
/** How long one send may wait for a connection before it looks whether its caller still waits. */
const SEND_PATIENCE_MS = 500

/** Clients read this: the log says where the feed process should be. */
export const unreachable = (why: string): FeedError =>
  new FeedError({
    code: "BROKER_CONNECTION_ERROR",
    detail: `the feed process does not answer (${why}). The gateway's log says where it is looked for; check that "algoways feed" runs there.`
  })

interface Waiting {
  readonly op: Body["op"]
  readonly reply: Deferred.Deferred<Answer, FeedError>
}

export const makeFeedLink = Effect.fnUntraced(function* (
  endpoint: string,
  gateway: string,
  curve: GatewayCurve | undefined,
  onLease: () => void
): Effect.fn.Return<FeedLink, EndpointFailed, Scope.Scope> {
  const socket = yield* scoped(
    () =>
      new zmq.Dealer({
        linger: 0,
        // Nothing is kept for a process that is not there: it would get stale requests when it comes.
        immediate: true,
        sendTimeout: SEND_PATIENCE_MS,
        maxMessageSize: MAX_MESSAGE_BYTES,
        reconnectInterval: 100,
        reconnectMaxInterval: 1000,
        ...gatewaySecurity(curve)
      })
  )
  yield* watchHandshakes(socket, endpoint, curve !== undefined)
  yield* connect(socket, endpoint, "the control of the feed")

  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let lease: string | undefined
  let silence: FeedError | undefined
  const outgoing = yield* Effect.acquireRelease(
    Queue.bounded<readonly [id: number, text: string]>(OUTGOING),
    Queue.shutdown
  )

  const send = Effect.fnUntraced(function* () {
    const [id, text] = yield* Queue.take(outgoing)
    // Whoever stopped waiting must not be served later, after the feed process has come back.
    while (waiting.has(id)) {
      const outcome = yield* Effect.exit(Effect.tryPromise(() => socket.send(text)))
      if (outcome._tag === "Success") return
      yield* Effect.sleep("20 millis")
    }
  })
  yield* send().pipe(Effect.forever, watched("the gateway stopped sending to the feed"), Effect.forkScoped)

  const take = (body: Uint8Array | undefined): Effect.Effect<void> => {
    const decoded = decodeAnswer(body)
    const id = "problem" in decoded ? decoded.id : decoded.message.id
    const asked = id === null ? undefined : waiting.get(id)
    if ("problem" in decoded) {
      return Effect.andThen(
        Metric.update(metrics.malformed, 1),
        asked === undefined
          ? Effect.logWarning(`the feed process sent something odd: ${decoded.problem}`)
          : Deferred.fail(asked.reply, unreachable(decoded.problem))
      )
    }
    silence = undefined
    const answer = decoded.message
    // Without a lease where the feed process serves too many gateways.
    if (answer.result !== "malformed" && answer.lease !== "" && answer.lease !== lease) {
      lease = answer.lease
      onLease()
    }
    // A late answer, to a request that has timed out or was given up: ignore it.
    return asked === undefined ? Effect.void : Deferred.succeed(asked.reply, answer)
  }
  yield* Effect.tryPromise(() => socket.receive()).pipe(
    Effect.flatMap(([body]) => take(body)),
    Effect.catch((error) =>
      Effect.andThen(
        Effect.logWarning("an answer of the feed could not be received", error),
        Effect.sleep("100 millis")
      )
    ),
    Effect.forever,
    watched("the gateway stopped listening to the feed"),
    Effect.forkScoped
  )

  const ask = (body: Body, timeout: Duration.Input): Effect.Effect<Answer, FeedError> =>
    Effect.suspend(() => {
      if (silence !== undefined && body.op !== "ping") return Effect.fail(silence)
      const id = nextId++
      const reply = Deferred.makeUnsafe<Answer, FeedError>()
      waiting.set(id, { op: body.op, reply })
      const text = JSON.stringify({ version: LINK_VERSION, id, gateway, ...body })
      return Effect.andThen(Queue.offer(outgoing, [id, text] as const), Deferred.await(reply)).pipe(
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () => Effect.fail(unreachable(`no answer to "${body.op}" in time`))
        }),
        Effect.ensuring(Effect.sync(() => waiting.delete(id)))
      )
    })

  return {
    ask,
    giveUp: Effect.suspend(() => {
      const error = (silence = unreachable("it has fallen silent"))
      return Effect.forEach(
        [...waiting.values()].filter((w) => w.op !== "ping"),
        (w) => Deferred.fail(w.reply, error),
        { discard: true }
      )
    }),
    silence: () => silence,
    lease: () => lease
  }
})

/** What an answer carries, or the feed process's error in the feed's own words. */
export const valueOf = <S extends Schema.Codec<unknown, unknown>>(
  schema: S
): ((answer: Answer) => Effect.Effect<S["Type"], FeedError>) => {
  const decode = Schema.decodeUnknownEffect(schema)
  return (answer) => {
    if (answer.result === "failed")
      return Effect.fail(new FeedError({ code: answer.code, detail: answer.detail }))
    return Effect.mapError(
      answer.result === "ok" ? decode(answer.value) : Effect.fail({ message: problemOf(answer) }),
      ({ message }) =>
        new FeedError({
          code: "BROKER_CONNECTION_ERROR",
          detail: `the feed process gave an answer that this gateway does not understand: ${message}`
        })
    )
  }
}

const problemOf = (answer: Answer): string =>
  answer.result === "malformed" ? answer.detail : `result "${answer.result}"`
