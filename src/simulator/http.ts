/** The simulator's plain HTTP side: the instrument master, and how an upgrade is declined. */
import { STATUS_CODES } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import type { Listed } from "./identity.ts"
import type { MasterWriter } from "./masters.ts"
import type { Refusal } from "../protocols/protocol.ts"

/** Where every simulated master is, whatever its broker's own path. */
export const MASTER_PATH = "/instruments"

/** @param brokerUrl where the broker itself publishes its master; its path works here too */
export const makeRequestHandler = (
  writer: MasterWriter,
  listed: ReadonlyArray<Listed>,
  brokerUrl: string
): ((request: IncomingMessage, response: ServerResponse) => void) => {
  const paths = new Set([MASTER_PATH, pathOf(brokerUrl)])
  const exchanges = new Set(listed.map((l) => l.instrument.brokerExchange))
  return (request, response) => {
    const path = pathOf(request.url ?? "/")
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD")
      return answer(request, response, 405, "text/plain", `${request.method} is not served here, only GET.\n`)
    }
    const exchange = path.startsWith(`${MASTER_PATH}/`) ? path.slice(MASTER_PATH.length + 1) : undefined
    if (!paths.has(path) && (exchange === undefined || !exchanges.has(exchange))) {
      return answer(
        request,
        response,
        404,
        "text/plain",
        `Nothing here. The instrument master is at ${MASTER_PATH}.\n`
      )
    }
    const file = writer(listed, exchange)
    answer(request, response, 200, file.contentType, file.body)
  }
}

const answer = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string
): void => {
  const body = Buffer.from(text)
  response.writeHead(status, { "content-type": contentType, "content-length": body.length })
  response.end(request.method === "HEAD" ? undefined : body)
}

const pathOf = (url: string): string => {
  try {
    return new URL(url, "http://simulator").pathname
  } catch {
    return "/"
  }
}

/** Answers an upgrade request with a status instead of a socket, as the real broker does. */
export const refuseUpgrade = (socket: Duplex, refusal: Refusal): void => {
  const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? "Refused"}`]
  for (const [name, value] of Object.entries(refusal.headers)) {
    if (value !== undefined) lines.push(`${name}: ${value}`)
  }
  lines.push("connection: close", "content-length: 0", "", "")
  socket.once("finish", () => socket.destroy())
  socket.end(lines.join("\r\n"))
}
