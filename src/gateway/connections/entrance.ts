/** The way in: which sockets are accepted, which handshakes become clients, and when. */
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"
import type { TrustedProxies } from "./address.ts"
import { requestAddress } from "./address.ts"
import type { Client, SocketData } from "../client.ts"
import { MSGPACK_PROTOCOL } from "../delivery/encoding.ts"
import type { Descriptors } from "./descriptors.ts"
import type { Answer } from "../http/answer.ts"
import { answerLater, onGone } from "../http/answer.ts"
import { ambiguousHeader } from "../http/gate.ts"
import { Allowance, Tally, isLoopback, originMay } from "../limits.ts"
import type { GatewayMetrics, Limit } from "../metrics.ts"
import { Newcomers } from "./newcomers.ts"
import type { GatewaySettings } from "../options.ts"
import { Sockets } from "./sockets.ts"

/** What a handshake says of the client that it is for. */
export interface Handshake {
  readonly key: string
  readonly address: string
  /** It speaks MessagePack. */
  readonly packed: boolean
}

export interface EntranceDeps {
  readonly settings: GatewaySettings
  readonly proxies: TrustedProxies
  readonly descriptors: Descriptors
  readonly metrics: GatewayMetrics
  readonly run: (effect: Effect.Effect<void>) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly make: (handshake: Handshake) => Client
}

/** How long the library keeps a connection that is closed from this end alone. */
const LINGER_S = 16

const statuses: Partial<Record<Limit, string>> = {
  ambiguous_request: "400 Bad Request",
  connections_per_address: "429 Too Many Requests",
  origin: "403 Forbidden"
}

const refusalOf = (limit: Limit): Answer => ({
  status: statuses[limit] ?? "503 Service Unavailable",
  body: `declined by the limit "${limit}"\n`
})

export class Entrance {
  readonly #deps: EntranceDeps
  readonly #byAddress = new Tally<string>()
  readonly #sockets: Sockets
  readonly #newcomers: Newcomers<Client>
  readonly #farewells: Allowance
  #clients = 0

  constructor(deps: EntranceDeps) {
    const { descriptors, metrics, now, proxies, settings } = deps
    this.#deps = deps
    this.#newcomers = new Newcomers(settings.maxLoggingIn, now)
    this.#farewells = new Allowance(settings.maxLoggingIn / LINGER_S, settings.maxLoggingIn, now())
    this.#sockets = new Sockets({
      descriptors,
      maxHandshakes: settings.maxHandshakes,
      proxies,
      onLimited: (limit) => metrics.limited(limit),
      onHandshakes: (change) => metrics.handshakes(change)
    })
  }

  get filter(): Sockets["filter"] {
    return this.#sockets.filter
  }

  /** A plain request has come in. */
  asked(res: uWS.HttpResponse): void {
    this.#sockets.asked(res)
  }

  /** Why an upgrade is declined. */
  #declined(address: string, res: uWS.HttpResponse, req: uWS.HttpRequest): Limit | undefined {
    const { allowedOrigins, host, maxConnections, maxConnectionsPerAddress } = this.#deps.settings
    // An upgrade has no body: its bytes would be taken for the WebSocket's first ones.
    const length = Number(req.getHeader("content-length"))
    if (length > 0 || ambiguousHeader(req) !== undefined) return "ambiguous_request"
    if (this.#clients >= maxConnections) return "connections"
    const others = this.#byAddress.of(address) + this.#sockets.othersOf(address, res)
    if (others >= maxConnectionsPerAddress) return "connections_per_address"
    const may = originMay(req.getHeader("origin"), req.getHeader("host"), allowedOrigins, isLoopback(host))
    return may ? undefined : "origin"
  }

  #refuse(res: uWS.HttpResponse, limit: Limit): void {
    this.#deps.metrics.limited(limit)
    answerLater(res, this.#deps.run, Effect.succeed(refusalOf(limit)))
  }

  /** The route's handler of upgrades. */
  readonly upgrade = (
    res: uWS.HttpResponse,
    req: uWS.HttpRequest,
    socketContext: uWS.us_socket_context_t
  ): void => {
    const upgraded = this.#sockets.asked(res)
    const address = requestAddress(res, req, this.#deps.proxies)
    const limit = this.#declined(address, res, req)
    if (limit !== undefined) return this.#refuse(res, limit)
    const key = req.getHeader("sec-websocket-key")
    const extensions = req.getHeader("sec-websocket-extensions")
    const offered = req.getHeader("sec-websocket-protocol").split(",")
    const packed = offered.some((name) => name.trim() === MSGPACK_PROTOCOL)
    const waiting = {
      address,
      enter: (): void => {
        const client = this.#deps.make({ key, address, packed })
        // What is not known is not agreed to: who insists on it finds out, rather than reading text as something else.
        const protocol = packed ? MSGPACK_PROTOCOL : ""
        upgraded()
        res.cork(() => res.upgrade<SocketData>({ client }, key, protocol, extensions, socketContext))
      },
      decline: (): void => this.#refuse(res, "logging_in")
    }
    onGone(res, () => this.#newcomers.cancel(waiting))
    this.#newcomers.admit(waiting)
  }

  /**
   * Whether a client that is not logged in may be told why it is closed. The library keeps such a connection, and what it has
   * sent, until it is closed from the other end too, or for so long: of those there may be as many as places, and no more.
   */
  readonly mayLinger = (): boolean => this.#farewells.takeOrWait(1, this.#deps.now()) === 0

  opened(client: Client): void {
    this.#clients++
    this.#byAddress.add(client.address)
    this.#newcomers.joined(client)
  }

  spoke(client: Client): void {
    this.#newcomers.spoke(client)
  }

  loggedIn(client: Client): void {
    this.#newcomers.loggedIn(client)
  }

  closed(client: Client): void {
    this.#clients--
    this.#byAddress.remove(client.address)
    this.#newcomers.left(client)
  }

  close(): void {
    this.#newcomers.close()
  }
}
