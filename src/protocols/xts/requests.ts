/** XTS's REST requests for subscriptions and snapshots, and what their answers mean. */
import type { HttpAnswer, HttpRequest } from "../protocol.ts"
import { brokerText, isObject } from "../kit/text.ts"
import { parseLoosely } from "./full.ts"
import type { MessageCode } from "./layout.ts"

/** How the wire names an instrument. */
export interface Address {
  readonly exchangeSegment: number
  readonly exchangeInstrumentID: number
}

export type Action = "subscribe" | "unsubscribe" | "snapshot"

const PATHS: Readonly<Record<Action, readonly ["POST" | "PUT", string]>> = {
  subscribe: ["POST", "/instruments/subscription"],
  unsubscribe: ["PUT", "/instruments/subscription"],
  snapshot: ["POST", "/instruments/quotes"]
}

/** @param token goes as it is, without a "Bearer" before it */
export const instrumentsRequest = (
  rest: string,
  token: string,
  action: Action,
  code: MessageCode,
  instruments: ReadonlyArray<Address>
): HttpRequest => {
  const [method, path] = PATHS[action]
  return {
    method,
    url: `${rest}${path}`,
    headers: { "content-type": "application/json", authorization: token },
    body: JSON.stringify({
      instruments,
      xtsMessageCode: code,
      // Without it the broker refuses.
      ...(action === "snapshot" ? { publishFormat: "JSON" } : {})
    })
  }
}

export type Reply =
  | { readonly type: "done"; readonly result: Readonly<Record<string, unknown>> }
  /** The token is no longer good. */
  | { readonly type: "ended"; readonly detail: string }
  /** Worth another try: the rate limit, trouble at the broker, or an answer that is none of an XTS server. */
  | { readonly type: "later"; readonly limited: boolean; readonly detail: string }
  | { readonly type: "refused"; readonly code: string; readonly detail: string }

/** The whole batch is refused when one of its instruments is subscribed already. */
export const ALREADY_SUBSCRIBED = "e-session-0002"
export const INVALID_TOKEN = "e-session-0007"

/** The codes of the rate limit; seen in third-party code (UNCONFIRMED). */
const RATE_LIMIT = "e-apirl"
/** Third-party code has a family of errors of this name as well (UNCONFIRMED). */
const NO_TOKEN = "e-token"

/** Long ones would look like a token. */
const PLAIN_CODE = /^e-[a-z]{1,20}-\d{1,6}$/

/** `{"type": ..., "code": ..., "description": ..., "result": ...}`; the documentation shows it in a list of one, too. */
export const readReply = ({ body, status }: HttpAnswer): Reply => {
  const parsed = parseLoosely(body)
  const whole = Array.isArray(parsed) && parsed.length === 1 ? (parsed as ReadonlyArray<unknown>)[0] : parsed
  const reply = isObject(whole) ? whole : {}
  const code = typeof reply["code"] === "string" ? reply["code"] : ""
  const described = reply["description"]
  const detail =
    typeof described === "string" && described !== ""
      ? `HTTP ${status}: ${brokerText(described)}`
      : `HTTP ${status}`
  if (status === 429 || code.startsWith(RATE_LIMIT)) return { type: "later", limited: true, detail }
  if (status >= 500) return { type: "later", limited: false, detail }
  if (status >= 200 && status < 300 && reply["type"] === "success") {
    return { type: "done", result: isObject(reply["result"]) ? reply["result"] : {} }
  }
  const ended =
    status === 401 ||
    status === 403 ||
    code === INVALID_TOKEN ||
    code.startsWith(NO_TOKEN) ||
    (typeof described === "string" && /invalid token/i.test(described))
  if (ended) return { type: "ended", detail }
  return reply["type"] === "error"
    ? { type: "refused", code: PLAIN_CODE.test(code) ? code : brokerText(code), detail }
    : { type: "later", limited: false, detail: `${detail}, and no answer of an XTS server` }
}

/** The messages of a snapshot, each a JSON text. */
export const quotesOf = (result: Readonly<Record<string, unknown>>): ReadonlyArray<unknown> => {
  const quotes = result["listQuotes"]
  return Array.isArray(quotes) ? quotes : []
}
