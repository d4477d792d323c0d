/** Which of the service's addresses are free, and whether AlgoWays itself has them. */
import { request as plainRequest } from "node:http"
import { request as tlsRequest } from "node:https"
import { createServer } from "node:net"
import { TLSSocket } from "node:tls"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CertificateLife } from "../../gateway/connections/certificate.ts"
import { fail, ok, warn } from "./check.ts"

const HEALTH_PATIENCE_MS = 2000
const MOST_HEALTH_BYTES = 65_536

const Health = Schema.Struct({
  version: Schema.String,
  feeds: Schema.Record(Schema.String, Schema.Number)
})
const healthOf = Schema.decodeUnknownOption(Schema.fromJsonString(Health))

/** What a wildcard address is reached by from this machine. */
const reachable = (host: string): string => (host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host)

/** Undefined if nothing listens there, otherwise the system's error code. */
const listens = (host: string, port: number) =>
  Effect.callback<string | undefined>((resume) => {
    const probe = createServer()
    probe.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "unknown")))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resume(Effect.succeed(undefined))))
  })

interface Answered {
  readonly text: string
  /** That was shown. */
  readonly certificate: CertificateLife | undefined
}

/** A gateway's certificate is for its clients' name of it, not for the loopback address: it is not checked. */
const get = (tls: boolean, host: string, port: number): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const options = { host, port, path: "/health", rejectUnauthorized: false, timeout: HEALTH_PATIENCE_MS }
    const asked = (tls ? tlsRequest : plainRequest)(options, (answer) => {
      let text = ""
      const { socket } = answer
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
      const certificate =
        shown === undefined
          ? undefined
          : { from: Date.parse(shown.valid_from), until: Date.parse(shown.valid_to) }
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part
        if (text.length > MOST_HEALTH_BYTES) answer.destroy(new Error("too long"))
      })
      answer.once("end", () => resolve({ text, certificate })).once("error", reject)
    })
    asked.once("timeout", () => asked.destroy(new Error("no answer")))
    asked.once("error", reject)
    asked.end()
  })

/** What the AlgoWays gateway there says, with TLS or without; undefined: there is none. */
const healthAt = Effect.fnUntraced(function* (host: string, port: number) {
  for (const tls of [false, true]) {
    const told = yield* Effect.tryPromise(() => get(tls, host, port)).pipe(
      Effect.timeout(2 * HEALTH_PATIENCE_MS),
      Effect.option
    )
    const health = Option.flatMap(told, ({ text }) => healthOf(text))
    if (told._tag === "Some" && health._tag === "Some") return { ...health.value, ...told.value }
  }
  return undefined
})

/**
 * The gateway's port. `inUse` says why a login of our own may end a running one: a gateway counts the feeds of its
 * clients alone, and none when the count takes long, so that any gateway that runs may have sessions.
 */
export const checkPort = Effect.fn("checkPort")(function* (host: string, port: number) {
  const what = `port ${host}:${port}`
  const taken = yield* listens(host, port)
  const none = { inUse: undefined, certificate: undefined }
  if (taken === undefined) return { check: ok(what, "free"), ...none }
  if (taken !== "EADDRINUSE") {
    const check = fail(what, `cannot be opened (${taken})`, "Choose another with --host and --port")
    return { check, ...none }
  }
  const health = yield* healthAt(reachable(host), port)
  if (health === undefined) {
    const remedy = "Stop that program, or choose another port with --port"
    return { check: fail(what, "another program has it", remedy), ...none }
  }
  const feeds = Object.entries(health.feeds).map(([state, count]) => `${count} ${state}`)
  const live = feeds.length > 0
  return {
    check: ok(what, `AlgoWays ${health.version} serves it${live ? `; feeds: ${feeds.join(", ")}` : ""}`),
    certificate: health.certificate,
    inUse: live
      ? "a gateway runs sessions here"
      : "a gateway runs here and may have sessions that no client reads from"
  }
})

const tcp = (endpoint: string) => {
  const address = /^tcp:\/\/(\[[^\]]+\]|[^:]+):(\d+)$/.exec(endpoint)
  if (address === null) return undefined
  const host = address[1]!.replace(/^\[|\]$/g, "")
  return { host: host === "*" ? "0.0.0.0" : host, port: Number(address[2]) }
}

/**
 * The public ZeroMQ endpoint. Only TCP ones can be looked at.
 *
 * @param runs whether AlgoWays runs here, which would be who has it
 */
export const checkZmq = Effect.fn("checkZmq")(function* (endpoint: string, runs: boolean) {
  const what = `ZeroMQ ${endpoint}`
  const address = tcp(endpoint)
  if (endpoint === "off") return ok("ZeroMQ", "off")
  if (address === undefined) return ok(what, "not tried: only a tcp: address can be")
  const taken = yield* listens(address.host, address.port)
  if (taken === undefined) return ok(what, "free")
  if (runs && taken === "EADDRINUSE") return ok(what, "in use, as it should be while AlgoWays runs")
  return warn(
    what,
    `cannot be bound (${taken})`,
    "Choose another with --zmq, or stop the program that has it"
  )
})

/** The sockets between `feed` and `gateway`: who has them is most likely a feed process, with sessions. */
export const checkFeedSockets = Effect.fn("checkFeedSockets")(function* (control: string, frames: string) {
  const what = "feed process"
  const taken: Array<string> = []
  for (const endpoint of [control, frames]) {
    const address = tcp(endpoint)
    if (address !== undefined && (yield* listens(address.host, address.port)) === "EADDRINUSE") {
      taken.push(endpoint)
    }
  }
  if (taken.length === 0) return { check: ok(what, "none here"), inUse: undefined }
  return {
    check: ok(what, `one seems to run here: ${taken.join(" and ")} in use`),
    inUse: "a feed process seems to run here and may have sessions"
  }
})
