/** Words that several messages of the client protocol share. */
import * as Schema from "effect/Schema"

export const ErrorCode = Schema.Literals([
  "AUTHENTICATION_ERROR",
  "NOT_AUTHENTICATED",
  "BROKER_ERROR",
  "BROKER_INIT_ERROR",
  "BROKER_CONNECTION_ERROR",
  "BROKER_LIST_ERROR",
  "ORDERS_UNAVAILABLE",
  "INVALID_MODE",
  "INVALID_PARAMETERS",
  "INVALID_ACTION",
  "INVALID_JSON",
  "RATE_LIMITED",
  "SERVER_ERROR"
]).annotate({ identifier: "ErrorCode", description: "What went wrong, for programs" })
export type ErrorCode = typeof ErrorCode.Type

export const ModeTag = Schema.Literals([1, 2, 3, 4]).annotate({
  identifier: "ModeTag",
  description: "1 LTP, 2 Quote, 3 Depth; 4 is the older number of Depth, for clients that subscribed with it"
})
/** The number that the client put for the mode and wants to see in its frames: 4 is the older word for Depth. */
export type ModeTag = typeof ModeTag.Type

export const SlowPolicy = Schema.Literals(["conflate", "drop-oldest", "close"]).annotate({
  identifier: "SlowPolicy",
  description:
    "What happens to frames that the client does not read in time: only the newest of each subscription stays, the oldest go, or the client is closed"
})

export const Broker = Schema.String.annotate({ description: "Name of the account's broker" })
export const Simulated = Schema.optionalKey(
  Schema.Literal(true).annotate({
    description: "The broker's market is a simulated one: every price is invented"
  })
)
export const User = Schema.String.annotate({ description: "Name of the account" })

export const Time = Schema.Int.annotate({ description: "Epoch milliseconds" })

/** As the client spelled them. */
export const Name = { symbol: Schema.String, exchange: Schema.String }

export const requestId = {
  request_id: Schema.optionalKey(
    Schema.Json.annotate({ description: "Whatever the request had, unchanged; absent where it had none" })
  )
}

/** For a key that must not be there. */
export const absent = Schema.optionalKey(Schema.Never)
