/** /status: the caller's own feed, and where the ticks of one instrument are. */
import * as Effect from "effect/Effect"
import type { AccountDeps } from "./account.ts"
import { accountRoute } from "./account.ts"
import { ok, problem } from "./answer.ts"
import type { Routes } from "./gate.ts"

/** What this gateway knows of a user. */
export interface OwnPart {
  readonly clients: number
  /** What the clients hold: instruments by mode, each client's counted. */
  readonly subscriptions: number
}

export interface StatusDeps extends AccountDeps {
  readonly own: (user: string) => OwnPart
}

const INSTRUMENT = "/status/instrument/"

/** Exchange and symbol out of a path behind `prefix`; a symbol may hold anything, also a slash. */
export const instrumentIn = (
  url: string,
  prefix = INSTRUMENT
): { readonly exchange: string; readonly symbol: string } | undefined => {
  const rest = url.slice(prefix.length)
  const slash = rest.indexOf("/")
  if (slash <= 0 || slash === rest.length - 1) return undefined
  try {
    return {
      exchange: decodeURIComponent(rest.slice(0, slash)),
      symbol: decodeURIComponent(rest.slice(slash + 1))
    }
  } catch {
    // A percent sign that encodes nothing.
    return undefined
  }
}

export const addStatusRoutes = (routes: Routes, deps: StatusDeps): void => {
  const { feed, own } = deps
  const route = accountRoute(deps)

  routes.get("/status", (res, req) =>
    route("status", res, req, (user) =>
      Effect.map(feed.status(user), (status) => ok({ ...status, gateway: own(user) }))
    )
  )

  routes.get(`${INSTRUMENT}*`, (res, req) => {
    const name = instrumentIn(req.getUrl())
    route("status_instrument", res, req, (user) =>
      name === undefined
        ? Effect.succeed(
            problem(
              "400 Bad Request",
              "INVALID_PARAMETERS",
              "The path names no instrument",
              "Ask for /status/instrument/EXCHANGE/SYMBOL, such as /status/instrument/NSE/INFY, with special characters percent-encoded"
            )
          )
        : Effect.map(feed.instrument(user, name.exchange, name.symbol), ok)
    )
  })
}
