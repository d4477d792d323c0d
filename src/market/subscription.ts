/**
 * What a reader requests and the result, one entry per symbol. The shapes are those of the broker
 * adapter, of the feed's control messages and (as additional keys) of the client protocol.
 */
import * as Schema from "effect/Schema"
import { SubscriptionCode } from "./errors.ts"
import { Mode } from "./mode.ts"

/** Levels that some broker offers; anything else is INVALID_DEPTH rather than a fallback. */
export const knownDepthLevels: ReadonlyArray<number> = [5, 20, 30, 50, 200]

export const SubscribeRequest = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  mode: Mode,
  /** Wanted book levels; 5 when not given. Looked at in depth mode only. */
  depth: Schema.optionalKey(Schema.Finite)
})
export type SubscribeRequest = typeof SubscribeRequest.Type

export const UnsubscribeRequest = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  /** Absent: every mode that the reader holds. */
  mode: Schema.optionalKey(Mode)
})
export type UnsubscribeRequest = typeof UnsubscribeRequest.Type

export const SubscribeSuccess = Schema.Struct({
  status: Schema.tag("success"),
  symbol: Schema.String,
  exchange: Schema.String,
  mode: Mode,
  requested_depth: Schema.Finite,
  /** The level really given; 0 where the exchange has no book at all (indices). */
  actual_depth: Schema.Finite,
  is_fallback: Schema.Boolean,
  message: Schema.optionalKey(Schema.String),
  /**
   * The symbol that the frames carry, where it is not the one that was asked for: a share that bears the bare symbol may be
   * asked for under its series (`CENTRALBK-BE`).
   */
  served_as: Schema.optionalKey(Schema.String),
  /** The name of the frames that serve this subscription on the bus and on the gateway's topics. */
  topic: Schema.String
})
export type SubscribeSuccess = typeof SubscribeSuccess.Type

export const SubscriptionFailure = Schema.Struct({
  status: Schema.tag("error"),
  symbol: Schema.String,
  exchange: Schema.String,
  code: SubscriptionCode,
  message: Schema.String
})
export type SubscriptionFailure = typeof SubscriptionFailure.Type

export const SubscribeResult = Schema.Union([SubscribeSuccess, SubscriptionFailure])
export type SubscribeResult = typeof SubscribeResult.Type

export const UnsubscribeSuccess = Schema.Struct({
  status: Schema.tag("success"),
  symbol: Schema.String,
  exchange: Schema.String,
  /** The topics that the reader no longer holds. */
  topics: Schema.Array(Schema.String)
})
export type UnsubscribeSuccess = typeof UnsubscribeSuccess.Type

export const UnsubscribeResult = Schema.Union([UnsubscribeSuccess, SubscriptionFailure])
export type UnsubscribeResult = typeof UnsubscribeResult.Type

/** An instrument's last tick with a change for the mode, as the market_data frame that it would be now. */
export const LastTick = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  mode: Mode,
  /** JSON text; absent when none is known: nobody reads it, or no tick has come yet. */
  frame: Schema.optionalKey(Schema.String),
  /** When our socket delivered it; epoch milliseconds, here and below. 0 without a frame. */
  received: Schema.Number,
  /** The exchange's time of it; 0 where the wire carries none. */
  exchanged: Schema.Number
})
export type LastTick = typeof LastTick.Type
