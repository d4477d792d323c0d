/** /status: the caller's own feed, and where the ticks of one instrument are. */
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"
import type { Feed, FeedError } from "../../bus/feed.ts"
import type { AccessDeps } from "./access.ts"
import { callerOf, userOf } from "./access.ts"
import type { Answer } from "./answer.ts"
import { answerLater, ok, plain, problem } from "./answer.ts"

/** What this gateway knows of a user. */
export interface OwnPart {
  readonly clients: number
  /** What the clients hold: instruments by mode, each client's counted. */
  readonly subscriptions: number
}

export interface StatusDeps extends AccessDeps {
  readonly feed: Feed["Service"]
  readonly own: (user: string) => OwnPart
  readonly run: (effect: Effect.Effect<void>) => void
  readonly answered: (route: string, answer: Answer) => void
}

/** A feed that says nothing for so long has no status to show. */
const PATIENCE = "5 seconds"

const feedProblem = ({ code, message }: FeedError): Answer =>
  code === "BROKER_ERROR"
    ? problem("404 Not Found", code, message, 'See "algoways users list" for users and their brokers')
    : problem("503 Service Unavailable", code, message, "Try again later; the feed's log says more")

const silent = problem(
  "503 Service Unavailable",
  "BROKER_CONNECTION_ERROR",
  "The feed gave no answer in time",
  "Try again later; see the feed's log if it goes on"
)

const INSTRUMENT = "/status/instrument/"

/** Exchange and symbol out of the path; a symbol may hold anything, also a slash. */
export const instrumentIn = (
  url: string
): { readonly exchange: string; readonly symbol: string } | undefined => {
  const rest = url.slice(INSTRUMENT.length)
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

export const addStatusRoutes = (app: uWS.TemplatedApp, deps: StatusDeps): void => {
  const { answered, feed, own, run } = deps

  const route = (
    name: string,
    res: uWS.HttpResponse,
    req: uWS.HttpRequest,
    ask: (user: string) => Effect.Effect<Answer, FeedError>
  ): void => {
    const caller = callerOf(res, req)
    const told = (user: string) =>
      ask(user).pipe(
        Effect.catch((error) => Effect.succeed(feedProblem(error))),
        Effect.timeoutOrElse({ duration: PATIENCE, orElse: () => Effect.succeed(silent) })
      )
    answerLater(
      res,
      run,
      userOf(deps, caller).pipe(
        Effect.flatMap(told),
        Effect.catch((refusal) => Effect.succeed(refusal)),
        Effect.tap((answer) => Effect.sync(() => answered(name, answer)))
      )
    )
  }

  app.get(
    "/status",
    plain((res, req) =>
      route("status", res, req, (user) =>
        Effect.map(feed.status(user), (status) => ok({ ...status, gateway: own(user) }))
      )
    )
  )

  app.get(
    `${INSTRUMENT}*`,
    plain((res, req) => {
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
  )
}
