/**
 * The client protocol, outbound: the text of every answer. The shapes are what existing clients parse, some of
 * them without a JSON parser, so keys and their order are part of the protocol. Pure.
 */
import type { FeedInfo } from "../../bus/feed.ts"
import type { Mode } from "../../market/mode.ts"
import { modeLabel } from "../../market/mode.ts"
import type { SubscribeSuccess } from "../../market/subscription.ts"
import type { OptIns } from "../delivery/delivery.ts"
import { noOptIns } from "../delivery/delivery.ts"
import type {
  Answer,
  AuthAnswer,
  FailedEntry,
  MissingFeed,
  SubscribedEntry,
  UnsubscribedEntry
} from "./answers.ts"
import type { ErrorCode } from "./words.ts"

/** What is known of the request is its id's text, which is put in as it is. */
type Unnamed<A> = A extends unknown ? Omit<A, "request_id"> : never

/** @param requestId JSON text */
const write = (frame: Unnamed<Answer>, requestId: string | undefined): string => {
  const text = JSON.stringify(frame)
  return requestId === undefined ? text : `${text.slice(0, -1)},"request_id":${requestId}}`
}

/** An error frame has no `type`: the Excel add-in fails its pending call by that. */
export const errorFrame = (code: ErrorCode, message: string, requestId?: string): string =>
  write({ status: "error", code, message }, requestId)

/** What the answer to a login has beyond the older protocol's; each key only where there is something to say. */
export interface LoginExtras {
  readonly optIns?: OptIns
  readonly missing?: MissingFeed | undefined
  readonly resumed?: (typeof AuthAnswer.Type)["resumed"] | undefined
}

const simulatedOf = ({ simulated }: Pick<FeedInfo, "simulated">) => (simulated === true ? { simulated } : {})

/** Stays under 1000 bytes: AmiBroker reads it with one short receive. */
export const authenticated = (
  info: Pick<FeedInfo, "broker" | "modes" | "simulated">,
  user: string,
  { missing, optIns = noOptIns, resumed }: LoginExtras = {},
  requestId?: string
): string =>
  write(
    {
      type: "auth",
      status: "success",
      message: "Authentication successful",
      broker: info.broker,
      ...simulatedOf(info),
      user_id: user,
      supported_features: {
        ltp: info.modes.includes("ltp"),
        quote: info.modes.includes("quote"),
        depth: info.modes.includes("depth")
      },
      ...(missing === undefined ? {} : { feed: missing }),
      ...(resumed === undefined ? {} : { resumed }),
      // Whoever asked for more reads what was understood; nobody else sees the key.
      ...(optIns.events || optIns.snapshot || optIns.clocks ? { options: optIns } : {})
    },
    requestId
  )

export const subscribedEntry = (
  symbol: string,
  exchange: string,
  mode: Mode,
  result: SubscribeSuccess,
  broker: string
): SubscribedEntry => ({
  symbol,
  exchange,
  status: "success",
  mode: modeLabel[mode],
  depth: result.actual_depth,
  broker,
  ...(result.is_fallback
    ? {
        requested_depth: result.requested_depth,
        actual_depth: result.actual_depth,
        is_fallback: true,
        ...(result.message === undefined ? {} : { message: result.message })
      }
    : {})
})

export const failedEntry = (
  symbol: string,
  exchange: string,
  message: string,
  broker: string
): FailedEntry => ({
  symbol,
  exchange,
  status: "error",
  message,
  broker
})

/** Partial as soon as one entry failed, also when all did: clients read the entries. */
export const subscribed = (
  entries: ReadonlyArray<SubscribedEntry | FailedEntry>,
  broker: string,
  requestId?: string
): string =>
  write(
    {
      type: "subscribe",
      status: entries.every((e) => e.status === "success") ? "success" : "partial",
      subscriptions: entries,
      message: "Subscription processing complete",
      broker
    },
    requestId
  )

export const unsubscribed = (
  successful: ReadonlyArray<UnsubscribedEntry>,
  failed: ReadonlyArray<FailedEntry>,
  broker: string,
  requestId?: string
): string =>
  write(
    {
      type: "unsubscribe",
      status: failed.length === 0 ? "success" : successful.length === 0 ? "error" : "partial",
      message: "Unsubscription processing complete",
      successful,
      failed,
      broker
    },
    requestId
  )

export const ordersSubscribed = (requestId?: string): string =>
  write({ type: "subscribe_orders", status: "success", message: "Subscribed to order updates" }, requestId)

export const ordersUnsubscribed = (requestId?: string): string =>
  write(
    { type: "unsubscribe_orders", status: "success", message: "Unsubscribed from order updates" },
    requestId
  )

export const brokerInfo = (info: FeedInfo, user: string, requestId?: string): string =>
  write(
    {
      type: "broker_info",
      status: "success",
      broker: info.broker,
      ...simulatedOf(info),
      adapter_status: info.state === "connected" ? "connected" : "disconnected",
      user_id: user
    },
    requestId
  )

export const supportedBrokers = (brokers: ReadonlyArray<string>, requestId?: string): string =>
  write({ type: "supported_brokers", status: "success", brokers, count: brokers.length }, requestId)

/** @param now epoch milliseconds; @param timestamp, pingId JSON text, echoed when given */
export const pong = (
  now: number,
  timestamp: string | undefined,
  pingId: string | undefined,
  requestId?: string
): string => {
  let text = `{"type":"pong","status":"success","server_timestamp":${now}`
  if (timestamp !== undefined) text += `,"client_timestamp":${timestamp}`
  if (pingId !== undefined) text += `,"_pingId":${pingId}`
  if (requestId !== undefined) text += `,"request_id":${requestId}`
  return `${text}}`
}
