/**
 * The bus between the feed (sessions) and whoever forwards its frames: the gateway in the same process, the
 * ZeroMQ publisher, or a gateway in another process.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { FeedEvent } from "../market/feedEvent.ts"
import type { Frame } from "./frame.ts"

export type EventHandler = (event: FeedEvent) => void
export type FrameHandler = (frames: ReadonlyArray<Frame>) => void

export class FrameBus extends Context.Service<
  FrameBus,
  {
    /**
     * Hands a chunk to every handler, in order, before it returns. No fiber, no copy: a view stands at most once in a
     * chunk, because its frames share their memory.
     */
    readonly publish: (frames: ReadonlyArray<Frame>) => void
    /**
     * Adds a handler until the scope closes. A handler must not block and must not throw; a frame that it keeps beyond the
     * call it copies first (`kept`).
     */
    readonly subscribe: (handler: FrameHandler) => Effect.Effect<void, never, Scope.Scope>
    /** Hands an event to every handler of events, in order with the frames. */
    readonly tell: (event: FeedEvent) => void
    /** Adds a handler of events until the scope closes. A handler must not block and must not throw. */
    readonly listen: (handler: EventHandler) => Effect.Effect<void, never, Scope.Scope>
  }
>()("algoways/bus/FrameBus") {
  /** In-process: a plain loop over the handlers. */
  static readonly layer = Layer.sync(FrameBus, () => {
    const frames = new Handlers<ReadonlyArray<Frame>>()
    const events = new Handlers<FeedEvent>()
    return FrameBus.of({
      publish: frames.call,
      subscribe: frames.add,
      tell: events.call,
      listen: events.add
    })
  })
}

class Handlers<A> {
  readonly #handlers = new Set<(value: A) => void>()

  readonly call = (value: A): void => {
    for (const handler of this.#handlers) handler(value)
  }

  readonly add = (handler: (value: A) => void): Effect.Effect<void, never, Scope.Scope> =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => this.#handlers.add(handler)),
        () => Effect.sync(() => this.#handlers.delete(handler))
      )
    )
}
