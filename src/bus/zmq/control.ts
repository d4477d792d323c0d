/** What the feed process does with a gateway's request. Knows nothing of sockets. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Feed } from "../feed.ts"
import { FeedError } from "../feed.ts"
import * as metrics from "../metrics.ts"
import type { BatchWriter } from "./batch.ts"
import type { Lease, Leases, RemoteReader } from "./leases.ts"
import { inTurn } from "./leases.ts"
import type { Answer, ReaderRequest, Request } from "./link.ts"
import { decodeRequest } from "./link.ts"

export interface Control {
  /** Never fails: every message gets an answer. */
  readonly answer: (body: Uint8Array | undefined, busy: boolean) => Effect.Effect<Answer>
  /** The gateway is gone: drops what its readers held. */
  readonly end: (gateway: string) => Effect.Effect<void>
}

const tooMany = (what: string): FeedError =>
  new FeedError({
    code: "BROKER_CONNECTION_ERROR",
    detail: `the feed process serves too many ${what} already. Try again later.`
  })

export const makeControl = (feed: Feed["Service"], writer: BatchWriter, leases: Leases): Control => {
  const { epoch } = writer

  const release = (reader: RemoteReader): Effect.Effect<void> =>
    inTurn(reader, feed.release(reader.user, reader.name)).pipe(
      Effect.catchCause((cause) => Effect.logError(`reader ${reader.name} could not be released`, cause))
    )
  const end = (gateway: string): Effect.Effect<void> =>
    Effect.suspend(() => Effect.forEach(leases.end(gateway), release, { discard: true, concurrency: 16 }))

  const serveReader = (
    request: ReaderRequest,
    lease: Lease,
    reader: RemoteReader
  ): Effect.Effect<unknown, FeedError> => {
    switch (request.op) {
      case "attach":
        return feed.attach(request.user, reader.name)
      case "subscribe":
        return feed.subscribe(request.user, reader.name, request.requests)
      case "unsubscribe":
        return feed.unsubscribe(request.user, reader.name, request.requests)
      case "release":
        return Effect.andThen(
          feed.release(request.user, reader.name),
          Effect.sync(() => leases.forgetReader(lease, request.user, request.reader))
        )
    }
  }

  /** The value, or undefined where there is none to send; "lease" when the lease is over. */
  const serve = (request: Request, lease: Lease): Effect.Effect<unknown, FeedError | "lease"> => {
    switch (request.op) {
      case "ping":
        return Effect.succeed(undefined)
      case "leave":
        return end(request.gateway)
      case "brokers":
        return feed.brokers
      case "info":
        return feed.info(request.user)
      case "last":
        return feed.last(request.user, request.requests)
      case "status":
        return feed.status(request.user)
      case "instrument":
        return feed.instrument(request.user, request.exchange, request.symbol)
      case "views":
        return Effect.sync(() => writer.describe(request.ids))
      default: {
        if (request.lease !== lease.id) return Effect.fail("lease")
        const reader = leases.reader(lease, request.user, request.reader)
        if (reader === undefined) return Effect.fail(tooMany("readers"))
        return inTurn(
          reader,
          // Asked again when it is its turn: the gateway may have been given up while this waited.
          Effect.suspend((): Effect.Effect<unknown, FeedError | "lease"> =>
            leases.holds(lease) ? serveReader(request, lease, reader) : Effect.fail("lease")
          )
        )
      }
    }
  }

  const refuse = (id: number | null, lease: string, problem: string): Effect.Effect<Answer> =>
    Effect.as(
      Effect.andThen(
        Metric.update(metrics.malformed, 1),
        Effect.logDebug(`a control message from a gateway was refused: ${problem}`)
      ),
      { id, lease, epoch, result: "malformed", detail: problem }
    )

  const answer = (body: Uint8Array | undefined, busy: boolean): Effect.Effect<Answer> =>
    Effect.suspend(() => {
      const decoded = decodeRequest(body)
      if ("problem" in decoded) return refuse(decoded.id, "", decoded.problem)
      const request = decoded.message
      const { id } = request
      const lease = leases.touch(request.gateway, performance.now())
      if (lease === undefined) {
        const { code, detail } = tooMany("gateways")
        return Effect.succeed<Answer>({ id, lease: "", epoch, result: "failed", code, detail })
      }
      if (busy && request.op !== "ping" && request.op !== "leave") {
        return Effect.succeed<Answer>({
          id,
          lease: lease.id,
          epoch,
          result: "failed",
          code: "BROKER_CONNECTION_ERROR",
          detail: "the feed process is busy with too many requests. Try again."
        })
      }
      return Metric.update(Metric.withAttributes(metrics.requests, { op: request.op }), 1).pipe(
        Effect.andThen(serve(request, lease)),
        Effect.map((value): Answer => ({
          id,
          lease: lease.id,
          epoch,
          result: "ok",
          ...(value === undefined ? {} : { value })
        })),
        Effect.catch((error): Effect.Effect<Answer> =>
          Effect.succeed(
            error === "lease"
              ? {
                  id,
                  lease: leases.touch(request.gateway, performance.now())?.id ?? "",
                  epoch,
                  result: "lease"
                }
              : { id, lease: lease.id, epoch, result: "failed", code: error.code, detail: error.detail }
          )
        ),
        Effect.catchDefect((defect) =>
          Effect.as(Effect.logError(`the feed failed on a gateway's ${request.op}`, defect), {
            id,
            lease: lease.id,
            epoch,
            result: "failed",
            code: "BROKER_ERROR",
            detail: "internal error in the feed process. Its log says more."
          } satisfies Answer)
        )
      )
    })

  return { answer, end }
}
