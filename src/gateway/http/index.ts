/**
 * The plain HTTP side of the gateway's port: /health, /ready, /metrics, /status, /quotes, /depth, /instruments, /schema,
 * and 426 for everything else that is no upgrade.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as uWS from "uWebSockets.js"
import type { ApiKeys } from "../../store/users/apiKeys.ts"
import type { TrustedProxies } from "../connections/address.ts"
import { KeyGuard } from "../requests/keyGuard.ts"
import type { GatewayMetrics } from "../metrics.ts"
import type { Answer } from "./answer.ts"
import { answerLater, ok } from "./answer.ts"
import { makeGate } from "./gate.ts"
import type { GateOptions, Routes } from "./gate.ts"
import type { HealthDeps } from "./health.ts"
import { addHealthRoute } from "./health.ts"
import type { InstrumentDeps } from "./instruments.ts"
import { addInstrumentRoute } from "./instruments.ts"
import type { ReadyDeps } from "./ready.ts"
import { addReadyRoute } from "./ready.ts"
import { addQuoteRoutes } from "./quotes.ts"
import { addSchemaRoutes } from "./schema.ts"
import type { OwnPart } from "./status.ts"
import { addStatusRoutes } from "./status.ts"

export interface HttpDeps extends HealthDeps {
  readonly keys: ApiKeys["Service"]
  readonly keyGuard?: KeyGuard
  readonly trustedProxies: TrustedProxies
  readonly metrics: GatewayMetrics
  readonly own: (user: string) => OwnPart
  /** One for all doors, as there is one thread. */
  readonly searches: InstrumentDeps["searches"]
  /** Undefined where the gateway has no data folder. */
  readonly table: InstrumentDeps["table"]
  readonly timeOfDay: () => number
  readonly certificate: ReadyDeps["certificate"]
  readonly problem: ReadyDeps["problem"]
  readonly maxRequestsPerSecond: number
  readonly onRequest: GateOptions["onRequest"]
  /** Brings gauges up to date that nobody updates on the way. */
  readonly sample: () => void
  readonly context: Context.Context<never>
}

export const addHttpRoutes = (app: uWS.TemplatedApp, deps: HttpDeps): void => {
  const { context, metrics, run, sample } = deps
  const gate = makeGate({
    perSecond: deps.maxRequestsPerSecond,
    trustedProxies: deps.trustedProxies,
    now: deps.now,
    onRequest: deps.onRequest,
    onLimited: (limit) => metrics.limited(limit),
    answer: (res, answer) => answerLater(res, run, Effect.succeed(answer))
  })
  const routes: Routes = { get: (path, handler) => void app.get(path, gate(handler)) }
  const answered = (route: string, { status }: Answer): void => metrics.answered(route, status.slice(0, 3))

  addHealthRoute(routes, deps)
  addReadyRoute(routes, { ...deps, answered })
  const account = {
    ...deps,
    keyGuard: deps.keyGuard ?? new KeyGuard(),
    onRefused: () => metrics.keyRefused(),
    onStopped: () => metrics.limited("failed_keys"),
    answered
  }
  addStatusRoutes(routes, account)
  addQuoteRoutes(routes, account)
  addInstrumentRoute(routes, account)
  addSchemaRoutes(routes, { version: deps.version, run, answered })

  const readings = Effect.sync((): Answer => {
    sample()
    return {
      ...ok(PrometheusMetrics.formatUnsafe(context)),
      type: "text/plain; version=0.0.4; charset=utf-8"
    }
  })
  routes.get("/metrics", (res) => answerLater(res, run, readings))

  const upgradeFirst = Effect.succeed<Answer>({
    status: "426 Upgrade Required",
    headers: { upgrade: "websocket" },
    body: "This is a WebSocket server: connect with ws://. Over HTTP there are /health, /ready, /metrics, /status, /quotes, /depth, /instruments and /schema.\n"
  })
  app.any(
    "/*",
    gate((res) => answerLater(res, run, upgradeFirst))
  )
}
