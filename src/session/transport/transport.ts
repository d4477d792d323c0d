/**
 * How bytes travel to and from a broker. A service, so that actors are tested on a test clock without sockets.
 *
 * WebSockets for most brokers, a plain byte stream for MQTT, and HTTP beside either for logins and subscriptions that
 * use a REST API. Only the codec knows what the bytes mean: it frames Socket.IO, MQTT and NATS itself, so that live
 * connections, golden frames and the simulator share one decode path.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../protocols/protocol.ts"
import { openByteStream } from "./byteStream.ts"
import { requestHttp } from "./http.ts"
import { atHost } from "./unreachable.ts"
import type { Socket, SocketOptions } from "./socket.ts"
import { openSimulated } from "./simulated.ts"
import { openWebSocket } from "./webSocket.ts"

export class Transport extends Context.Service<
  Transport,
  {
    /** Resolves when the connection is open. It closes with the scope. */
    readonly open: (options: SocketOptions) => Effect.Effect<Socket, ConnectionFailure, Scope.Scope>
    /** An answer of any status succeeds. Fails only if a request gets no answer. */
    readonly request: (request: HttpRequest) => Effect.Effect<HttpAnswer, ConnectionFailure>
  }
>()("algoways/session/Transport") {
  /** Real sockets, chosen by the handshake's scheme. */
  static readonly layerSockets = Layer.succeed(Transport, {
    open: (options) => {
      const { url } = options.handshake
      if (url.startsWith("simulated:")) return openSimulated(options)
      const opened = /^(?:tcp|tls):/.test(url) ? openByteStream(options) : openWebSocket(options)
      return Effect.mapError(opened, atHost(options.handshake))
    },
    request: requestHttp
  })
}
