/** What the gateway answers, as Schemas. Keys stand in the order in which they are written. */
import * as Schema from "effect/Schema"
import { Broker, ErrorCode, Name, Time, Simulated, User, absent, requestId } from "./words.ts"

const success = Schema.Literal("success")

export const ErrorFrame = Schema.Struct({
  status: Schema.Literal("error"),
  code: ErrorCode,
  message: Schema.String,
  type: absent,
  ...requestId
}).annotate({
  identifier: "ErrorFrame",
  description: "The request failed as a whole. Has no type: existing clients know it by that"
})

export const Options = Schema.Struct({
  events: Schema.Boolean,
  snapshot: Schema.Boolean,
  clocks: Schema.Boolean
})

export const MissingFeed = Schema.Struct({
  state: Schema.Literals([
    "idle",
    "connecting",
    "reconnecting",
    "waiting_for_login",
    "unavailable",
    "unreachable"
  ]).annotate({
    description:
      "waiting_for_login: the broker needs new credentials. unreachable: the feed process does not answer. unavailable: no session can run, such as for want of a broker"
  }),
  code: Schema.Literals(["BROKER_ERROR", "BROKER_INIT_ERROR", "BROKER_CONNECTION_ERROR"]),
  message: Schema.String
}).annotate({
  identifier: "MissingFeed",
  description: "Why nothing is delivered yet. Subscriptions are taken, and served when the feed is there"
})
export type MissingFeed = typeof MissingFeed.Type

export const AuthAnswer = Schema.Struct({
  type: Schema.Literal("auth"),
  status: success,
  message: Schema.String,
  broker: Broker.annotate({ description: "Name of the account's broker; none where it has none" }),
  simulated: Simulated,
  user_id: User,
  supported_features: Schema.Struct({ ltp: Schema.Boolean, quote: Schema.Boolean, depth: Schema.Boolean }),
  feed: Schema.optionalKey(MissingFeed),
  resumed: Schema.optionalKey(
    Schema.Struct({
      subscriptions: Schema.Int.annotate({ description: "Given back" }),
      failed: Schema.Int.annotate({ description: "Held before, and refused now" }),
      since: Schema.optionalKey(
        Time.annotate({ description: "When the last connection ended; absent where there was none" })
      )
    }).annotate({ description: "For clients that resume: what is subscribed again without their asking" })
  ),
  options: Schema.optionalKey(
    Options.annotate({ description: "What was understood of the opt-ins; absent where there were none" })
  ),
  ...requestId
}).annotate({
  identifier: "AuthAnswer",
  description: "The client is logged in. Its feed is there, unless the answer has a key feed"
})

export const SubscribedEntry = Schema.Struct({
  ...Name,
  status: success,
  mode: Schema.Literals(["LTP", "Quote", "Depth"]),
  depth: Schema.Finite.annotate({ description: "The book levels really given" }),
  broker: Broker,
  // The four below are there after a fallback only.
  requested_depth: Schema.optionalKey(Schema.Finite),
  actual_depth: Schema.optionalKey(Schema.Finite),
  is_fallback: Schema.optionalKey(Schema.Literal(true)),
  message: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "SubscribedEntry" })
export type SubscribedEntry = typeof SubscribedEntry.Type

export const FailedEntry = Schema.Struct({
  ...Name,
  status: Schema.Literal("error"),
  message: Schema.String,
  broker: Broker
}).annotate({ identifier: "FailedEntry", description: "An instrument that failed by itself, and why" })
export type FailedEntry = typeof FailedEntry.Type

export const SubscribeAnswer = Schema.Struct({
  type: Schema.Literal("subscribe"),
  status: Schema.Literals(["success", "partial"]).annotate({
    description: "partial as soon as one entry failed, also when all did"
  }),
  subscriptions: Schema.Array(Schema.Union([SubscribedEntry, FailedEntry])),
  message: Schema.String,
  broker: Broker,
  ...requestId
}).annotate({
  identifier: "SubscribeAnswer",
  description: "One entry per instrument, in the order of the request"
})

export const UnsubscribedEntry = Schema.Struct({ ...Name, status: success, broker: Broker }).annotate({
  identifier: "UnsubscribedEntry"
})
export type UnsubscribedEntry = typeof UnsubscribedEntry.Type

export const UnsubscribeAnswer = Schema.Struct({
  type: Schema.Literal("unsubscribe"),
  status: Schema.Literals(["success", "partial", "error"]).annotate({
    description: "partial when some entries failed, error when all did"
  }),
  message: Schema.String,
  successful: Schema.Array(UnsubscribedEntry),
  failed: Schema.Array(FailedEntry),
  broker: Broker,
  ...requestId
}).annotate({
  identifier: "UnsubscribeAnswer",
  description: "To unsubscribe and unsubscribe_all. What was not held is successful, too"
})

const ordersAnswer = <const T extends string>(type: T, identifier: string) =>
  Schema.Struct({
    type: Schema.Literal(type),
    status: success,
    message: Schema.String,
    ...requestId
  }).annotate({
    identifier
  })

export const SubscribeOrdersAnswer = ordersAnswer("subscribe_orders", "SubscribeOrdersAnswer")
export const UnsubscribeOrdersAnswer = ordersAnswer("unsubscribe_orders", "UnsubscribeOrdersAnswer")

export const BrokerInfo = Schema.Struct({
  type: Schema.Literal("broker_info"),
  status: success,
  broker: Broker,
  simulated: Simulated,
  adapter_status: Schema.Literals(["connected", "disconnected"]),
  user_id: User,
  ...requestId
}).annotate({ identifier: "BrokerInfo" })

export const SupportedBrokers = Schema.Struct({
  type: Schema.Literal("supported_brokers"),
  status: success,
  brokers: Schema.Array(Schema.String),
  count: Schema.Int,
  ...requestId
}).annotate({ identifier: "SupportedBrokers" })

export const Pong = Schema.Struct({
  type: Schema.Literal("pong"),
  status: success,
  server_timestamp: Time,
  client_timestamp: Schema.optionalKey(Schema.Json),
  _pingId: Schema.optionalKey(Schema.Json),
  ...requestId
}).annotate({ identifier: "Pong" })

export const answers = {
  ErrorFrame,
  AuthAnswer,
  SubscribeAnswer,
  UnsubscribeAnswer,
  SubscribeOrdersAnswer,
  UnsubscribeOrdersAnswer,
  BrokerInfo,
  SupportedBrokers,
  Pong
} as const
export type Answer = (typeof answers)[keyof typeof answers]["Type"]
