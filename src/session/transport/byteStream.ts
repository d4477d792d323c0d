/** A plain byte stream over TCP or TLS: `tcp://host:port`, `tls://host:port`. Reads arrive as they come, split anywhere. */
import * as net from "node:net"
import * as tls from "node:tls"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionLost, ConnectionRefused } from "../../market/errors.ts"
import type { Socket, SocketOptions } from "./socket.ts"
import { lostReason, socketReason } from "./unreachable.ts"

const CONNECT_TIMEOUT_MS = 10_000
/** How many bytes may wait to be written before the connection counts as dead. Requests are short. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

export const openByteStream = (
  options: SocketOptions
): Effect.Effect<Socket, ConnectionFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const { hostname, port, protocol } = yield* parse(options.handshake.url)
    const clock = yield* Clock.Clock
    const end = yield* Deferred.make<never, ConnectionFailure>()
    const opened = yield* Deferred.make<void, ConnectionFailure>()
    let isOpen = false
    const fail = (failure: ConnectionFailure) => {
      Deferred.doneUnsafe(opened, Effect.fail(failure))
      Deferred.doneUnsafe(end, Effect.fail(failure))
    }
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const address = { host: hostname, port: Number(port) }
        return protocol === "tls:" ? tls.connect({ ...address, servername: hostname }) : net.connect(address)
      }),
      (s) => Effect.sync(() => close(s))
    )
    socket.setNoDelay(true)
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error("ETIMEDOUT")))
    socket.once(protocol === "tls:" ? "secureConnect" : "connect", () => {
      isOpen = true
      socket.setTimeout(0)
      Deferred.doneUnsafe(opened, Effect.void)
    })
    socket.on("data", (bytes: Buffer) => options.onFrame(bytes, clock.currentTimeMillisUnsafe()))
    socket.on("error", (error: NodeJS.ErrnoException) => {
      fail(
        isOpen
          ? new ConnectionLost({ detail: lostReason(error) })
          : new ConnectionRefused({ detail: socketReason(error) })
      )
    })
    socket.on("close", () => fail(new ConnectionLost({ detail: "closed by the broker" })))
    yield* Deferred.await(opened)
    return {
      send: (frame) => {
        if (!socket.writable) return
        if (socket.writableLength > MAX_UNSENT_BYTES) {
          fail(new ConnectionLost({ detail: "the broker does not read what it is sent" }))
        } else socket.write(frame)
      },
      ping: () => {},
      drop: () => socket.destroy(),
      ended: Deferred.await(end)
    }
  })

const parse = (url: string): Effect.Effect<URL, ConnectionRefused> =>
  URL.canParse(url) && new URL(url).port !== ""
    ? Effect.succeed(new URL(url))
    : Effect.fail(
        new ConnectionRefused({ detail: "the broker's endpoint is not of the form tls://host:port" })
      )

const close = (socket: net.Socket): void => {
  socket.removeAllListeners()
  socket.on("error", () => {})
  socket.end()
  const timer = setTimeout(() => socket.destroy(), 250)
  timer.unref()
  socket.once("close", () => clearTimeout(timer))
}
