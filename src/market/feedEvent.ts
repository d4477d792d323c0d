/**
 * What happens to a user's feed, for readers that ask for more than ticks. Events travel by the FrameBus in order with
 * the frames: what was received before an event is delivered before it.
 */
import * as Schema from "effect/Schema"
import { Mode } from "./mode.ts"

/** Epoch milliseconds. */
const Time = Schema.Finite

const envelope = { user: Schema.String, broker: Schema.String, at: Time }
const Name = { symbol: Schema.String, exchange: Schema.String }

/** The feed delivers nothing until `feed_up`. `cause` is the failure's class, `detail` its words, without secrets. */
export const FeedDown = Schema.Struct({
  type: Schema.tag("feed_down"),
  ...envelope,
  connection: Schema.Int,
  cause: Schema.String,
  detail: Schema.String,
  since: Time
})

/**
 * The connection is back and has requested everything that is wanted: `restored` instruments, of which `failed` had failed
 * by then.
 */
export const FeedUp = Schema.Struct({
  type: Schema.tag("feed_up"),
  ...envelope,
  connection: Schema.Int,
  /** What was sent in this time is lost. Absent where there was no feed before: the first login, the first broker. */
  gap_ms: Schema.optionalKey(Schema.Finite),
  restored: Schema.Int,
  failed: Schema.Int
})

/** Nothing is tried until new credentials are stored. */
export const WaitingForLogin = Schema.Struct({
  type: Schema.tag("waiting_for_login"),
  ...envelope,
  reason: Schema.String
})

/** Instruments that should tick by now and do not, while the connection lives. */
export const Stale = Schema.Struct({
  type: Schema.tag("stale"),
  ...envelope,
  instruments: Schema.Array(Schema.Struct({ ...Name, last_tick: Schema.optionalKey(Time) }))
})

/** Instruments that were stale and tick again. */
export const Fresh = Schema.Struct({
  type: Schema.tag("fresh"),
  ...envelope,
  instruments: Schema.Array(Schema.Struct(Name))
})

/** The broker acknowledged these, or (where it acknowledges nothing) their first tick came. */
export const SubscriptionConfirmed = Schema.Struct({
  type: Schema.tag("subscription_confirmed"),
  ...envelope,
  instruments: Schema.Array(Schema.Struct({ ...Name, mode: Mode }))
})

/** The broker refused these. They are asked for again after the next reconnect. */
export const SubscriptionFailed = Schema.Struct({
  type: Schema.tag("subscription_failed"),
  ...envelope,
  instruments: Schema.Array(Schema.Struct({ ...Name, mode: Mode, reason: Schema.String }))
})

/** What the session did about a fault. */
export const Decision = Schema.Literals([
  /** A failed connection is tried again. */
  "restart_connection",
  /** A connection was dropped because it looked alive and was not, or because the broker went on with what was given up. */
  "replace_connection",
  /** Part of the instruments fell silent: their subscriptions were sent again. */
  "resend",
  /** Instruments went on ticking after they were given up: they were given up once more. */
  "unsubscribe_again",
  /** One connection failed too often: the whole session restarts. */
  "restart_session",
  /** Too many restarts: nothing is tried for a while. */
  "unavailable",
  /** Waits for new credentials. */
  "park",
  /** New credentials, or the pause is over. */
  "resume",
  /** Another program uses the login: backs off. */
  "back_off",
  /** Instruments were moved to close an emptying connection. */
  "rebalance"
])
export type Decision = typeof Decision.Type

export const SupervisorDecision = Schema.Struct({
  type: Schema.tag("supervisor"),
  ...envelope,
  connection: Schema.optionalKey(Schema.Int),
  decision: Decision,
  cause: Schema.String
})

export const FeedEvent = Schema.Union([
  FeedDown,
  FeedUp,
  WaitingForLogin,
  Stale,
  Fresh,
  SubscriptionConfirmed,
  SubscriptionFailed,
  SupervisorDecision
])
export type FeedEvent = typeof FeedEvent.Type
