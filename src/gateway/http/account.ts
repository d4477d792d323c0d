/** Routes about the caller's own account: the key is checked, the feed is asked, and a feed that is silent is an answer. */
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"
import type { Feed, FeedError } from "../../bus/feed.ts"
import type { AccessDeps } from "./access.ts"
import { callerOf, userOf } from "./access.ts"
import type { Answer } from "./answer.ts"
import { answerLater, problem } from "./answer.ts"

export interface AccountDeps extends AccessDeps {
  readonly feed: Feed["Service"]
  /** Epoch milliseconds. */
  readonly timeOfDay: () => number
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

export type AccountRoute = (
  name: string,
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  ask: (user: string) => Effect.Effect<Answer, FeedError>
) => void

export const accountRoute =
  (deps: AccountDeps): AccountRoute =>
  (name, res, req, ask) => {
    const told = (user: string) =>
      ask(user).pipe(
        Effect.catch((error) => Effect.succeed(feedProblem(error))),
        Effect.timeoutOrElse({ duration: PATIENCE, orElse: () => Effect.succeed(silent) })
      )
    const caller = callerOf(deps, res, req)
    answerLater(
      res,
      deps.run,
      userOf(deps, caller).pipe(
        Effect.flatMap((user) => Effect.annotateLogs(told(user), { user })),
        Effect.catch((refusal) => Effect.succeed(refusal)),
        Effect.tap((answer) => Effect.sync(() => deps.answered(name, answer))),
        Effect.annotateLogs({ address: caller.address, route: name })
      )
    )
  }
