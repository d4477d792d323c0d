/** /instruments: finds instruments of the caller's broker. Asks the table, never the feed. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { UserNotFound } from "../../market/errors.ts"
import { indiaDay } from "../../kit/indiaTime.ts"
import type { Instrument } from "../../market/instrument.ts"
import type { StoreError } from "../../store/errors.ts"
import type { Instruments } from "../../store/instruments/instruments.ts"
import { brokerKey } from "../../store/instruments/names.ts"
import type { Filters } from "../../store/instruments/search/filters.ts"
import { readFilters, readText } from "../../store/instruments/search/filters.ts"
import type { Users } from "../../store/users/users.ts"
import type { AccountDeps } from "./account.ts"
import { accountRoute } from "./account.ts"
import type { Answer } from "./answer.ts"
import { ok, problem } from "./answer.ts"
import type { Routes } from "./gate.ts"
import type { Searches } from "./searches.ts"

/** Where instruments and users' brokers are known: the gateway's data folder. */
export interface InstrumentDeps extends AccountDeps {
  readonly table:
    | { readonly instruments: Instruments["Service"]; readonly users: Users["Service"] }
    | undefined
  readonly searches: Searches
}

/** Instruments in an answer, and without a limit. A search runs on the thread that carries ticks. */
const MOST = 500
const USUAL = 20

const parameters = ["query", "exchange", "type", "expiry", "strike_min", "strike_max", "limit"] as const

const badRequest = (message: string): Answer =>
  problem(
    "400 Bad Request",
    "INVALID_PARAMETERS",
    message,
    "Ask for /instruments?query=nifty+25000+ce&exchange=NFO&type=CE&expiry=next&strike_min=24000&strike_max=26000&limit=20, with special characters percent-encoded"
  )

interface Query {
  readonly text: string
  readonly filters: Filters
  readonly limit: number
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** @param query what stands behind the question mark */
const readQuery = (query: string, today: string): Result.Result<Query, Answer> =>
  Result.gen(function* () {
    const given = new URLSearchParams(query)
    for (const name of given.keys()) {
      if (!(parameters as ReadonlyArray<string>).includes(name)) {
        return yield* Result.fail(
          `There is no parameter ${JSON.stringify(name.slice(0, 40))}; there are ${parameters.join(", ")}`
        )
      }
      if (given.getAll(name).length > 1)
        return yield* Result.fail(`the parameter ${name} is there more than once`)
    }
    const value = (name: (typeof parameters)[number]) => given.get(name) ?? undefined
    const text = yield* readText(value("query") ?? "")
    const filters = yield* readFilters(
      {
        exchange: value("exchange"),
        type: value("type"),
        expiry: value("expiry"),
        strikeMin: value("strike_min"),
        strikeMax: value("strike_max")
      },
      today
    )
    if (text.trim() === "" && Object.keys(filters).length === 0) {
      return yield* Result.fail("Give a query or a filter")
    }
    const written = value("limit") ?? String(USUAL)
    const limit = Number(written)
    if (!/^\d+$/.test(written) || limit < 1 || limit > MOST) {
      return yield* Result.fail(`limit must be 1 to ${MOST}`)
    }
    return { text, filters, limit }
  }).pipe(Result.mapError((wrong) => badRequest(capital(wrong))))

/** In the names of the client protocol. What an instrument does not have has no key. */
const shown = (instrument: Instrument): object => ({
  symbol: instrument.symbol,
  exchange: instrument.exchange,
  name: instrument.name,
  type: instrument.type,
  series: instrument.series,
  expiry: instrument.expiry,
  strike: instrument.strike,
  lot_size: instrument.lotSize,
  tick_size: instrument.tickSize,
  token: instrument.token,
  broker_symbol: instrument.brokerSymbol,
  broker_exchange: instrument.brokerExchange
})

const noTable = problem(
  "501 Not Implemented",
  "SERVER_ERROR",
  "This gateway has no instruments table",
  'Ask one that was started with "algoways serve" or "algoways gateway", whose data folder has it'
)

const unreadable = problem(
  "503 Service Unavailable",
  "SERVER_ERROR",
  "The instruments could not be read",
  "Try again later; the gateway's log says more"
)

export const addInstrumentRoute = (routes: Routes, deps: InstrumentDeps): void => {
  const { searches, table, timeOfDay } = deps
  const route = accountRoute(deps)

  const find = Effect.fnUntraced(function* (
    user: string,
    { filters, limit, text }: Query,
    { instruments, users }: NonNullable<InstrumentDeps["table"]>,
    today: string
  ): Effect.fn.Return<Answer, StoreError | UserNotFound> {
    const { broker } = yield* users.get(user)
    if (broker === undefined) {
      return problem(
        "404 Not Found",
        "BROKER_ERROR",
        `User "${user}" has no broker`,
        `Set one with "algoways users set-broker ${user} BROKER"`
      )
    }
    const found = yield* instruments.search(broker, { text, ...filters, limit, today })
    // Not counted: that reads all of the broker's rows.
    if (found.length === 0 && !(yield* instruments.brokers).includes(brokerKey(broker))) {
      return problem(
        "404 Not Found",
        "NO_INSTRUMENTS",
        `There are no instruments of ${broker} where this gateway runs`,
        `Import them with "algoways instruments import ${broker}", into the gateway's data folder`
      )
    }
    return ok({ status: "success", broker, instruments: found.map(shown) })
  })

  routes.get("/instruments", (res, req) => {
    const today = indiaDay(timeOfDay())
    const asked = readQuery(req.getQuery(), today)
    route("instruments", res, req, (user) =>
      Result.isFailure(asked)
        ? Effect.succeed(asked.failure)
        : table === undefined
          ? Effect.succeed(noTable)
          : searches
              .of(user, find(user, asked.success, table, today))
              .pipe(
                Effect.catch((error) =>
                  error._tag === "UserNotFound"
                    ? Effect.succeed(
                        problem(
                          "404 Not Found",
                          "BROKER_ERROR",
                          error.message,
                          'See "algoways users list" for users and their brokers'
                        )
                      )
                    : Effect.as(
                        Effect.logError(`instruments could not be searched: ${error.message}`),
                        unreadable
                      )
                )
              )
    )
  })
}
