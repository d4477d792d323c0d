/** How a connection to Upstox' feed is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, ProtocolViolation, RateLimited } from "../../market/errors.ts"
import type { HttpAnswer, Login, LoginContext } from "../protocol.ts"
import { brokerText, isObject, parseObject, reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { INVALID_TOKEN } from "./layout.ts"

export const AUTHORIZE_PATH = "/v3/feed/market-data-feed/authorize"

export const bearer = (token: string): string => `Bearer ${token.replace(/^Bearer\s+/i, "")}`

/**
 * The feed's own address answers with a redirect, which clients of WebSockets do not follow; the authorize call gives the
 * address behind it, with a code that is good for one connection.
 */
export function* handshake({ credentials, random, services }: LoginContext): Login {
  const answer = yield {
    method: "GET",
    url: `${services["api"] ?? ""}${AUTHORIZE_PATH}`,
    headers: { accept: "application/json", authorization: bearer(reveal(credentials.authToken)) }
  }
  const failure = declined(answer)
  if (failure !== undefined) return failure
  const data = parseObject(answer.body)?.["data"]
  const url = isObject(data) ? (data["authorized_redirect_uri"] ?? data["authorizedRedirectUri"]) : undefined
  if (typeof url !== "string" || !/^wss?:\/\//.test(url)) {
    return new ProtocolViolation({ detail: "the authorize call answered without an address of the feed" })
  }
  // Ids of requests begin with these, so that they are unique among connections.
  const guid = Array.from(random.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("")
  return { url, headers: {}, secrets: { guid } }
}

const declined = ({ body, status }: HttpAnswer): ConnectionFailure | undefined => {
  if (status === 200) return undefined
  const errors = parseObject(body)?.["errors"]
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const { errorCode, message } = isObject(first) ? first : {}
  const told = [errorCode, message].filter((part) => typeof part === "string").join(" ")
  const detail = told === "" ? `HTTP ${status}` : `HTTP ${status}: ${brokerText(told)}`
  if (status === 401 || status === 403 || errorCode === INVALID_TOKEN) return new AuthRejected({ detail })
  return status === 429 ? new RateLimited({ detail }) : new ConnectionRefused({ detail })
}

/** The upgrade carries the code alone; a code that was used or is too old is refused like a wrong token. */
export const refusal = usualRefusal("the access token may not read this feed or has expired")
