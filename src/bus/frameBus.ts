/**
 * The bus between the feed (sessions) and whoever forwards its frames: the gateway in the same process, the
 * ZeroMQ publisher, or a gateway in another process.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Frame } from "./frame.ts"

export type FrameHandler = (frames: ReadonlyArray<Frame>) => void

export class FrameBus extends Context.Service<
  FrameBus,
  {
    /** Hands a chunk to every handler, in order, before it returns. No fiber, no copy. */
    readonly publish: (frames: ReadonlyArray<Frame>) => void
    /** Adds a handler until the scope closes. A handler must not block and must not throw. */
    readonly subscribe: (handler: FrameHandler) => Effect.Effect<void, never, Scope.Scope>
  }
>()("algoways/bus/FrameBus") {
  /** In-process: a plain loop over the handlers. */
  static readonly layer = Layer.sync(FrameBus, () => {
    const handlers = new Set<FrameHandler>()
    return FrameBus.of({
      publish: (frames) => {
        for (const handler of handlers) handler(frames)
      },
      subscribe: (handler) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => handlers.add(handler)),
            () => Effect.sync(() => handlers.delete(handler))
          )
        )
    })
  })
}
