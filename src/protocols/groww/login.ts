/**
 * How a Groww feed is asked for: a key pair for this connection, a socket token bound to it by REST, and the server's
 * nonce signed with it. Source: the official Python SDK (growwapi 1.5.0), NATS documentation.
 */
import { Prefix, fromSeed } from "@nats-io/nkeys"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionLost, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { HttpAnswer, Login, LoginContext, Refusal } from "../protocol.ts"
import { brokerText, isObject, parseObject, reveal } from "../kit/text.ts"
import { bytesOf } from "./nats.ts"
import { base64Url, seedOf } from "./nkey.ts"

/** With the slash at its end. */
export const TOKEN_PATH = "/v1/api/apex/v1/socket/token/create/"

export function* handshake({ credentials, endpoint, random, services }: LoginContext): Login {
  const seed = seedOf(Prefix.User, random.subarray(0, 32))
  const answer = yield {
    method: "POST",
    url: `${services["api"] ?? ""}${TOKEN_PATH}`,
    headers: {
      authorization: `Bearer ${reveal(credentials.authToken)}`,
      "content-type": "application/json",
      "x-api-version": "1.0",
      "x-client-id": "growwapi",
      "x-client-platform": "growwapi-python-client",
      "x-client-platform-version": "1.5.0",
      "x-request-id": uuid(random.subarray(32, 48))
    },
    body: JSON.stringify({ socketKey: fromSeed(seed).getPublicKey() })
  }
  if (answer.status < 200 || answer.status > 299) return byStatus(answer.status, reasonIn(answer))
  const jwt = tokenIn(answer)
  if (jwt === undefined) {
    return new ConnectionRefused({ detail: "the answer to the request for a socket token holds none" })
  }
  return { url: endpoint, headers: {}, secrets: { jwt, seed: new TextDecoder().decode(seed) } }
}

const tokenIn = ({ body }: HttpAnswer): string | undefined => {
  const answer = parseObject(body)
  const payload = answer?.["payload"]
  const token = (isObject(payload) ? payload : answer)?.["token"]
  return typeof token === "string" && token !== "" ? token : undefined
}

/** Groww's errors are `{"error":{"code","message"}}`. */
const reasonIn = ({ body }: HttpAnswer): string => {
  const error = parseObject(body)?.["error"]
  const message = isObject(error) ? error["message"] : undefined
  return typeof message === "string" && message !== "" ? `: ${brokerText(message)}` : ""
}

/** 401 and 403 mean that the access token is dead: it ends every morning. */
const byStatus = (status: number, reason: string): ConnectionFailure => {
  const detail = `HTTP ${status}${reason}`
  switch (status) {
    case 401:
    case 403:
      return new AuthRejected({ detail })
    case 429:
      return new RateLimited({ detail })
    default:
      return new ConnectionRefused({ detail })
  }
}

export const refusal = ({ status }: Refusal): ConnectionFailure => byStatus(status, "")

/** Version 4. */
const uuid = (random: Uint8Array): string => {
  const bytes = Uint8Array.from(random)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

/** The answer to the server's INFO. */
export const connectOperation = (
  { jwt, seed }: Readonly<Record<string, string>>,
  nonce: string | undefined
): string => {
  const pair = fromSeed(bytesOf(seed ?? ""))
  const options = {
    jwt,
    nkey: pair.getPublicKey(),
    ...(nonce === undefined ? {} : { sig: base64Url(pair.sign(bytesOf(nonce))) }),
    verbose: false,
    pedantic: false,
    tls_required: false,
    protocol: 1,
    version: "1.0.0",
    lang: "javascript",
    name: "algoways",
    headers: true,
    no_responders: true
  }
  return `CONNECT ${JSON.stringify(options)}\r\n`
}

/**
 * What an `-ERR` says about the connection; undefined where it stays open (NATS documentation: only errors about a
 * subject leave it so). A login that expired needs a new socket token, which the next attempt fetches; the answer to
 * that request tells whether the access token has ended too.
 */
export const failureOf = (text: string): ConnectionFailure | undefined => {
  const detail = brokerText(text)
  if (/^(?:permissions violation|invalid subject)/i.test(text)) return undefined
  if (/expired/i.test(text)) return new ConnectionLost({ detail })
  if (/^(?:authorization|user authentication|account authentication)/i.test(text)) {
    return new AuthRejected({ detail })
  }
  // Connecting again at once would meet the same limit.
  return /^maximum .*connections/i.test(text) ? new RateLimited({ detail }) : new ConnectionLost({ detail })
}
