/**
 * The broker's REST front, for the simulator: login, subscriptions and snapshots. What the real server answers to
 * requests that are wrong in themselves is UNCONFIRMED; this one says what is wrong.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { HttpAnswer } from "../protocol.ts"
import type { ServedRequest, ServerHttpContext } from "../serverProtocol.ts"
import { isObject, parseObject, plainNumber, reveal } from "../kit/text.ts"
import { fullMessage } from "./encode.ts"
import type { MessageCode } from "./layout.ts"
import { isMessageCode } from "./layout.ts"
import { xtsOptions } from "./options.ts"
import type { Address } from "./requests.ts"
import { ALREADY_SUBSCRIBED, INVALID_TOKEN } from "./requests.ts"
import { XtsServerCodec, issuedToken } from "./server.ts"

/** Subscriptions that a user may hold; what brokers grant differs. */
const QUOTA = 1000

const answer = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(body)
})

const success = (code: string, description: string, result: unknown): HttpAnswer =>
  answer(200, { type: "success", code, description, result })

const error = (code: string, description: string, result: unknown = {}): HttpAnswer =>
  answer(400, { type: "error", code, description, result })

const INVALID = error("e-request-0001", "Bad Request")

export const http = (request: ServedRequest, context: ServerHttpContext): HttpAnswer | undefined => {
  const path = request.url.split("?")[0]!
  if (path.endsWith("/auth/login") && request.method === "POST") return logIn(request, context)
  const subscription = path.endsWith("/instruments/subscription")
  const quotes = path.endsWith("/instruments/quotes")
  if (!subscription && !quotes) return undefined
  const { token } = issuedToken(context.accepted)
  if (request.headers["authorization"] !== token) return error(INVALID_TOKEN, "Invalid Token")
  const asked = readRequest(request.body)
  if (asked === undefined) return INVALID
  if (quotes && request.method === "POST") {
    if (asked.publishFormat !== "JSON") return error("e-request-0001", "publishFormat is required")
    const all = foundOf(asked, context)
    return success("s-quotes-0001", "Get quotes successfully!", { ...quotesOf(asked, all, context) })
  }
  // A token has one socket; the newest is the one that its user means.
  const socket = context.connections
    .filter((c): c is XtsServerCodec => c instanceof XtsServerCodec && c.token === token)
    .at(-1)
  if (subscription && request.method === "POST") return subscribe(asked, socket, context)
  if (subscription && request.method === "PUT") return unsubscribe(asked, socket, context)
  return undefined
}

const logIn = ({ body }: ServedRequest, { accepted }: ServerHttpContext): HttpAnswer => {
  const { appKey, secretKey } = parseObject(body) ?? {}
  const key = reveal(accepted.apiKey)
  const right = key !== "" && appKey === key && secretKey === reveal(accepted.apiSecret)
  if (!right) return error("e-user-0001", "Invalid appKey or secretKey")
  const { token, userId } = issuedToken(accepted)
  return success("s-user-0001", "Valid User.", {
    token,
    userID: userId,
    appVersion: "simulated",
    application_expiry_date: "31-12-2099"
  })
}

interface SubscriptionRequest {
  readonly code: MessageCode
  readonly instruments: ReadonlyArray<Address>
  readonly publishFormat: unknown
}

const readRequest = (body: string): SubscriptionRequest | undefined => {
  const { instruments, publishFormat, xtsMessageCode } = parseObject(body) ?? {}
  if (typeof xtsMessageCode !== "number" || !isMessageCode(xtsMessageCode)) return undefined
  if (!Array.isArray(instruments) || instruments.length === 0) return undefined
  const list: Array<Address> = []
  for (const one of instruments as ReadonlyArray<unknown>) {
    if (!isObject(one)) return undefined
    const segment = Number(one["exchangeSegment"])
    // The SDKs send a number; a text of digits is taken as well.
    const id = plainNumber(String(one["exchangeInstrumentID"]), Number.MAX_SAFE_INTEGER)
    if (!Number.isInteger(segment) || id === undefined) return undefined
    list.push({ exchangeSegment: segment, exchangeInstrumentID: id })
  }
  return { code: xtsMessageCode, instruments: list, publishFormat }
}

interface Found {
  readonly address: Address
  readonly instrument: WireInstrument
}

/** Instruments that do not exist are passed over; the real server's word on them is UNCONFIRMED. */
const foundOf = ({ instruments }: SubscriptionRequest, { find }: ServerHttpContext): ReadonlyArray<Found> =>
  instruments.flatMap((address) => {
    const instrument = find(String(address.exchangeInstrumentID), address.exchangeSegment)
    return instrument === undefined ? [] : [{ address, instrument }]
  })

const quotesOf = (
  { code, instruments }: SubscriptionRequest,
  all: ReadonlyArray<Found>,
  { stateOf }: ServerHttpContext
) => ({
  mdp: code,
  quotesList: instruments,
  listQuotes: all.flatMap(({ address, instrument }) => {
    const state = stateOf(instrument)
    return state === undefined ? [] : [fullMessage(code, address, state, 0)]
  })
})

const subscribe = (
  asked: SubscriptionRequest,
  socket: XtsServerCodec | undefined,
  context: ServerHttpContext
): HttpAnswer => {
  const all = foundOf(asked, context)
  const remaining = () => ({ Remaining_Subscription_Count: QUOTA - (socket?.count ?? 0) })
  // Which code the real server has for it is UNCONFIRMED. The whole request is refused.
  if ((context.refused?.size ?? 0) > 0)
    return error("e-session-0001", "Instrument not allowed !", remaining())
  // One that is subscribed already, and the whole request is refused.
  if (socket !== undefined && all.some(({ instrument }) => socket.has(instrument, asked.code))) {
    return error(ALREADY_SUBSCRIBED, "Instrument Already Subscribed !", remaining())
  }
  // The binary product tells no picture in its answer.
  const tells = xtsOptions(context.options).product === "json"
  for (const { instrument } of all) {
    socket?.add(instrument, asked.code, tells ? context.stateOf(instrument) : undefined)
  }
  return success("s-session-0001", "Instrument subscribed successfully!", {
    ...(tells ? quotesOf(asked, all, context) : {}),
    ...remaining()
  })
}

const unsubscribe = (
  asked: SubscriptionRequest,
  socket: XtsServerCodec | undefined,
  context: ServerHttpContext
): HttpAnswer => {
  const all = foundOf(asked, context)
  for (const { instrument } of all) socket?.remove(instrument, asked.code)
  return success("s-session-0001", "Instrument unsubscribed successfully!", {
    mdp: asked.code,
    unsubList: asked.instruments
  })
}
