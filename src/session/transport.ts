/**
 * How bytes travel to and from a broker. A service, so that actors are tested on a test clock without sockets.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import type { ConnectionFailure } from "../market/errors.ts"
import { ConnectionLost, ConnectionRefused } from "../market/errors.ts"
import type { Handshake, Inbound, Outbound, Refusal } from "../protocols/protocol.ts"

export interface Socket {
  /** Sends at once; a socket that is closing drops it (its end is reported by `ended`). */
  readonly send: (frame: Outbound) => void
  /** Fails with the reason when the socket ends. Never succeeds. */
  readonly ended: Effect.Effect<never, ConnectionFailure>
}

export interface SocketOptions {
  readonly handshake: Handshake
  /** Turns a declined upgrade into its cause. */
  readonly refusal: (refusal: Refusal) => ConnectionFailure
  /** Called in the socket's own callback, in order. Must not throw. */
  readonly onFrame: (frame: Inbound, receivedAt: number) => void
}

export class Transport extends Context.Service<
  Transport,
  {
    /** Resolves when the upgrade is accepted. The socket closes with the scope. */
    readonly open: (options: SocketOptions) => Effect.Effect<Socket, ConnectionFailure, Scope.Scope>
  }
>()("algoways/session/Transport") {
  /** WebSocket over the `ws` package, which tells the status and headers of a declined upgrade. */
  static readonly layerWebSocket = Layer.succeed(Transport, { open: openWebSocket })
}

const HANDSHAKE_TIMEOUT_MS = 10_000
/** Larger than any broker's frame; a frame beyond it ends the connection instead of the process. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
/** How long a closing handshake may take before the TCP connection is dropped. */
const CLOSE_GRACE_MS = 250

function openWebSocket(options: SocketOptions): Effect.Effect<Socket, ConnectionFailure, Scope.Scope> {
  return Effect.gen(function* () {
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
          new WebSocket(options.handshake.url, {
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
    ws.on("open", () => Deferred.doneUnsafe(opened, Effect.void))
    ws.on("message", (data: Buffer, isBinary: boolean) =>
      options.onFrame(isBinary ? data : data.toString("utf8"), clock.currentTimeMillisUnsafe())
    )
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
      const detail = error.code ?? error.message
      fail(
        ws.readyState === WebSocket.OPEN ? new ConnectionLost({ detail }) : new ConnectionRefused({ detail })
      )
    })
    ws.on("close", (code, reason) => {
      const text = reason.toString("utf8")
      fail(
        new ConnectionLost({
          detail: `closed by the broker with code ${code}${text === "" ? "" : `: ${text}`}`
        })
      )
    })
    yield* Deferred.await(opened)
    return {
      send: (frame) => {
        if (ws.readyState === WebSocket.OPEN) ws.send(frame)
      },
      ended: Deferred.await(end)
    }
  })
}

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
