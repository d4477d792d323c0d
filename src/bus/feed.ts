/**
 * The feed as its readers see it, whether it runs in this process (`session/feed/localFeed.ts`) or in another one
 * (`bus/zmq/remoteFeed.ts`). A reader is anybody who can come and go: a client of the gateway, a stream of an
 * embedding application, a watch list. Frames travel by the FrameBus under the topics that `subscribe` names.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type {
  LastTick,
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../market/subscription.ts"
import type { FeedStatus, InstrumentStatus } from "../market/feedStatus.ts"
import { SessionState } from "../market/feedStatus.ts"

/** Where a broker's name is asked for and none is set. */
export const NO_BROKER = "none"

/** Why a user has no feed. The codes are the client protocol's. */
export class FeedError extends Schema.TaggedError<FeedError>()("FeedError", {
  code: Schema.Literals(["BROKER_ERROR", "BROKER_INIT_ERROR", "BROKER_CONNECTION_ERROR"]),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

export const FeedInfo = Schema.Struct({
  broker: Schema.String,
  /** Its market is a simulated one. */
  simulated: Schema.optionalKey(Schema.Literal(true)),
  state: SessionState,
  /** Why the state is not "connected", in words. */
  reason: Schema.optionalKey(Schema.String),
  modes: Schema.Array(Schema.Literals(["ltp", "quote", "depth"]))
})
export type FeedInfo = typeof FeedInfo.Type

export class Feed extends Context.Service<
  Feed,
  {
    /** Names of the brokers that the factory knows. */
    readonly brokers: Effect.Effect<ReadonlyArray<string>>
    /**
     * Makes sure that the user's session runs, and waits a little for the outcome of its first connection attempt.
     * Idempotent. A session that is not connected (yet) takes subscriptions all the same: the state and its reason are in
     * the answer. Failing means that there is no session: BROKER_ERROR (the user has no broker), BROKER_INIT_ERROR (the
     * broker's adapter cannot start), BROKER_CONNECTION_ERROR (the feed process does not answer).
     */
    readonly attach: (user: string, reader: string) => Effect.Effect<FeedInfo, FeedError>
    /** One result per request, in order. Fails where the reader is not attached to a session. */
    readonly subscribe: (
      user: string,
      reader: string,
      requests: ReadonlyArray<SubscribeRequest>
    ) => Effect.Effect<ReadonlyArray<SubscribeResult>, FeedError>
    readonly unsubscribe: (
      user: string,
      reader: string,
      requests: ReadonlyArray<UnsubscribeRequest>
    ) => Effect.Effect<ReadonlyArray<UnsubscribeResult>, FeedError>
    /** The reader is gone: drop everything it held. Never fails. */
    readonly release: (user: string, reader: string) => Effect.Effect<void>
    readonly info: (user: string) => Effect.Effect<FeedInfo, FeedError>
    /** The last ticks of instruments that are subscribed, one answer per request, in order. Subscribes nothing. */
    readonly last: (
      user: string,
      requests: ReadonlyArray<SubscribeRequest>
    ) => Effect.Effect<ReadonlyArray<LastTick>, FeedError>
    /** The whole state of the user's session. Answers for a session that could not start, too. */
    readonly status: (user: string) => Effect.Effect<FeedStatus, FeedError>
    /** Where one instrument's ticks are, or are held up. */
    readonly instrument: (
      user: string,
      exchange: string,
      symbol: string
    ) => Effect.Effect<InstrumentStatus, FeedError>
  }
>()("algoways/bus/Feed") {}
