/**
 * How a session at an XTS server begins: a login over REST with the keys of the market data API, or a token that
 * somebody else's login got; then the Socket.IO connection with it.
 */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, ProtocolViolation, RateLimited } from "../../market/errors.ts"
import type { Handshake, HttpAnswer, Login, LoginContext, Refusal } from "../protocol.ts"
import { parseObject, reveal } from "../kit/text.ts"
import { xtsOptions } from "./options.ts"
import { readReply } from "./requests.ts"

/** Names of the handshake's secrets. */
export interface XtsSecrets {
  readonly token: string
  /** Where the REST front is. */
  readonly rest: string
  /** How the token was got: by our own login, which can be repeated, or issued to the user. */
  readonly origin: "login" | "issued"
}

const MISSING =
  "store the market data API's key and secret, or a token that it issued together with the user id that came with it"

/** Keys come first: a login with them always works, where a stored token may be yesterday's. */
export function* handshake(context: LoginContext): Login {
  const { credentials } = context
  const rest = context.services["rest"]?.replace(/\/+$/, "")
  if (rest === undefined) {
    return new ConnectionRefused({ detail: 'the broker has no REST address; set "rest" among its services' })
  }
  const appKey = reveal(credentials.apiKey)
  const secretKey = reveal(credentials.apiSecret)
  if (appKey !== "" && secretKey !== "") {
    const answer = yield {
      method: "POST",
      url: `${rest}/auth/login`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ appKey, secretKey, source: "WebAPI" })
    }
    const login = readLogin(answer)
    return "_tag" in login ? login : connect(context, { ...login, rest, origin: "login" })
  }
  const token = reveal(credentials.feedToken)
  // The claim is the id that the login returned; what users keep as their client code may be the one they trade with.
  const userId = userIdOf(token) ?? reveal(credentials.clientCode)
  if (token === "" || userId === "") return new AuthRejected({ detail: MISSING })
  return connect(context, { token, userId, rest, origin: "issued" })
}

const readLogin = (
  answer: HttpAnswer
): { readonly token: string; readonly userId: string } | ConnectionFailure => {
  const reply = readReply(answer)
  switch (reply.type) {
    case "later":
      return reply.limited
        ? new RateLimited({ detail: reply.detail })
        : new ConnectionRefused({ detail: reply.detail })
    case "ended":
    case "refused":
      return new AuthRejected({ detail: reply.detail })
    case "done": {
      const { token, userID } = reply.result
      const userId = typeof userID === "string" && userID !== "" ? userID : userIdOf(token)
      return typeof token === "string" && token !== "" && userId !== undefined
        ? { token, userId }
        : new ProtocolViolation({ detail: "the login's answer has no token or no user id" })
    }
  }
}

const connect = (
  { endpoint, options }: LoginContext,
  { origin, rest, token, userId }: XtsSecrets & { readonly userId: string }
): Handshake => {
  const { broadcastMode, publishFormat } = xtsOptions(options)
  const query = [
    "EIO=3",
    "transport=websocket",
    `token=${encodeURIComponent(token)}`,
    `userID=${encodeURIComponent(userId)}`,
    `publishFormat=${publishFormat}`,
    `broadcastMode=${broadcastMode}`
  ]
  return {
    url: `${endpoint.replace(/\/+$/, "")}/?${query.join("&")}`,
    headers: {},
    secrets: { token, rest, origin }
  }
}

/** The claim of a JWT. Nothing is verified: the broker does that. */
export const userIdOf = (token: unknown): string | undefined => {
  const payload = typeof token === "string" ? token.split(".")[1] : undefined
  if (payload === undefined) return undefined
  try {
    const claims = parseObject(atob(payload.replaceAll("-", "+").replaceAll("_", "/")))
    const userId = claims?.["userID"]
    return typeof userId === "string" && userId !== "" ? userId : undefined
  } catch {
    return undefined
  }
}

/** 400 too is how an upgrade with a bad token is declined; which one a broker uses is UNCONFIRMED. */
export const refusal = ({ status }: Refusal): ConnectionFailure => {
  const detail = `HTTP ${status}`
  switch (status) {
    case 400:
    case 401:
    case 403:
      return new AuthRejected({ detail: `${detail}: the market data token is wrong or has expired` })
    case 429:
      return new RateLimited({ detail })
    default:
      return new ConnectionRefused({ detail })
  }
}
