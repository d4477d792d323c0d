/** From what a reader asks for to an instrument with a level, or to a reason why not. One SQL statement a request. */
import * as Effect from "effect/Effect"
import type { Broker } from "../brokers/broker.ts"
import type { SubscriptionCode } from "../market/errors.ts"
import { isExchange } from "../market/exchange.ts"
import type { Instrument } from "../market/instrument.ts"
import { nameOf } from "../market/instrument.ts"
import { modeLabel } from "../market/mode.ts"
import type { SubscribeRequest, SubscriptionFailure } from "../market/subscription.ts"
import { Instruments } from "../store/instruments.ts"
import type { DepthChoice } from "./depth.ts"
import { chooseDepth } from "./depth.ts"

/** Levels when a reader does not say. */
export const DEFAULT_DEPTH = 5

export type Resolved =
  | {
      readonly tag: "resolved"
      readonly request: SubscribeRequest
      readonly instrument: Instrument
      readonly requestedDepth: number
      /** Depth mode only. */
      readonly depth: Extract<DepthChoice, { tag: "level" }> | undefined
      readonly bookless: boolean
    }
  | { readonly tag: "failed"; readonly failure: SubscriptionFailure }

interface Name {
  readonly symbol: string
  readonly exchange: string
}

export interface Resolver {
  readonly resolve: (requests: ReadonlyArray<SubscribeRequest>) => Effect.Effect<ReadonlyArray<Resolved>>
  /** The same under the table's symbol: what was resolved under another name goes by that from then on. */
  readonly inTable: <A extends Name>(request: A) => A
}

const failed = (request: SubscribeRequest, code: SubscriptionCode, message: string): Resolved => ({
  tag: "failed",
  failure: { status: "error", symbol: request.symbol, exchange: request.exchange, code, message }
})

export const makeResolver = Effect.fnUntraced(function* (
  broker: Broker
): Effect.fn.Return<Resolver, never, Instruments> {
  const instruments = yield* Instruments
  const offered = broker.modes.map((m) => modeLabel[m]).join(", ")

  /** Symbols of the table by the other names that were asked for; never more than the table has shares. */
  const others = new Map<string, string>()

  /** Asked on a miss only, of a table with one row for each broker. */
  const hasInstruments = instruments.brokers.pipe(
    Effect.map((brokers) => brokers.includes(broker.name)),
    Effect.catch(() => Effect.succeed(true))
  )

  /** Clients match the usual text. Where no instrument is imported no spelling helps, so that is said instead. */
  const notFound = (request: SubscribeRequest, imported: boolean): Resolved =>
    failed(
      request,
      "SYMBOL_NOT_FOUND",
      imported
        ? `Symbol ${request.symbol} not found for exchange ${request.exchange}`
        : `No instruments of ${broker.name} are imported: run algoways instruments import ${broker.name}`
    )

  const one = (
    request: SubscribeRequest,
    instrument: Instrument | undefined,
    imported: boolean
  ): Resolved => {
    const { exchange, mode, symbol } = request
    if (!broker.modes.includes(mode)) {
      return failed(
        request,
        "INVALID_MODE",
        `${broker.title} does not offer ${modeLabel[mode]}; it offers ${offered}`
      )
    }
    if (instrument === undefined) return notFound(request, imported)
    if (instrument.symbol !== symbol) others.set(nameOf(request), instrument.symbol)
    else if (others.size > 0) others.delete(nameOf(request))
    const requestedDepth = request.depth ?? DEFAULT_DEPTH
    const depth = mode === "depth" ? chooseDepth(broker, exchange, requestedDepth) : undefined
    if (depth?.tag === "invalid") return failed(request, "INVALID_DEPTH", depth.message)
    const levels = isExchange(exchange) ? broker.exchanges[exchange]?.depthLevels : undefined
    return { tag: "resolved", request, instrument, requestedDepth, depth, bookless: levels?.length === 0 }
  }

  return {
    inTable: (request) => {
      const symbol = others.size === 0 ? undefined : others.get(nameOf(request))
      return symbol === undefined ? request : { ...request, symbol }
    },
    resolve: (requests) =>
      instruments.resolve(broker.name, requests).pipe(
        Effect.flatMap((found) =>
          Effect.map(found.includes(undefined) ? hasInstruments : Effect.succeed(true), (imported) =>
            requests.map((request, i) => one(request, found[i], imported))
          )
        ),
        Effect.catch((error) =>
          Effect.as(
            Effect.logError(`${broker.name}: symbols could not be looked up: ${error.message}`),
            requests.map((r) =>
              failed(r, "SUBSCRIPTION_ERROR", "The instruments table could not be read; see the log")
            )
          )
        )
      )
  }
})
