/** The simulator's plain HTTP side: the broker's REST front, the instrument master, and how an upgrade is declined. */
import { STATUS_CODES } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { strToU8, zipSync } from "fflate"
import type { Description } from "./description.ts"
import { DESCRIPTION_PATH, describedAt } from "./description.ts"
import type { MasterText } from "./masters/master.ts"
import { originOf } from "./ownAddress.ts"
import type { InstrumentMaster } from "../brokers/broker.ts"
import type { HttpAnswer, Refusal } from "../protocols/protocol.ts"
import type { ServedRequest } from "../protocols/serverProtocol.ts"

/** Where every simulated master is, whatever its broker's own path. */
export const MASTER_PATH = "/instruments"

/** Larger than any request of a login or a subscription. */
const MAX_BODY_BYTES = 1024 * 1024

export interface Front {
  /** Undefined until it listens. */
  readonly description: () => Description | undefined
  /** The broker's REST front. */
  readonly rest: (request: ServedRequest) => HttpAnswer | undefined
  readonly files: ReadonlyArray<MasterText>
  /** Where the broker publishes its master; the paths of its addresses work here too. */
  readonly master: InstrumentMaster
}

export const makeRequestHandler = ({
  description,
  files,
  master,
  rest
}: Front): ((request: IncomingMessage, response: ServerResponse) => void) => {
  const [only, ...more] = files
  const whole: Uint8Array =
    only === undefined || more.length > 0
      ? zipSync(Object.fromEntries(files.map(({ name, text }) => [name, strToU8(text)])))
      : strToU8(only.text)
  const byPath = new Map<string, Uint8Array>([[MASTER_PATH, whole]])
  // Some brokers have one path for several files, and tell them apart by query or body.
  const byRequest = new Map<string, Uint8Array>()
  for (const { body, name, url } of master.sources) {
    const file = files.find((f) => f.name === name)
    if (file === undefined) continue
    const address = typeof url === "string" ? url : url("DAY")
    const text = strToU8(file.text)
    byPath.set(pathOf(address), text)
    byRequest.set(requestKey(address, typeof body === "string" ? body : ""), text)
  }

  return (request, response) => {
    readBody(request, (body) => {
      if (body === undefined) return send(request, response, 413, "text/plain", "The request is too large.\n")
      const method = request.method ?? "GET"
      const url = request.url ?? "/"
      if (pathOf(url) === DESCRIPTION_PATH) {
        const said = description()
        if (said === undefined) {
          return send(request, response, 503, "text/plain", "The simulator is still starting.\n")
        }
        const origin = originOf(request.headers.host)
        const body = JSON.stringify(origin === undefined ? said : describedAt(said, origin))
        return send(request, response, 200, "application/json", body)
      }
      const answer = rest({ method, url, headers: singleHeaders(request), body })
      if (answer !== undefined) {
        const type = answer.headers["content-type"] ?? "application/json"
        return send(request, response, answer.status, type, answer.body)
      }
      const file = byRequest.get(requestKey(url, body)) ?? byPath.get(pathOf(url))
      if (file !== undefined) return send(request, response, 200, "application/octet-stream", file)
      send(
        request,
        response,
        404,
        "text/plain",
        `Nothing here. The instrument master is at ${MASTER_PATH}.\n`
      )
    })
  }
}

const readBody = (request: IncomingMessage, done: (body: string | undefined) => void): void => {
  const parts: Array<Buffer> = []
  let length = 0
  request.on("data", (part: Buffer) => {
    length += part.length
    if (length <= MAX_BODY_BYTES) parts.push(part)
  })
  request.on("error", () => {})
  request.on("end", () => done(length > MAX_BODY_BYTES ? undefined : Buffer.concat(parts).toString("utf8")))
}

const send = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  content: string | Uint8Array
): void => {
  const body = Buffer.from(content)
  response.writeHead(status, { "content-type": contentType, "content-length": body.length })
  response.end(request.method === "HEAD" ? undefined : body)
}

/** `/` for what has no path, like `simulated:NAME`. */
export const pathOf = (url: string): string => {
  try {
    const { pathname } = new URL(url, "http://simulator")
    return pathname.startsWith("/") ? pathname : "/"
  } catch {
    return "/"
  }
}

const requestKey = (url: string, body: string): string => {
  const query = url.indexOf("?")
  return `${pathOf(url)}${query < 0 ? "" : url.slice(query)} ${body}`
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

/** Repeated headers joined; names come in lower case from Node. */
export const singleHeaders = (request: IncomingMessage): Readonly<Record<string, string | undefined>> => {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value
  }
  return headers
}
