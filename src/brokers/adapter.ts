/** The one interface of every broker: what the factory makes from a broker's name. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Credentials } from "../market/credentials.ts"
import type { ConnectionFailure, CredentialsMissing } from "../market/errors.ts"
import type { FeedStatus, InstrumentStatus, SessionState } from "../market/feedStatus.ts"
import type {
  LastTick,
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../market/subscription.ts"
import type { Tick } from "../market/tick.ts"
import type { Broker } from "./broker.ts"

/** How many ticks a reader of `ticks` may lag behind before its oldest are dropped (and counted). */
export const TICKS_BUFFER = 16_384

export interface AdapterStatus {
  readonly broker: string
  readonly state: SessionState
  readonly reason?: string
  readonly connections: number
  readonly instruments: number
}

/** One reader's subscription to one instrument in one mode, as a request that would subscribe it again. */
export interface ReaderSubscription {
  readonly reader: string
  readonly request: SubscribeRequest
}

/**
 * Every operation may be called at any time and by many fibers. After its scope has closed, an adapter dies with
 * ActorStopped when it is used.
 */
export class BrokerAdapter extends Context.Service<
  BrokerAdapter,
  {
    readonly broker: Broker
    /**
     * Sets whose credentials to use: those stored for the user, re-read at every connection attempt, or the given
     * ones. Fails if a field that the broker needs is missing. Call it before everything else. Called again, it
     * changes the credentials. For another user it starts afresh, and ends what was connected and subscribed for the
     * first one.
     */
    readonly initialise: (options: {
      readonly user: string
      readonly credentials?: Credentials
    }) => Effect.Effect<void, CredentialsMissing>
    /**
     * Connects and stays connected until `disconnect`. Returns with the outcome of the first attempt. After a failure
     * it keeps trying, except that after rejected credentials it waits until new ones are stored.
     */
    readonly connect: Effect.Effect<void, ConnectionFailure>
    readonly disconnect: Effect.Effect<void>
    /** `reader` (default "adapter") owns the subscription. Equal readers share one. */
    readonly subscribe: (
      requests: ReadonlyArray<SubscribeRequest>,
      reader?: string
    ) => Effect.Effect<ReadonlyArray<SubscribeResult>>
    readonly unsubscribe: (
      requests: ReadonlyArray<UnsubscribeRequest>,
      reader?: string
    ) => Effect.Effect<ReadonlyArray<UnsubscribeResult>>
    /** Removes all of the reader's subscriptions. */
    readonly release: (reader: string) => Effect.Effect<void>
    /** All subscriptions, to hand them over to another adapter. */
    readonly subscriptions: Effect.Effect<ReadonlyArray<ReaderSubscription>>
    readonly status: Effect.Effect<AdapterStatus>
    /** The last ticks of subscribed instruments, one answer per request, in order. Subscribes nothing. */
    readonly last: (requests: ReadonlyArray<SubscribeRequest>) => Effect.Effect<ReadonlyArray<LastTick>>
    /** The same in full, for operators: connections, subscriptions by state, the supervisor's decisions. */
    readonly report: Effect.Effect<FeedStatus>
    /** Where one instrument's ticks go, or what stops them. */
    readonly inspect: (exchange: string, symbol: string) => Effect.Effect<InstrumentStatus>
    /** Every guarded tick from now on. A reader that lags loses its oldest ones. */
    readonly ticks: Stream.Stream<Tick>
  }
>()("algoways/brokers/BrokerAdapter") {}
