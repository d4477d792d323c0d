/** The state of a user's feed, down to one instrument, for operators: what `/status` shows. No secrets. */
import * as Schema from "effect/Schema"
import { Mode } from "./mode.ts"
import { Decision } from "./feedEvent.ts"

/** Epoch milliseconds. */
const Time = Schema.Number

export const SessionState = Schema.Literals([
  "idle",
  "connecting",
  "connected",
  "reconnecting",
  "waiting_for_login",
  "unavailable"
])
export type SessionState = typeof SessionState.Type

/**
 * A subscription's way: wanted by a reader, sent to the broker, confirmed by it (or by a first tick), or failed with a
 * reason.
 */
export const SubscriptionState = Schema.Literals(["wanted", "sent", "confirmed", "failed"])
export type SubscriptionState = typeof SubscriptionState.Type

export const ConnectionStatus = Schema.Struct({
  id: Schema.Int,
  /** The stream's name: the broker's own for its main feed, `dhan_depth20` for a deep one. */
  stream: Schema.String,
  state: Schema.Literals(["connecting", "up", "down", "parked"]),
  reason: Schema.optionalKey(Schema.String),
  /** Since when it is in this state. */
  since: Time,
  /** The watchdog's three clocks; absent: never. */
  last_byte: Schema.optionalKey(Time),
  last_tick: Schema.optionalKey(Time),
  last_pong: Schema.optionalKey(Time),
  /** Upstream subscriptions in use, and the broker's limit. */
  used: Schema.Number,
  /** How many of them were given up and tick on; absent: none. */
  unwanted: Schema.optionalKey(Schema.Int),
  limit: Schema.Number,
  /** How often it was started again. */
  restarts: Schema.Int
})
export type ConnectionStatus = typeof ConnectionStatus.Type

export const DecisionMade = Schema.Struct({
  at: Time,
  decision: Decision,
  cause: Schema.String,
  connection: Schema.optionalKey(Schema.Int)
})
export type DecisionMade = typeof DecisionMade.Type

export const FeedStatus = Schema.Struct({
  user: Schema.String,
  broker: Schema.String,
  /** The broker's market is a simulated one: every price is invented. */
  simulated: Schema.optionalKey(Schema.Literal(true)),
  state: SessionState,
  reason: Schema.optionalKey(Schema.String),
  connections: Schema.Array(ConnectionStatus),
  /** How many instruments are in which state; `stale` of the confirmed ones should tick and do not. */
  instruments: Schema.Struct({
    wanted: Schema.Int,
    sent: Schema.Int,
    confirmed: Schema.Int,
    failed: Schema.Int,
    stale: Schema.Int
  }),
  /** When the last valid tick came; absent: never. */
  last_tick: Schema.optionalKey(Time),
  /** Whether ticks are expected now, by the exchange calendar and what is subscribed; and why not. */
  expecting_ticks: Schema.Boolean,
  quiet_because: Schema.optionalKey(Schema.String),
  /** The supervisor's last decisions, newest last. */
  decisions: Schema.Array(DecisionMade)
})
export type FeedStatus = typeof FeedStatus.Type

export const InstrumentStatus = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  /** False: the broker's instrument master has no such symbol. */
  resolved: Schema.Boolean,
  token: Schema.optionalKey(Schema.String),
  /** The subscription that the broker should have; absent: no reader subscribes to the instrument. */
  wanted: Schema.optionalKey(Schema.Struct({ mode: Mode, depth: Schema.Number })),
  connection: Schema.optionalKey(Schema.Struct({ id: Schema.Int, state: Schema.String })),
  state: Schema.optionalKey(SubscriptionState),
  sent_at: Schema.optionalKey(Time),
  confirmed_at: Schema.optionalKey(Time),
  confirmed_by: Schema.optionalKey(Schema.Literals(["broker", "tick"])),
  failure: Schema.optionalKey(Schema.String),
  last_tick: Schema.optionalKey(Time),
  ticks: Schema.Int,
  /** Packets of it that became no tick. */
  rejected: Schema.Int,
  stale: Schema.Boolean,
  readers: Schema.Int,
  market_open: Schema.Boolean,
  /** Why it is silent, or that it is not, in words. */
  verdict: Schema.String
})
export type InstrumentStatus = typeof InstrumentStatus.Type
