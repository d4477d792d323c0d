/** A WebSocket over the `ws` package, which reports the status and headers of a declined upgrade. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionLost, ConnectionRefused } from "../../market/errors.ts"
import { brokerText } from "../../protocols/kit/text.ts"
import type { Socket, SocketOptions } from "./socket.ts"
import { lostReason, socketReason } from "./unreachable.ts"

const HANDSHAKE_TIMEOUT_MS = 10_000
/** Larger than any broker's message. A larger one ends the connection instead of the process. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
/** Close codes of a broker that ends a connection on purpose. 1005 is a close frame without a code. */
const GOODBYES: ReadonlySet<number> = new Set([1000, 1001, 1005])
/** How long a closing handshake may take before the TCP connection is dropped. */
const CLOSE_GRACE_MS = 250

export const openWebSocket = (
  options: SocketOptions
): Effect.Effect<Socket, ConnectionFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const end = yield* Deferred.make<never, ConnectionFailure>()
    const opened = yield* Deferred.make<void, ConnectionFailure>()
    const fail = (failure: ConnectionFailure) => {
      Deferred.doneUnsafe(opened, Effect.fail(failure))
      Deferred.doneUnsafe(end, Effect.fail(failure))
    }
    const ws = yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          new WebSocket(options.handshake.url, [...(options.handshake.subprotocols ?? [])], {
            headers: options.handshake.headers,
            handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
            maxPayload: MAX_FRAME_BYTES,
            perMessageDeflate: false
          }),
        // The error of a bad URL quotes the URL, and the URL may hold an access token.
        catch: () => new ConnectionRefused({ detail: "the broker's endpoint is not a valid WebSocket URL" })
      }),
      (socket) => Effect.sync(() => close(socket))
    )
    // Not the library's state: that is already "closing" when it reports an error of an open socket.
    let isOpen = false
    ws.on("open", () => {
      isOpen = true
      Deferred.doneUnsafe(opened, Effect.void)
    })
    ws.on("message", (data: Buffer, isBinary: boolean) =>
      options.onFrame(isBinary ? data : data.toString("utf8"), clock.currentTimeMillisUnsafe())
    )
    ws.on("ping", () => options.onAlive?.("ping"))
    ws.on("pong", () => options.onAlive?.("pong"))
    ws.on("unexpected-response", (_request, response) => {
      fail(
        options.refusal({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(", ") : v])
          )
        })
      )
      response.resume()
      ws.terminate()
    })
    ws.on("error", (error: NodeJS.ErrnoException) => {
      fail(
        isOpen
          ? new ConnectionLost({ detail: lostReason(error) })
          : new ConnectionRefused({ detail: socketReason(error) })
      )
    })
    ws.on("close", (code, reason) => {
      const text = reason.toString("utf8")
      fail(
        options.closed?.({ code, reason: text }) ??
          new ConnectionLost({
            detail: `closed by the broker with code ${code}${text === "" ? "" : `: ${brokerText(text)}`}`,
            ...(GOODBYES.has(code) ? { clean: true } : {})
          })
      )
    })
    yield* Deferred.await(opened)
    return {
      send: (frame) => {
        if (ws.readyState === WebSocket.OPEN) ws.send(frame)
      },
      ping: () => {
        if (ws.readyState === WebSocket.OPEN) ws.ping()
      },
      drop: () => ws.terminate(),
      ended: Deferred.await(end)
    }
  })

const close = (socket: WebSocket): void => {
  // Late events of a socket that nobody listens to any more are no errors.
  socket.removeAllListeners()
  socket.on("error", () => {})
  if (socket.readyState === WebSocket.OPEN) {
    socket.close(1000)
    const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS)
    timer.unref()
    socket.once("close", () => clearTimeout(timer))
  } else socket.terminate()
}
