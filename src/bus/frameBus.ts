/**
 * The bus between the feed (sessions) and whoever forwards its frames: the gateway in the same process, the
 * ZeroMQ publisher, or a gateway in another process.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { FeedEvent } from "../market/feedEvent.ts"
import type { MarketFrame } from "../frame/marketFrame.ts"
import type { HookFault } from "./hooks.ts"
import { faultText, watchPromise } from "./hooks.ts"
import * as metrics from "./metrics.ts"
import { makeSampledLog } from "../kit/sampledLog.ts"

export type EventHandler = (event: FeedEvent) => void
export type FrameHandler = (frames: ReadonlyArray<MarketFrame>) => void

export class FrameBus extends Context.Service<
  FrameBus,
  {
    /**
     * Hands a chunk to every handler, in order, before it returns. No fiber, no copy: a view stands at most once in a
     * chunk, because its frames share their memory.
     */
    readonly publish: (frames: ReadonlyArray<MarketFrame>) => void
    /**
     * Adds a handler until the scope closes. A handler must not block. What it throws is counted and logged; other handlers
     * still get the frames. A handler that keeps a frame beyond the call must copy it first (`kept`).
     */
    readonly subscribe: (handler: FrameHandler) => Effect.Effect<void, never, Scope.Scope>
    /** Hands an event to every handler of events, in order with the frames. */
    readonly tell: (event: FeedEvent) => void
    /** Adds a handler of events until the scope closes, on the same terms. */
    readonly listen: (handler: EventHandler) => Effect.Effect<void, never, Scope.Scope>
  }
>()("algoways/bus/FrameBus") {
  /** In-process: a plain loop over the handlers. */
  static readonly layer = Layer.effect(
    FrameBus,
    Effect.gen(function* () {
      const log = yield* makeSampledLog
      const context = yield* Effect.context<never>()
      const failed =
        (kind: "frames" | "events"): HookFault =>
        (defect) => {
          Metric.withAttributes(metrics.handlerFaults, { kind }).updateUnsafe(1, context)
          log.error(`a handler of the bus failed on ${kind}`, () => faultText(defect))
        }
      const frames = new Handlers<ReadonlyArray<MarketFrame>>(failed("frames"))
      const events = new Handlers<FeedEvent>(failed("events"))
      return FrameBus.of({
        publish: frames.call,
        subscribe: frames.add,
        tell: events.call,
        listen: events.add
      })
    })
  )
}

class Handlers<A> {
  readonly #handlers = new Set<(value: A) => unknown>()
  readonly #failed: HookFault

  constructor(failed: HookFault) {
    this.#failed = failed
  }

  /** One that throws costs nobody else the value, and gets the next one like the others. */
  readonly call = (value: A): void => {
    for (const handler of this.#handlers) {
      try {
        const answer = handler(value)
        if (answer !== undefined) watchPromise(answer, this.#failed)
      } catch (defect) {
        this.#failed(defect)
      }
    }
  }

  readonly add = (handler: (value: A) => unknown): Effect.Effect<void, never, Scope.Scope> =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => this.#handlers.add(handler)),
        () => Effect.sync(() => this.#handlers.delete(handler))
      )
    )
}
