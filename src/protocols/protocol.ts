/**
 * What a wire protocol is to the rest of AlgoWays: a pure, synchronous codec.
 *
 * No Effect, no I/O and no clock in here. That is what lets the live session, the simulator, the tests, the
 * benchmarks and the conformance command share one decode path, and what makes it fast. A codec never throws
 * on input: whatever bytes arrive become ticks, rejects or events.
 */
import type { Credentials } from "../market/credentials.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"
import type { Tick } from "../market/tick.ts"

/** A message as the transport hands it over: text frames as strings, binary frames as bytes. */
export type Inbound = string | Uint8Array
export type Outbound = string | Uint8Array

/** Why a frame, or a part of one, became no tick. A counter per cause; never a price by guess. */
export type RejectCause =
  | "truncated"
  | "unknown_length"
  | "unknown_segment"
  | "unknown_packet"
  /** A good packet for an instrument that is not subscribed (late after an unsubscribe, or not ours). */
  | "not_subscribed"
  | "malformed_text"
  /** The decoded tick failed the Schema guard. Raised behind the codec, counted with the others. */
  | "guard"
  /** The codec threw: a bug of ours, contained. Raised behind the codec. */
  | "defect"

/** What else a frame can mean. */
export type WireEvent =
  /** The feed is alive and has nothing to say. */
  | { readonly type: "heartbeat" }
  /** The broker accepted the login (protocols that answer one). */
  | { readonly type: "ready" }
  /** The broker refused a request; the connection stays usable. `code` is the broker's own. */
  | { readonly type: "refused"; readonly code?: string; readonly detail: string }
  /** A text from the broker to its users. */
  | { readonly type: "notice"; readonly text: string }
  /** The connection is of no further use. */
  | { readonly type: "failure"; readonly failure: ConnectionFailure }
  /** Known and not market data (order postbacks, metadata). */
  | { readonly type: "ignored"; readonly what: string }

/** Where a codec puts what it found. Calls are synchronous, in wire order. */
export interface Sink {
  /**
   * @param instrument the very object that was passed to `request`
   * @param refreshes bits of `modeBit`: the modes for which this tick is news (see market/mode.ts)
   */
  readonly tick: (instrument: WireInstrument, tick: Tick, refreshes: number) => void
  readonly reject: (cause: RejectCause, detail: string) => void
  readonly event: (event: WireEvent) => void
}

/** What is wanted upstream for one instrument. `depth` counts levels and matters in depth mode only. */
export interface Want {
  readonly mode: Mode
  readonly depth: number
}

/** One change of what is wanted: no `from` = subscribe, no `to` = unsubscribe, both = mode or level change. */
export interface Change {
  readonly instrument: WireInstrument
  readonly from?: Want
  readonly to?: Want
}

/** The codec of one connection, with that connection's state (subscribed instruments, merged deltas). */
export interface Codec {
  /** Records the changes and returns the frames that ask the broker for them, batched as it allows. */
  readonly request: (changes: ReadonlyArray<Change>) => ReadonlyArray<Outbound>
  /** @param receivedAt epoch milliseconds; becomes `received_time` */
  readonly decode: (frame: Inbound, receivedAt: number, sink: Sink) => void
}

/** Everything that a WebSocket upgrade request needs. Holds secrets: never log it. */
export interface Handshake {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** How a broker declined an upgrade request. Header names are in lower case. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** The facts of a broker that its codec needs. `codes` maps a common exchange to the broker's segment code. */
export interface CodecOptions {
  readonly codes: Readonly<Record<string, number>>
  /** Subscriptions in one request frame. */
  readonly batch: number
  /** Choices of one protocol, see its own `options.ts` or header. */
  readonly variant?: Readonly<Record<string, unknown>>
}

export interface Protocol {
  readonly name: string
  readonly handshake: (endpoint: string, credentials: Credentials) => Handshake
  readonly refusal: (refusal: Refusal) => ConnectionFailure
  readonly open: (options: CodecOptions) => Codec
  /** Frames to send as soon as the socket is open, before any subscription. */
  readonly hello?: (credentials: Credentials) => ReadonlyArray<Outbound>
  /** The frame of the application's own heartbeat, where the protocol has one. */
  readonly heartbeat?: () => Outbound
  /** How many upstream subscriptions a want takes of the broker's limit. */
  readonly cost: (want: Want) => number
}

/** The broker's side of a protocol, for the simulator and for tests. */
export interface ServerProtocol {
  readonly name: string
  /** `undefined` admits the client. */
  readonly admit: (request: UpgradeRequest, accepted: Credentials) => Refusal | undefined
  readonly open: (options: CodecOptions) => ServerCodec
  /** A frame for times without data, and how often it is sent. */
  readonly idle?: { readonly everyMs: number; readonly frame: () => Outbound }
}

export interface UpgradeRequest {
  /** Path and query as requested. */
  readonly url: string
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** The broker's end of one connection. */
export interface ServerCodec {
  /**
   * Takes a frame of the client. Returns immediate answers, and the instruments that the request subscribed
   * or changed (real brokers send their last known values at once).
   */
  readonly receive: (
    frame: Inbound,
    find: FindByToken
  ) => {
    readonly answers: ReadonlyArray<Outbound>
    readonly touched: ReadonlyArray<WireInstrument>
  }
  readonly isSubscribed: (instrument: WireInstrument) => boolean
  /** Wire bytes for what the market holds now; instruments that the client did not subscribe are left out. */
  readonly encode: (states: ReadonlyArray<readonly [WireInstrument, Tick]>) => ReadonlyArray<Outbound>
}

/** @param code the broker's segment code, where the protocol carries one beside the token */
export type FindByToken = (token: string, code?: number) => WireInstrument | undefined
