/**
 * The control messages between a gateway and the feed process: one JSON text each, DEALER to ROUTER.
 *
 * Every request names its gateway. The feed process gives a gateway a *lease* and names it in every answer; it
 * ends when the feed process restarts or has heard nothing of the gateway for a while, and what the gateway's
 * readers held ends with it. A request about a reader names the lease that it counts on, so that nothing is done
 * on false assumptions: if that lease is over, the answer says so and nothing else happens.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { isObject } from "../../kit/isObject.ts"
import { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"
import {
  LastTick,
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../../market/subscription.ts"
import { FeedError, FeedInfo } from "../feed.ts"
import { NumberedView } from "./batch.ts"

/** Changes when the messages do: both processes must speak the same one. */
export const LINK_VERSION = 2

export const DEFAULT_CONTROL_ENDPOINT = "tcp://127.0.0.1:5556"
export const DEFAULT_FRAMES_ENDPOINT = "tcp://127.0.0.1:5557"

/** An answer beyond this is refused by the gateway's socket. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024
/** A request beyond this is refused by the feed's socket. All that a client may hold by default takes some 1 MB. */
export const MAX_REQUEST_BYTES = 8 * 1024 * 1024

const Name = Schema.NonEmptyString.check(Schema.isMaxLength(256))
const envelope = {
  version: Schema.Literal(LINK_VERSION),
  id: Schema.Int,
  gateway: Name
}
const reader = { ...envelope, lease: Schema.String, user: Schema.String, reader: Name }

export const Request = Schema.Union([
  Schema.Struct({ ...envelope, op: Schema.tag("ping") }),
  Schema.Struct({ ...envelope, op: Schema.tag("leave") }),
  Schema.Struct({ ...envelope, op: Schema.tag("brokers") }),
  Schema.Struct({ ...envelope, op: Schema.tag("info"), user: Schema.String }),
  Schema.Struct({
    ...envelope,
    op: Schema.tag("last"),
    user: Schema.String,
    requests: Schema.Array(SubscribeRequest)
  }),
  Schema.Struct({ ...envelope, op: Schema.tag("status"), user: Schema.String }),
  Schema.Struct({
    ...envelope,
    op: Schema.tag("instrument"),
    user: Schema.String,
    exchange: Schema.String,
    symbol: Schema.String
  }),
  Schema.Struct({ ...envelope, op: Schema.tag("views"), ids: Schema.Array(Schema.Int) }),
  Schema.Struct({ ...reader, op: Schema.tag("attach") }),
  Schema.Struct({ ...reader, op: Schema.tag("release") }),
  Schema.Struct({ ...reader, op: Schema.tag("subscribe"), requests: Schema.Array(SubscribeRequest) }),
  Schema.Struct({ ...reader, op: Schema.tag("unsubscribe"), requests: Schema.Array(UnsubscribeRequest) })
])
export type Request = typeof Request.Type
export type ReaderRequest = Extract<Request, { readonly reader: string }>

const answer = {
  /** Null when the request had no readable id. */
  id: Schema.NullOr(Schema.Int),
  lease: Schema.String,
  /** The feed process's life; the same number as in its batches of frames. */
  epoch: Schema.Finite
}

export const Answer = Schema.Union([
  Schema.Struct({ ...answer, result: Schema.tag("ok"), value: Schema.optionalKey(Schema.Unknown) }),
  Schema.Struct({
    ...answer,
    result: Schema.tag("failed"),
    code: FeedError.fields.code,
    detail: Schema.String
  }),
  /** The lease of the request is over: nothing was done. `lease` is the one that holds now. */
  Schema.Struct({ ...answer, result: Schema.tag("lease") }),
  Schema.Struct({ ...answer, result: Schema.tag("malformed"), detail: Schema.String })
])
export type Answer = typeof Answer.Type

/** What `value` is, by operation. */
export const values = {
  brokers: Schema.Array(Schema.String),
  info: FeedInfo,
  attach: FeedInfo,
  last: Schema.Array(LastTick),
  status: FeedStatus,
  instrument: InstrumentStatus,
  views: Schema.Array(NumberedView),
  subscribe: Schema.Array(SubscribeResult),
  unsubscribe: Schema.Array(UnsubscribeResult)
} as const

const requestOf = Schema.decodeUnknownExit(Request)
const answerOf = Schema.decodeUnknownExit(Answer)

/** A stranger's value in a text of ours. */
const brief = (value: unknown): string => (JSON.stringify(value) ?? "none").slice(0, 40)

type Decoded<A> = { readonly message: A } | { readonly problem: string; readonly id: number | null }

const decode = <A>(
  check: (json: unknown) => Exit.Exit<A, unknown>,
  bytes: Uint8Array | undefined
): Decoded<A> => {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"))
  } catch {
    return { problem: "the message is not JSON", id: null }
  }
  const decoded = check(json)
  if (Exit.isSuccess(decoded)) return { message: decoded.value }
  const fields = isObject(json) ? json : {}
  const id = typeof fields.id === "number" && Number.isSafeInteger(fields.id) ? fields.id : null
  if ("version" in fields && fields.version !== LINK_VERSION) {
    return {
      problem: `version ${brief(fields.version)} of the link, not ${LINK_VERSION}: run the same release of AlgoWays as feed and as gateway`,
      id
    }
  }
  return { problem: `a message of an unknown shape (op ${brief(fields.op)})`, id }
}

/** Never throws: returns the request, or a problem to report to the sender. */
export const decodeRequest = (bytes: Uint8Array | undefined): Decoded<Request> => decode(requestOf, bytes)
export const decodeAnswer = (bytes: Uint8Array | undefined): Decoded<Answer> => decode(answerOf, bytes)
