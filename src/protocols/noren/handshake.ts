/** How a Noren connection is asked for: a bare upgrade, then one frame with the login in it. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { Credentials } from "../../market/credentials.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Handshake, HttpAnswer, HttpRequest, Login, LoginContext, Refusal } from "../protocol.ts"
import { brokerText, parseObject, reveal } from "../kit/text.ts"
import { CREATE_SESSION, INVALIDATE_SESSION } from "./layout.ts"
import type { NorenOptions } from "./options.ts"
import { norenOptions } from "./options.ts"

const hashed = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))

/** What the connect frame says of the client: `uid` stands in `actid` as well. */
export const loginOf = (
  credentials: Credentials,
  { tokenField, tokenTransform, uidSuffix }: NorenOptions
): { readonly uid: string; readonly token: string } => {
  const token = reveal(credentials[tokenField])
  return {
    uid: `${reveal(credentials.clientCode)}${uidSuffix}`,
    token: tokenTransform === "sha256-twice" ? hashed(hashed(token)) : token
  }
}

export const handshake = (context: LoginContext): Handshake | Login => {
  const options = norenOptions(context.options)
  const outcome: Handshake = {
    url: context.endpoint,
    headers: {},
    secrets: loginOf(context.credentials, options)
  }
  return options.session === "rest" ? openSession(context, options, outcome) : outcome
}

/**
 * Alice Blue answers the connect frame only after its REST front has opened a session for the socket, before every
 * connection. Ending the previous one may fail, and there may be none: whatever is answered, the login goes on.
 */
function* openSession(
  { credentials, services }: LoginContext,
  { source }: NorenOptions,
  outcome: Handshake
): Login {
  const profile = services["profile"]
  if (profile === undefined) {
    return new ConnectionRefused({ detail: 'the broker\'s data names no service "profile" for the login' })
  }
  const request = (path: string): HttpRequest => ({
    method: "POST",
    url: `${profile}${path}`,
    headers: {
      authorization: `Bearer ${reveal(credentials.authToken)}`,
      "content-type": "application/json"
    },
    body: JSON.stringify({ source, userId: reveal(credentials.clientCode) })
  })
  yield request(INVALIDATE_SESSION)
  return sessionFailure(yield request(CREATE_SESSION)) ?? outcome
}

/** Texts that speak of the token. Which ones there are is not documented (UNCONFIRMED). */
const ABOUT_LOGIN = /\btoken\b|unauthori[sz]ed|expired|invalid/i

const sessionFailure = ({ body, status }: HttpAnswer): ConnectionFailure | undefined => {
  const answer = parseObject(body)
  // An expired session is answered with 401 and a plain text.
  const detail = `opening the feed's session: HTTP ${status}: ${brokerText(answer?.["message"] ?? answer?.["emsg"] ?? body)}`
  if (status < 200 || status > 299) return failureOf(status, detail)
  if (isOk(answer?.["status"] ?? answer?.["stat"])) return undefined
  return ABOUT_LOGIN.test(detail) ? new AuthRejected({ detail }) : new ConnectionRefused({ detail })
}

/** `OK`, `Ok` and `ok` are all seen. */
export const isOk = (status: unknown): boolean =>
  typeof status === "string" && status.trim().toLowerCase() === "ok"

const failureOf = (status: number, detail: string): ConnectionFailure => {
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

/** The upgrade carries no login: that is refused later, in an answer to the connect frame. */
export const refusal = ({ headers, status }: Refusal): ConnectionFailure => {
  // An address without its final slash is redirected, and WebSocket clients do not follow.
  const elsewhere = status >= 300 && status < 400 ? `, try ${brokerText(headers["location"] ?? "")}` : ""
  return failureOf(status, `HTTP ${status}${elsewhere}`)
}
