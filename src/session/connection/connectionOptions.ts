/** What a connection needs of its session, and what it reports. */
import type { Link } from "../model.ts"
import type { Unusable } from "./credentialSource.ts"
import type * as Effect from "effect/Effect"
import type { AuthRejected } from "../../market/errors.ts"
import type { Broker } from "../../brokers/broker.ts"
import type { Change, Protocol, Sink, WireEvent } from "../../protocols/protocol.ts"
import type { Clocks } from "../model.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { ConnectionTap } from "../ticks/tap.ts"
import type { CredentialSource } from "./credentialSource.ts"
import type { HookFaults } from "../containment.ts"
import type { LeftOut } from "../ticks/guard.ts"
import type { ReconnectOptions } from "./retrySchedule.ts"
import type { WireInstrument } from "../../market/instrument.ts"

export interface ConnectionOptions {
  readonly broker: Broker
  readonly protocol: Protocol
  readonly reconnect?: ReconnectOptions
  /** Read at every attempt. */
  readonly credentials: CredentialSource["read"]
  /**
   * @param reject takes what the guard refuses
   * @param leftOut takes what it leaves out of a tick
   */
  readonly inlet: (reject: Sink["reject"], leftOut: LeftOut) => Sink["tick"]
  readonly onReject: Sink["reject"]
  readonly onLeftOut: LeftOut
  /** The codec left a field out of an instrument's next tick. */
  readonly onFieldLeftOut: NonNullable<Sink["leftOut"]>
  readonly onFrame: (bytes: number) => void
  /** Changes were handed to the socket. */
  readonly onSent: (changes: ReadonlyArray<Change>, at: number) => void
  /** A packet came of an instrument that this connection has given up. */
  readonly onUnwanted: (instrument: WireInstrument, at: number) => void
  readonly clocks: Clocks
  readonly tap: ConnectionTap
  /** Every event but failures, which end the connection. */
  readonly onEvent: (event: WireEvent) => void
  readonly onConnecting: Effect.Effect<void>
  readonly onUp: (link: Link) => Effect.Effect<void>
  readonly onDown: (failure: ConnectionFailure) => Effect.Effect<void>
  /** There are no credentials worth trying: nothing happens until the session starts the connection anew. */
  readonly onParked: (reason: AuthRejected | Unusable) => Effect.Effect<void>
  /** Something that should not happen, beside the connection's end that follows. */
  readonly onFault: (cause: string) => Effect.Effect<void>
  readonly onHookFault: HookFaults
  /** For the log: what a life of the connection died of. */
  readonly onDefect: (defect: unknown) => void
}
