/** /quotes and /depth: the last known ticks of what the caller's feed has subscribed. Subscribes nothing. */
import * as Effect from "effect/Effect"
import type { Feed, FeedError } from "../../bus/feed.ts"
import type { Mode } from "../../market/mode.ts"
import type { LastTick } from "../../market/subscription.ts"
import { knownDepthLevels } from "../../market/subscription.ts"
import type { AccountDeps } from "./account.ts"
import { accountRoute } from "./account.ts"
import type { Answer } from "./answer.ts"
import { ok, problem } from "./answer.ts"
import type { Routes } from "./gate.ts"
import { instrumentIn } from "./status.ts"

interface Name {
  readonly symbol: string
  readonly exchange: string
}

/** Names in one request: what a bulk subscribe takes. */
const MOST_NAMES = 3000
const DEPTH = "/depth/"

const badRequest = (message: string): Answer =>
  problem(
    "400 Bad Request",
    "INVALID_PARAMETERS",
    message,
    "Ask for /quotes?symbols=NSE:INFY,NSE:TCS or /depth/NSE/INFY?levels=5, with special characters percent-encoded"
  )

const problemOf = (value: unknown): value is Answer =>
  typeof value === "object" && value !== null && "body" in value

/** `NSE:INFY,NSE:TCS`. uWebSockets.js has decoded the value. */
export const namesIn = (value: string): ReadonlyArray<Name> | Answer => {
  const names: Array<Name> = []
  for (const text of value.split(",")) {
    const part = text.trim()
    if (part === "") continue
    const colon = part.indexOf(":")
    if (colon <= 0 || colon === part.length - 1)
      return badRequest(`"${part.slice(0, 60)}" is not EXCHANGE:SYMBOL`)
    names.push({ exchange: part.slice(0, colon).toUpperCase(), symbol: part.slice(colon + 1) })
  }
  if (names.length === 0) return badRequest("The request names no instrument")
  return names.length > MOST_NAMES
    ? badRequest(`${names.length} instruments are more than ${MOST_NAMES} in one request`)
    : names
}

const levelsIn = (value: string | undefined): number | Answer => {
  if (value === undefined || value === "") return knownDepthLevels[0]!
  const levels = Number(value)
  return knownDepthLevels.includes(levels)
    ? levels
    : badRequest(`levels=${value.slice(0, 20)} does not exist; known: ${knownDepthLevels.join(", ")}`)
}

/** The tick's own fields under the name that was asked for, and how old they are. */
const shown = ({ exchange, symbol }: Name, { frame, mode, received }: LastTick, now: number): object =>
  frame === undefined
    ? {
        symbol,
        exchange,
        status: "error",
        message: "No tick is known: subscribe it first, or see /status/instrument for why it is silent"
      }
    : {
        ...(JSON.parse(frame) as { readonly data: object }).data,
        symbol,
        exchange,
        status: "success",
        mode,
        age_ms: Math.max(0, now - received)
      }

/** Of each name the first mode in which something is known. */
const richest = Effect.fnUntraced(function* (
  feed: Feed["Service"],
  user: string,
  names: ReadonlyArray<Name>,
  modes: ReadonlyArray<Mode>,
  depth: number
): Effect.fn.Return<ReadonlyArray<LastTick>, FeedError> {
  const known = yield* feed.last(
    user,
    names.flatMap((name) => modes.map((mode) => ({ ...name, mode, depth })))
  )
  return names.map((_, i) => {
    const found = known.slice(i * modes.length, (i + 1) * modes.length)
    return found.find(({ frame }) => frame !== undefined) ?? found[0]!
  })
})

export const addQuoteRoutes = (routes: Routes, deps: AccountDeps): void => {
  const { feed, timeOfDay } = deps
  const route = accountRoute(deps)

  routes.get("/quotes", (res, req) => {
    const names = namesIn(req.getQuery("symbols") ?? "")
    route("quotes", res, req, (user) =>
      problemOf(names)
        ? Effect.succeed(names)
        : Effect.map(richest(feed, user, names, ["quote", "ltp"], 5), (ticks) =>
            ok({ status: "success", quotes: ticks.map((tick, i) => shown(names[i]!, tick, timeOfDay())) })
          )
    )
  })

  routes.get(`${DEPTH}*`, (res, req) => {
    const name = instrumentIn(req.getUrl(), DEPTH)
    const levels = levelsIn(req.getQuery("levels"))
    route("depth", res, req, (user) =>
      name === undefined
        ? Effect.succeed(badRequest("The path names no instrument"))
        : problemOf(levels)
          ? Effect.succeed(levels)
          : Effect.map(richest(feed, user, [name], ["depth"], levels), ([tick]) =>
              tick?.frame === undefined
                ? problem(
                    "404 Not Found",
                    "NOT_SUBSCRIBED",
                    `No book of ${name.exchange}:${name.symbol} is known`,
                    "Subscribe it in Depth mode first, or see /status/instrument for why it is silent"
                  )
                : ok(shown(name, tick, timeOfDay()))
            )
    )
  })
}
