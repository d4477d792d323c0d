/** Opening the gateway's port, and saying why when that is impossible. */
import { createServer } from "node:net"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as uWS from "uWebSockets.js"

const reasons: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "another process uses the port"],
  ["EACCES", "this user may not open the port"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["ENOTFOUND", "there is no such host name"]
])

/** The port could not be opened. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  /** The system's code, e.g. `EADDRINUSE`; absent when it was not to be found out. */
  code: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const reason = this.code === undefined ? "" : `: ${reasons.get(this.code) ?? this.code}`
    const remedy =
      this.code === "EADDRNOTAVAIL" || this.code === "ENOTFOUND"
        ? "Choose an address of this machine with --host or ALGOWAYS_HOST."
        : "Choose another port with --port or ALGOWAYS_PORT, or stop the process that has it."
    return `The gateway cannot listen on ${this.host}:${this.port}${reason}. ${remedy}`
  }
}

/** uWebSockets.js says only that it failed; the system tells Node why. */
const findReason = (host: string, port: number) =>
  Effect.callback<string | undefined>((resume) => {
    const probe = createServer()
    probe.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code)))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resume(Effect.succeed(undefined))))
  })

/** A port that nobody has at this moment; 0, which is as good, when the system names none. */
export const freePort = (host: string): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    const probe = createServer()
    probe.once("error", () => resume(Effect.succeed(0)))
    probe.listen({ host, port: 0, exclusive: true }, () => {
      const address = probe.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      probe.close(() => resume(Effect.succeed(port)))
    })
  })

/** The library's types lack this form of `listen`, with a host and with options, and the option itself. */
type Listen = (
  host: string,
  port: number,
  options: number,
  done: (socket: uWS.us_listen_socket | false) => void
) => void
const exclusive = (uWS as unknown as { readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number })
  .LIBUS_LISTEN_EXCLUSIVE_PORT

/**
 * Opens the port for this process alone. Without the exclusive option the system would share the port between
 * two gateways and give each of them half of the clients.
 */
export const listen = Effect.fnUntraced(function* (app: uWS.TemplatedApp, host: string, port: number) {
  const socket = yield* Effect.callback<uWS.us_listen_socket | false>((resume) => {
    ;(app.listen as unknown as Listen).call(app, host, port, exclusive, (opened) =>
      resume(Effect.succeed(opened))
    )
  })
  if (socket !== false) return socket
  const code = yield* findReason(host, port)
  return yield* new ListenFailed({ host, port, ...(code === undefined ? {} : { code }) })
})
