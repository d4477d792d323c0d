/** /ready: whether the feeds of all users with clients deliver, and clients can connect. For whoever routes traffic; it names no user. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed } from "../../bus/feed.ts"
import type { FeedStatus } from "../../market/feedStatus.ts"
import type { CertificateVerdict } from "../connections/certificate.ts"
import type { Answer } from "./answer.ts"
import { answerLater, ok } from "./answer.ts"
import type { Routes } from "./gate.ts"

export interface ReadyDeps {
  readonly feed: Feed["Service"]
  readonly users: () => ReadonlyArray<string>
  /** What is wrong with the database, which no feed shows until somebody logs in. */
  readonly problem: () => string | undefined
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Epoch milliseconds. */
  readonly timeOfDay: () => number
  /** Of the certificate in use; undefined without TLS. */
  readonly certificate: () => CertificateVerdict | undefined
  readonly run: (effect: Effect.Effect<void>) => void
  readonly answered: (route: string, answer: Answer) => void
}

/** Ticks that are due and do not come for so long do not flow. A new session has as long for its first one. */
const FLOWS_WITHIN_MS = 60_000
/** Anybody may ask, and the question goes to every feed: the answer holds for a while. */
const HOLDS_FOR_MS = 1000
const PATIENCE = "2 seconds"
const ASKS_AT_ONCE = 32

/**
 * What becomes of a feed: its state; `silent` when it is connected and owes ticks; or connected and `quiet`, with
 * the reason why none are due.
 */
export const judge = (
  status: FeedStatus,
  now: number
): { readonly state: string; readonly quiet?: string } => {
  if (status.state !== "connected") return { state: status.state }
  if (!status.expecting_ticks) {
    return { state: "connected", quiet: status.quiet_because ?? "no ticks are due" }
  }
  const { confirmed, sent, stale, wanted } = status.instruments
  if (confirmed + sent + wanted === 0) return { state: "connected", quiet: "nothing is subscribed" }
  const lately =
    status.last_tick ?? Math.max(0, ...status.connections.map((c) => (c.state === "up" ? c.since : 0)))
  const flows = now - lately <= FLOWS_WITHIN_MS && !(stale > 0 && stale >= confirmed + sent)
  return { state: flows ? "connected" : "silent" }
}

const check = ({ certificate, feed, problem, timeOfDay, users }: ReadyDeps): Effect.Effect<Answer> =>
  Effect.forEach(users(), (user) => Effect.result(feed.status(user)), { concurrency: ASKS_AT_ONCE }).pipe(
    Effect.map((results) => {
      const feeds: Record<string, number> = {}
      const quiet = new Set<string>()
      for (const result of results) {
        const verdict = Result.isSuccess(result)
          ? judge(result.success, timeOfDay())
          : { state: result.failure.code === "BROKER_CONNECTION_ERROR" ? "unreachable" : "unavailable" }
        feeds[verdict.state] = (feeds[verdict.state] ?? 0) + 1
        if ("quiet" in verdict && verdict.quiet !== undefined) quiet.add(verdict.quiet)
      }
      const verdict = certificate()
      const wrong = problem()
      const ready =
        Object.keys(feeds).every((state) => state === "connected") &&
        verdict?.state !== "expired" &&
        wrong === undefined
      const warnings = [
        ...(verdict === undefined || verdict.state === "good" ? [] : [verdict.text]),
        ...(wrong === undefined ? [] : [wrong])
      ]
      const body = {
        status: ready ? "ready" : "not_ready",
        feeds,
        quiet: [...quiet],
        ...(warnings.length === 0 ? {} : { warnings })
      }
      return ready ? ok(body) : { status: "503 Service Unavailable", body }
    }),
    Effect.timeoutOrElse({
      duration: PATIENCE,
      orElse: () =>
        Effect.succeed({
          status: "503 Service Unavailable",
          body: { status: "not_ready", feeds: { unanswered: users().length }, quiet: [] }
        })
    })
  )

export const addReadyRoute = (routes: Routes, deps: ReadyDeps): void => {
  let last: { readonly at: number; readonly answer: Answer } | undefined
  const answer = Effect.suspend(() => {
    const now = deps.now()
    if (last !== undefined && now - last.at < HOLDS_FOR_MS) return Effect.succeed(last.answer)
    return Effect.tap(check(deps), (made) =>
      Effect.sync(() => {
        last = { at: deps.now(), answer: made }
      })
    )
  })
  routes.get("/ready", (res) =>
    answerLater(
      res,
      deps.run,
      Effect.tap(answer, (made) => Effect.sync(() => deps.answered("ready", made)))
    )
  )
}
