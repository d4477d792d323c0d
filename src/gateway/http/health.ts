/** /health: whether the gateway itself lives. Always 200 while it answers. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed } from "../../bus/feed.ts"
import type { GatewayStats } from "../metrics.ts"
import { answerLater, ok } from "./answer.ts"
import type { Routes } from "./gate.ts"

export interface HealthDeps {
  readonly feed: Feed["Service"]
  readonly version: string
  /** Monotonic milliseconds, as `now`. */
  readonly startedAt: number
  readonly now: () => number
  readonly stats: () => GatewayStats
  /** Users with at least one client. */
  readonly users: () => ReadonlyArray<string>
  readonly run: (effect: Effect.Effect<void>) => void
}

/** Feeds that /health asks for their state: it must stay a cheap question. */
const MOST_FEEDS = 100

/** How many of the users' feeds are in which state; users are not named to whoever asks. */
const feedStates = (feed: Feed["Service"], users: ReadonlyArray<string>) =>
  Effect.forEach(users.slice(0, MOST_FEEDS), (user) => Effect.result(feed.info(user)), {
    concurrency: 16
  }).pipe(
    Effect.map((results) => {
      const states: Record<string, number> = {}
      for (const result of results) {
        const state = Result.isSuccess(result) ? result.success.state : "unavailable"
        states[state] = (states[state] ?? 0) + 1
      }
      return states
    }),
    Effect.timeoutOrElse({ duration: "500 millis", orElse: () => Effect.succeed({}) }),
    Effect.catchDefect(() => Effect.succeed({}))
  )

export const addHealthRoute = (routes: Routes, deps: HealthDeps): void => {
  routes.get("/health", (res) =>
    answerLater(
      res,
      deps.run,
      Effect.map(feedStates(deps.feed, deps.users()), (feeds) => {
        const { clients, authenticated } = deps.stats()
        return ok({
          status: "ok",
          version: deps.version,
          uptime_seconds: Math.floor((deps.now() - deps.startedAt) / 1000),
          clients,
          authenticated,
          feeds
        })
      })
    )
  )
}
