/** What the library's callbacks do: sockets open and close, and messages wait in their clients' lines. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as uWS from "uWebSockets.js"
import type { Client, SocketData } from "../client.ts"
import { CLOSE } from "../client.ts"
import { aboutClient } from "../logFields.ts"
import { readFrame, readPacked } from "../messages/requestReader.ts"
import type { GatewayMetrics } from "../metrics.ts"
import type { GatewaySettings } from "../options.ts"
import type { Unread } from "../requests/inbox.ts"
import type { Lane } from "../requests/lane.ts"
import type { Requests } from "../requests/requests.ts"
import { LARGE_BYTES } from "../requests/requests.ts"
import type { Keeper } from "../resume/keeper.ts"
import { endOf, idleTimeoutOf } from "./endings.ts"
import type { Entrance } from "./entrance.ts"

/**
 * uWebSockets.js drops a larger message without a close code as soon as it knows its length. One that is too large by less than
 * this is taken in, to close with 1009 as clients expect. What is not whole yet lies in memory, so it is not much.
 */
const TOO_BIG_BY = 256 * 1024

export interface ClientSocketsDeps {
  readonly settings: GatewaySettings
  readonly clients: Set<Client>
  readonly entrance: Entrance
  readonly requests: Requests
  readonly keeper: Pick<Keeper, "ended">
  readonly lane: Lane
  readonly metrics: GatewayMetrics
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export interface ClientSockets {
  readonly route: uWS.WebSocketBehavior<SocketData>
  /** Handles what waits in the client's line, unless that is under way. */
  readonly handle: (client: Client) => void
  /** The gateway stops: sockets close for that from now on. */
  readonly stop: () => void
}

export const makeClientSockets = (deps: ClientSocketsDeps): ClientSockets => {
  const { clients, entrance, keeper, lane, metrics, now, requests, run, settings } = deps
  let closing = false

  /** Takes the frame out of the library's memory; it is read when it is its turn. */
  const unread = (client: Client, message: ArrayBuffer, binary: boolean): Unread => {
    const bytes = message.byteLength
    if (binary && client.encoding === "msgpack") {
      const packed = new Uint8Array(message.slice(0))
      return { bytes, read: () => readPacked(packed, settings.maxEntries) }
    }
    if (bytes <= LARGE_BYTES) {
      const text = Buffer.from(message).toString("utf8")
      return { bytes, read: () => readFrame(text, settings.maxEntries) }
    }
    // Large ones wait outside of the heap.
    const copy = Buffer.from(message.slice(0))
    return { bytes, read: () => readFrame(copy.toString("utf8"), settings.maxEntries) }
  }

  /** At most one fiber per client, and none while it is silent. */
  const receive = (client: Client, message: ArrayBuffer, binary: boolean): void => {
    metrics.received(message.byteLength)
    if (!client.mayReceive(message.byteLength, now())) return
    if (client.enqueue(unread(client, message, binary))) handle(client)
  }

  const handle = (client: Client): void => {
    if (client.busy) return
    client.busy = true
    lane.run(() => {
      client.fiber = run(aboutClient(client)(requests.drain(client)))
    })
  }

  const closed = (client: Client, code: number, message: ArrayBuffer): void => {
    const { fiber, slowWith } = client
    // While it still holds what it held.
    keeper.ended(client)
    clients.delete(client)
    entrance.closed(client)
    client.closed(closing ? "shutdown" : endOf(code, message))
    const stopped = fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    run(
      Effect.gen(function* () {
        if (slowWith === undefined) {
          yield* Effect.logDebug(`a client is gone, code ${code}`)
        } else {
          yield* Effect.logWarning(
            `a client was closed: it reads too slowly, ${slowWith} bytes waited for it, the limit is ${settings.maxBackpressureBytes}`
          )
        }
        yield* stopped
        yield* requests.leave(client)
      }).pipe(aboutClient(client))
    )
  }

  const route: uWS.WebSocketBehavior<SocketData> = {
    maxPayloadLength: settings.maxMessageBytes + TOO_BIG_BY,
    // Frames wait in our outbox long before this; it stops what else may pile up, an answer of many megabytes.
    maxBackpressure: 2 * settings.maxBackpressureBytes,
    closeOnBackpressureLimit: false,
    // No compression, the default: some clients cannot inflate, and none needs it on a local line.
    // Pings are sent below, on a fixed beat. The limits of this option are the library's own.
    sendPingsAutomatically: false,
    idleTimeout: idleTimeoutOf(settings),
    upgrade: entrance.upgrade,
    open: (socket) => {
      const { client } = socket.getUserData()
      clients.add(client)
      entrance.opened(client)
      client.opened(socket, settings.authGraceMs)
      run(aboutClient(client)(Effect.logDebug("a client is connected")))
    },
    message: (socket, message, binary) => {
      const { client } = socket.getUserData()
      if (message.byteLength > settings.maxMessageBytes) {
        client.end("too_big", CLOSE.TOO_BIG)
      } else {
        receive(client, message, binary)
      }
    },
    // The library answers pings by itself, at our cost.
    ping: (socket, payload) => {
      socket.getUserData().client.mayPing(payload.byteLength, now())
    },
    pong: (socket, payload) => {
      const { client } = socket.getUserData()
      client.ponged()
      client.mayPing(payload.byteLength, now())
    },
    drain: (socket) => socket.getUserData().client.delivery.drain(),
    // Never while frames wait in the outbox beyond the mark; a single answer beyond the limit is.
    dropped: (socket) => socket.getUserData().client.tooSlow(),
    close: (socket, code, message) => closed(socket.getUserData().client, code, message)
  }

  return {
    route,
    handle,
    stop: () => {
      closing = true
    }
  }
}
