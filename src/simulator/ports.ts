/** Listening and leaving: what the simulator's servers have in common. */
import { Server as HttpServer } from "node:http"
import type { AddressInfo, Server, Socket } from "node:net"
import * as Effect from "effect/Effect"
import { SimulatorAddressUnavailable } from "./errors.ts"

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

export const isByteStream = (endpoint: string): boolean => /^(?:tcp|tls):/.test(endpoint)

export const listen = (
  server: Server,
  host: string,
  port: number
): Effect.Effect<void, SimulatorAddressUnavailable> =>
  Effect.callback<void, SimulatorAddressUnavailable>((resume) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resume(
        Effect.fail(new SimulatorAddressUnavailable({ host, port, reason: error.code ?? error.message }))
      )
    server.once("error", failed)
    try {
      server.listen(port, host, () => {
        server.off("error", failed)
        resume(Effect.void)
      })
    } catch (error) {
      // Node throws at once for a port out of range.
      failed(error as NodeJS.ErrnoException)
    }
  })

/** How long clients have to take leave. */
const LEAVE_MS = 200

export const closeAll = (
  servers: ReadonlyArray<Server>,
  sockets: ReadonlySet<Socket>,
  goodbye: () => void
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    goodbye()
    const rest = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, LEAVE_MS)
    let left = servers.length
    for (const server of servers) {
      server.close(() => {
        if (--left > 0) return
        clearTimeout(rest)
        resume(Effect.void)
      })
      if (server instanceof HttpServer) server.closeIdleConnections()
    }
  })

/** An address to connect to, for one to listen on. */
export const reachable = (host: string): string =>
  host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host
