/** A connection to the market that is simulated in this process: `simulated:NAME`. Loaded only where one is used. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionLost, ConnectionRefused } from "../../market/errors.ts"
import type { Socket, SocketOptions } from "./socket.ts"

export const openSimulated = (
  options: SocketOptions
): Effect.Effect<Socket, ConnectionFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const end = yield* Deferred.make<never, ConnectionFailure>()
    const connection = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          const { connectInProcess } = await import("../../simulator/inProcess.ts")
          return await connectInProcess(
            options.handshake.url,
            (frame) => options.onFrame(frame, clock.currentTimeMillisUnsafe()),
            () =>
              Deferred.doneUnsafe(end, Effect.fail(new ConnectionLost({ detail: "the simulation ended" })))
          )
        },
        catch: (cause) => new ConnectionRefused({ detail: `no simulated market: ${String(cause)}` })
      }),
      ({ close }) => Effect.sync(close)
    )
    const pong = (): void => options.onAlive?.("pong")
    return { send: connection.send, ping: pong, drop: connection.close, ended: Deferred.await(end) }
  })
