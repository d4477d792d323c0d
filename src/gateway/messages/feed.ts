/** What the gateway sends unasked, once somebody subscribed: ticks, order updates, and the truth about the feed. */
import * as Schema from "effect/Schema"
import * as Events from "../../market/feedEvent.ts"
import { DepthData, LtpData, Price, QuoteData } from "./tickData.ts"
import { Broker, ModeTag, Name, Time, User } from "./words.ts"

const may = Schema.optionalKey

/** Numbers the frames of one connection from 1 on, without a gap. */
const seq = {
  seq: may(Schema.Int.annotate({ description: "1, 2, 3, ... per connection; for clients with events" }))
}

const tick = <T extends Schema.Top, D extends Schema.Top>(tag: T, data: D) =>
  Schema.Struct({
    type: Schema.Literal("market_data"),
    ...Name,
    mode: tag,
    data,
    broker: Broker,
    snapshot: may(Schema.Literal(true).annotate({ description: "The last known tick, sent on subscribing" })),
    times: may(
      Schema.Struct({ exchange: may(Time), received: Time, published: Time, sent: Time }).annotate({
        description: "Epoch milliseconds of each leg; for clients with clocks"
      })
    ),
    ...seq
  })

const absentRule = "A field that the broker did not send is absent, never null or 0"

export const LtpTick = tick(Schema.Literal(1), LtpData).annotate({
  identifier: "LtpTick",
  description: `The last price. ${absentRule}`
})
export const QuoteTick = tick(Schema.Literal(2), QuoteData).annotate({
  identifier: "QuoteTick",
  description: `Prices of the day. ${absentRule}`
})
export const DepthTick = tick(Schema.Literals([3, 4]), DepthData).annotate({
  identifier: "DepthTick",
  description: `Prices of the day and the book. ${absentRule}`
})

export const OrderUpdate = Schema.Struct({
  type: Schema.Literal("order_update"),
  user_id: User,
  mode: Schema.Literals(["live", "analyze"]).annotate({ description: "analyze is the sandbox" }),
  broker: Broker,
  orderid: Schema.String,
  ...Name,
  action: Schema.Literals(["BUY", "SELL"]),
  quantity: Schema.Finite,
  price: Price,
  trigger_price: Price,
  pricetype: Schema.Literals(["MARKET", "LIMIT", "SL", "SL-M"]),
  product: Schema.Literals(["CNC", "NRML", "MIS"]),
  order_status: Schema.String.annotate({
    description: "Lower case: open, trigger pending, complete, rejected, cancelled, or a broker's extra"
  }),
  filled_quantity: Schema.Finite,
  pending_quantity: Schema.Finite,
  average_price: Price,
  rejection_reason: Schema.String.annotate({ description: "Empty unless rejected" })
}).annotate({ identifier: "OrderUpdate", description: "The state of one order. Prices in rupees" })

export const Notice = Schema.Struct({
  type: Schema.Literal("notice"),
  since: Time,
  at: Time,
  conflated: Schema.Int.annotate({ description: "Frames that a newer one of their subscription replaced" }),
  dropped: Schema.Int.annotate({ description: "Frames that went for want of room" }),
  statuses: Schema.Int.annotate({
    description: "Status messages that went for want of room, the oldest first"
  }),
  subscriptions: Schema.Int.annotate({ description: "How many lost something; not all may be named" }),
  symbols: Schema.Array(
    Schema.Struct({ ...Name, mode: ModeTag, conflated: Schema.Int, dropped: Schema.Int })
  ),
  ...seq
}).annotate({ identifier: "Notice", description: "What the client missed because it read too slowly" })

/** An event of the feed as its readers see it: without the user, under another type. */
const status = <S extends { readonly fields: { readonly type: Schema.Top; readonly user: Schema.Top } }>(
  event: S,
  identifier: string,
  description: string
) => {
  const { type, user: _, ...rest } = event.fields
  return Schema.Struct({
    type: Schema.Literal("status"),
    event: type as S["fields"]["type"],
    ...(rest as Omit<S["fields"], "type" | "user">),
    ...seq
  }).annotate({ identifier, description })
}

export const FeedDown = status(Events.FeedDown, "FeedDown", "The feed delivers nothing until feed_up")
export const FeedUp = status(Events.FeedUp, "FeedUp", "The connection is back, and what is wanted asked for")
export const WaitingForLogin = status(
  Events.WaitingForLogin,
  "WaitingForLogin",
  "Nothing is tried until the user's new credentials are stored"
)
export const Stale = status(Events.Stale, "Stale", "Instruments that should tick by now and do not")
export const Fresh = status(Events.Fresh, "Fresh", "Instruments that were stale and tick again")
export const SubscriptionConfirmed = status(
  Events.SubscriptionConfirmed,
  "SubscriptionConfirmed",
  "The broker took these subscriptions"
)
export const SubscriptionFailed = status(
  Events.SubscriptionFailed,
  "SubscriptionFailed",
  "The broker refused these subscriptions"
)
export const FeedUnavailable = status(
  Events.SupervisorDecision,
  "FeedUnavailable",
  "The feed failed too often: nothing is tried for a while"
)

export const Resumed = Schema.Struct({
  type: Schema.Literal("status"),
  event: Schema.Literal("resumed"),
  broker: Broker,
  at: Time,
  since: Time.annotate({ description: "When the last connection ended" }),
  gap_ms: Schema.Finite.annotate({ description: "What was sent in this time is lost" }),
  subscriptions: Schema.Int,
  failed: Schema.Int,
  ...seq
}).annotate({ identifier: "Resumed", description: "The subscriptions of the last connection are back" })

export const statuses = {
  Resumed,
  FeedDown,
  FeedUp,
  WaitingForLogin,
  Stale,
  Fresh,
  SubscriptionConfirmed,
  SubscriptionFailed,
  FeedUnavailable
} as const

export const ticks = { LtpTick, QuoteTick, DepthTick } as const

export const feedFrames = { ...ticks, OrderUpdate, Notice, ...statuses } as const
