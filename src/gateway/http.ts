/** The plain HTTP side of the gateway's port: /health, /metrics, and 426 for everything that is no upgrade. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Result from "effect/Result"
import type * as uWS from "uWebSockets.js"
import type { Feed } from "../bus/feed.ts"
import type { GatewayStats } from "./metrics.ts"

export interface HttpDeps {
  readonly feed: Feed["Service"]
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly now: () => number
  readonly stats: () => GatewayStats
  /** Users with at least one client. */
  readonly users: () => ReadonlyArray<string>
  readonly run: (effect: Effect.Effect<void>) => void
  /** Brings gauges up to date that nobody updates on the way. */
  readonly sample: () => void
  readonly context: Context.Context<never>
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

export const addHttpRoutes = (app: uWS.TemplatedApp, deps: HttpDeps): void => {
  /** Every path upgrades, these two as well: what asks for an upgrade goes on to the WebSocket route. */
  const wantsUpgrade = (req: uWS.HttpRequest): boolean =>
    req.getHeader("upgrade").toLowerCase() === "websocket"

  app.get("/health", (res, req) => {
    if (wantsUpgrade(req)) {
      req.setYield(true)
      return
    }
    let aborted = false
    res.onAborted(() => {
      aborted = true
    })
    deps.run(
      Effect.map(feedStates(deps.feed, deps.users()), (feeds) => {
        if (aborted) return
        const { clients, authenticated } = deps.stats()
        const body = JSON.stringify({
          status: "ok",
          version: deps.version,
          uptime_seconds: Math.floor((deps.now() - deps.startedAt) / 1000),
          clients,
          authenticated,
          feeds
        })
        res.cork(() => {
          res.writeHeader("content-type", "application/json").end(body)
        })
      })
    )
  })

  app.get("/metrics", (res, req) => {
    if (wantsUpgrade(req)) {
      req.setYield(true)
      return
    }
    deps.sample()
    const body = PrometheusMetrics.formatUnsafe(deps.context)
    res.writeHeader("content-type", "text/plain; version=0.0.4; charset=utf-8").end(body)
  })

  app.any("/*", (res) => {
    res
      .writeStatus("426 Upgrade Required")
      .writeHeader("upgrade", "websocket")
      .writeHeader("connection", "upgrade")
      .writeHeader("content-type", "text/plain; charset=utf-8")
      .end("This is a WebSocket server: connect with ws://. Over HTTP there are /health and /metrics.\n")
  })
}
