/** Resolves a reader's request to an instrument with a level, or to a reason why not. One SQL statement per request. */
import * as Effect from "effect/Effect"
import type { Broker } from "../../brokers/broker.ts"
import type { HookFault } from "../../bus/hooks.ts"
import type { SubscriptionCode } from "../../market/errors.ts"
import { isExchange } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeLabel } from "../../market/mode.ts"
import type { SubscribeRequest, SubscriptionFailure } from "../../market/subscription.ts"
import { Instruments, mayNameSeries } from "../../store/instruments/instruments.ts"
import type { DepthChoice } from "./depth.ts"
import { chooseDepth } from "./depth.ts"

/** The levels for a reader that names none. */
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
  /**
   * The same request under the table's symbol: an instrument that was resolved under another name goes by that symbol
   * from then on.
   */
  readonly inTable: <A extends Name>(request: A) => A
  /**
   * Looks names up as they are, and once more by the table's symbol for names that were unknown. A share that is
   * subscribed by its bare symbol may be named under its series by a client that never asked for it like that, or
   * that did so before the broker changed. Only then the table is read.
   *
   * @param known whether an answer is one
   */
  readonly underEitherName: <Q extends Name, A, E>(
    requests: ReadonlyArray<Q>,
    ask: (requests: ReadonlyArray<Q>) => Effect.Effect<ReadonlyArray<A>, E>,
    known: (answer: A) => boolean
  ) => Effect.Effect<ReadonlyArray<A>, E>
}

const failed = (request: SubscribeRequest, code: SubscriptionCode, message: string): Resolved => ({
  tag: "failed",
  failure: { status: "error", symbol: request.symbol, exchange: request.exchange, code, message }
})

/** An embedder's table may never answer. */
const ANSWER_TIMEOUT_MS = 10_000

/** @param onDefect takes defects of the instruments table */
export const makeResolver = Effect.fnUntraced(function* (
  broker: Broker,
  onDefect: HookFault = () => {}
): Effect.fn.Return<Resolver, never, Instruments> {
  const instruments = yield* Instruments
  const offered = broker.modes.map((m) => modeLabel[m]).join(", ")

  /** Symbols of the table by the other names that readers used. Never more than the table has shares. */
  const others = new Map<string, string>()

  const look = <A>(ask: () => Effect.Effect<A, { readonly message: string }>) =>
    Effect.suspend(ask).pipe(
      Effect.catchDefect((defect) => {
        onDefect(defect)
        return Effect.fail({ message: "the table failed" })
      }),
      Effect.timeoutOrElse({
        duration: ANSWER_TIMEOUT_MS,
        orElse: () => Effect.fail({ message: "the table does not answer" })
      })
    )

  /** Read on a miss only, from a table with one row per broker. */
  const hasInstruments = look(() => instruments.brokers).pipe(
    Effect.map((brokers) => brokers.includes(broker.name)),
    Effect.catch(() => Effect.succeed(true))
  )

  /** Clients match the usual text. If no instrument is imported no spelling helps, so the message says that instead. */
  const notFound = (request: SubscribeRequest, imported: boolean): Resolved =>
    failed(
      request,
      "SYMBOL_NOT_FOUND",
      imported
        ? `Symbol ${request.symbol} not found for exchange ${request.exchange}`
        : `No instruments of ${broker.name} are imported: run algoways instruments import ${broker.name}`
    )

  const note = (asked: Name, { symbol }: Instrument): void => {
    if (symbol !== asked.symbol) others.set(nameOf(asked), symbol)
    else if (others.size > 0) others.delete(nameOf(asked))
  }

  const inTable = <A extends Name>(request: A): A => {
    const symbol = others.size === 0 ? undefined : others.get(nameOf(request))
    return symbol === undefined ? request : { ...request, symbol }
  }

  /** What cannot be looked up stays unknown. */
  const lookUp = (names: ReadonlyArray<Name>): Effect.Effect<void> =>
    look(() => instruments.resolve(broker.name, names)).pipe(
      Effect.map((found) => {
        for (const [i, instrument] of found.entries())
          if (instrument !== undefined) note(names[i]!, instrument)
      }),
      Effect.catch((error) => Effect.logError(`symbols could not be looked up: ${error.message}`))
    )

  const underEitherName: Resolver["underEitherName"] = Effect.fnUntraced(function* (requests, ask, known) {
    const answers = [...(yield* ask(requests))]
    const unknown = requests.flatMap((request, i) =>
      answers[i] !== undefined && !known(answers[i]) && mayNameSeries(request) ? [i] : []
    )
    const strange = new Map<string, Name>()
    for (const i of unknown) {
      const name = nameOf(requests[i]!)
      if (!others.has(name)) strange.set(name, requests[i]!)
    }
    if (strange.size > 0) yield* lookUp([...strange.values()])
    const places = unknown.filter((i) => others.has(nameOf(requests[i]!)))
    if (places.length === 0) return answers
    const more = yield* ask(places.map((i) => inTable(requests[i]!)))
    for (const [k, answer] of more.entries()) if (known(answer)) answers[places[k]!] = answer
    return answers
  })

  const one = (
    request: SubscribeRequest,
    instrument: Instrument | undefined,
    imported: boolean
  ): Resolved => {
    const { exchange, mode } = request
    if (!broker.modes.includes(mode)) {
      return failed(
        request,
        "INVALID_MODE",
        `${broker.title} does not offer ${modeLabel[mode]}; it offers ${offered}`
      )
    }
    if (instrument === undefined) return notFound(request, imported)
    note(request, instrument)
    const requestedDepth = request.depth ?? DEFAULT_DEPTH
    const depth = mode === "depth" ? chooseDepth(broker, exchange, requestedDepth) : undefined
    if (depth?.tag === "invalid") return failed(request, "INVALID_DEPTH", depth.message)
    const levels = isExchange(exchange) ? broker.exchanges[exchange]?.depthLevels : undefined
    return { tag: "resolved", request, instrument, requestedDepth, depth, bookless: levels?.length === 0 }
  }

  return {
    inTable,
    underEitherName,
    resolve: (requests) =>
      look(() => instruments.resolve(broker.name, requests)).pipe(
        Effect.flatMap((found) =>
          Effect.map(found.includes(undefined) ? hasInstruments : Effect.succeed(true), (imported) =>
            requests.map((request, i) => one(request, found[i], imported))
          )
        ),
        Effect.catch((error) =>
          Effect.as(
            Effect.logError(`symbols could not be looked up: ${error.message}`),
            requests.map((r) =>
              failed(r, "SUBSCRIPTION_ERROR", "The instruments table could not be read; see the log")
            )
          )
        )
      )
  }
})
