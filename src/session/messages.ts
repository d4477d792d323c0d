/** The messages of the session's actor. */
import type * as Deferred from "effect/Deferred"
import type { AdapterStatus, ReaderSubscription } from "../brokers/adapter.ts"
import type { AuthRejected, ConnectionFailure } from "../market/errors.ts"
import type { FeedStatus, InstrumentStatus } from "../market/feedStatus.ts"
import type {
  LastTick,
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../market/subscription.ts"
import type { Link } from "./model.ts"
import type { Unusable } from "./connection/credentialSource.ts"
import type { StoredVersion } from "./connection/credentialWatch.ts"
import type { Resolved } from "./subscriptions/resolver.ts"

export type Reply<A, E = never> = Deferred.Deferred<A, E>

export type Message =
  /** Other credentials are to be used. */
  | { readonly tag: "Initialise"; readonly reply: Reply<void> }
  | { readonly tag: "Connect"; readonly reply: Reply<void, ConnectionFailure> }
  | { readonly tag: "Disconnect"; readonly reply: Reply<void> }
  | {
      readonly tag: "Subscribe"
      readonly reader: string
      readonly items: ReadonlyArray<Resolved>
      readonly reply: Reply<ReadonlyArray<SubscribeResult>>
    }
  | {
      readonly tag: "Unsubscribe"
      readonly reader: string
      readonly requests: ReadonlyArray<UnsubscribeRequest>
      readonly reply: Reply<ReadonlyArray<UnsubscribeResult>>
    }
  /** Removes a reader from one batch of views. Answers whether more are left. */
  | {
      readonly tag: "Release"
      readonly reader: string
      readonly most: number
      readonly reply: Reply<boolean>
    }
  | { readonly tag: "Status"; readonly reply: Reply<AdapterStatus> }
  | {
      readonly tag: "Last"
      readonly requests: ReadonlyArray<SubscribeRequest>
      readonly reply: Reply<ReadonlyArray<LastTick>>
    }
  | { readonly tag: "Report"; readonly reply: Reply<FeedStatus> }
  | {
      readonly tag: "Inspect"
      readonly exchange: string
      readonly symbol: string
      readonly resolved: Resolved | undefined
      readonly reply: Reply<InstrumentStatus>
    }
  | { readonly tag: "Subscriptions"; readonly reply: Reply<ReadonlyArray<ReaderSubscription>> }
  | { readonly tag: "CredentialsChanged"; readonly stored: StoredVersion }
  | { readonly tag: "Connecting"; readonly connection: number }
  | { readonly tag: "Up"; readonly connection: number; readonly link: Link }
  | { readonly tag: "Down"; readonly connection: number; readonly failure: ConnectionFailure }
  | { readonly tag: "Parked"; readonly connection: number; readonly reason: AuthRejected | Unusable }
  | { readonly tag: "Fault"; readonly connection: number; readonly cause: string }
  /** It is time for the health check. */
  | { readonly tag: "Look" }
  /** The sockets' callbacks have learned something about subscriptions. */
  | { readonly tag: "Updates" }
  /** A pause that the restart policy imposed is over. */
  | { readonly tag: "Resume"; readonly cause: string }
