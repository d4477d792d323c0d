/**
 * The plain HTTP side of the gateway's port: /health, /ready, /metrics, /status, /quotes, /depth, /instruments, /schema,
 * and 426 for everything else that is no upgrade.
 */
import type * as Context from "effect/Context"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as uWS from "uWebSockets.js"
import type { ApiKeys } from "../../store/apiKeys.ts"
import type { TrustedProxies } from "../address.ts"
import { KeyGuard } from "../keyGuard.ts"
import type { GatewayMetrics } from "../metrics.ts"
import type { Answer } from "./answer.ts"
import { plain, write } from "./answer.ts"
import type { HealthDeps } from "./health.ts"
import { addHealthRoute } from "./health.ts"
import type { InstrumentDeps } from "./instruments.ts"
import { addInstrumentRoute } from "./instruments.ts"
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
  /** Brings gauges up to date that nobody updates on the way. */
  readonly sample: () => void
  readonly context: Context.Context<never>
}

export const addHttpRoutes = (app: uWS.TemplatedApp, deps: HttpDeps): void => {
  const { context, metrics, sample } = deps
  const answered = (route: string, { status }: Answer): void => metrics.answered(route, status.slice(0, 3))

  addHealthRoute(app, deps)
  addReadyRoute(app, { ...deps, answered })
  const account = {
    ...deps,
    keyGuard: deps.keyGuard ?? new KeyGuard(),
    onRefused: () => metrics.keyRefused(),
    onStopped: () => metrics.limited("failed_keys"),
    answered
  }
  addStatusRoutes(app, account)
  addQuoteRoutes(app, account)
  addInstrumentRoute(app, account)
  addSchemaRoutes(app, { version: deps.version, answered })

  app.get(
    "/metrics",
    plain((res) => {
      sample()
      const body = PrometheusMetrics.formatUnsafe(context)
      res.writeHeader("content-type", "text/plain; version=0.0.4; charset=utf-8").end(body)
    })
  )

  app.any("/*", (res) =>
    write(res, {
      status: "426 Upgrade Required",
      headers: { upgrade: "websocket", connection: "upgrade" },
      body: "This is a WebSocket server: connect with ws://. Over HTTP there are /health, /ready, /metrics, /status, /quotes, /depth, /instruments and /schema.\n"
    })
  )
}
