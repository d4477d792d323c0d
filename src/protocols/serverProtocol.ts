/** The broker's side of a protocol, for the simulator and for tests: as pure and synchronous as the client's, see `protocol.ts`. */
import type { CredentialField, Credentials } from "../market/credentials.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Tick } from "../market/tick.ts"
import type { Closing, CodecOptions, Frame, HttpAnswer, Refusal, SegmentCode, Want } from "./protocol.ts"

export interface ServerProtocol {
  readonly name: string
  /** The login that the simulator accepts by default, if a field must have a form (a JWT, ...). */
  readonly demo?: Partial<Readonly<Record<CredentialField, string>>>
  /** `undefined` admits the client. Not called for plain byte streams. */
  readonly admit: (request: UpgradeRequest, accepted: Credentials) => Refusal | undefined
  readonly open: (options: CodecOptions, context: ServerContext) => ServerCodec
  /** The broker's REST API, as far as this protocol uses it. `undefined` for other requests. */
  readonly http?: (request: ServedRequest, context: ServerHttpContext) => HttpAnswer | undefined
  /** The frame to send when there is no data, and how often. */
  readonly idle?: { readonly everyMs: number; readonly frame: () => Frame }
  readonly errorReplies?: ErrorReplies
}

/** The broker's own messages for trouble, as far as it has some. Without one, it is silent or closes the connection. */
export interface ErrorReplies {
  /**
   * Answers a request for instruments that are not served.
   *
   * @param answers to the rest of the request
   * @returns what is sent in place of `answers`
   */
  readonly refused?: (
    request: Frame,
    answers: ReadonlyArray<Frame>,
    instruments: ReadonlyArray<WireInstrument>
  ) => ReadonlyArray<Frame>
  /** The last message to a connection: its login is used elsewhere, has ended, or asks for too much. */
  readonly leaving?: (why: "displaced" | "expired" | "limited") => Trouble | undefined
}

export interface Trouble {
  readonly frames: ReadonlyArray<Frame>
  /** Absent: closed without a reason. */
  readonly close?: Closing
}

/** What the broker's end of a connection knows besides its wire frames. */
export interface ServerContext {
  /** The upgrade request that opened it. Empty on a byte stream. */
  readonly request: UpgradeRequest
  /** The login that is valid now. */
  readonly accepted: () => Credentials
  /** The instruments that this broker lists, for wires that name instruments by something other than their token. */
  readonly instruments?: ReadonlyArray<WireInstrument>
}

export interface ServedRequest {
  readonly method: string
  /** Path and query as requested. */
  readonly url: string
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface ServerHttpContext {
  readonly accepted: Credentials
  readonly options: CodecOptions
  /** Where the simulator's connections of this protocol are opened, given the host that the request came to. */
  readonly endpoint: string
  readonly find: FindByToken
  /** Instruments that `find` hides, for a broker that refuses them. */
  readonly refused?: ReadonlySet<WireInstrument>
  /** The instrument's current values in the market. */
  readonly stateOf: (instrument: WireInstrument) => Tick | undefined
  /** The protocol's open connections: the very objects that its `open` made. */
  readonly connections: ReadonlyArray<ServerCodec>
}

export interface UpgradeRequest {
  /** Path and query as requested. */
  readonly url: string
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** What a frame of the client comes to. */
export interface Received {
  readonly answers: ReadonlyArray<Frame>
  readonly touched: ReadonlyArray<WireInstrument>
  /** Ends the connection after the answers. */
  readonly close?: Closing
}

export const NOTHING: Received = { answers: [], touched: [] }

/** The broker's end of one connection. */
export interface ServerCodec {
  /** Sent as soon as the connection is open. */
  readonly greet?: () => ReadonlyArray<Frame>
  /** Whether the client has logged in, if that takes wire frames. Absent if the upgrade is the login. */
  readonly isLoggedIn?: () => boolean
  /**
   * Takes a wire frame from the client. Returns immediate answers, and the instruments that the request subscribed or
   * changed (real brokers send their last known values at once).
   */
  readonly receive: (frame: Frame, find: FindByToken) => Received
  /**
   * What the client has subscribed for an instrument: nothing, or a want for each kind of packet that it would be
   * sent. `depth` is the number of levels in it.
   */
  readonly holds: (instrument: WireInstrument) => ReadonlyArray<Want>
  /** Wire bytes for the market's current values. Instruments that the client did not subscribe are left out. */
  readonly encode: (states: ReadonlyArray<readonly [WireInstrument, Tick]>) => ReadonlyArray<Frame>
}

/** @param code the broker's segment code, where the protocol carries one beside the token */
export type FindByToken = (token: string, code?: SegmentCode) => WireInstrument | undefined
