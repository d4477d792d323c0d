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
import { refreshes } from "../market/mode.ts"
import type { Tick } from "../market/tick.ts"

/** A message of the connection: text frames as strings, binary frames (and reads of a byte stream) as bytes. */
export type Frame = string | Uint8Array

/** A request to the broker's REST front: some logins and some subscriptions travel that way. Holds secrets: never log it. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** In a login: one that it can do without. No answer at all is an answer of status 0 then. */
  readonly optional?: true
  /** In a login: no answer within this is none. The transport has a limit of its own, which is longer. */
  readonly timeoutMs?: number
}

export interface HttpAnswer {
  readonly status: number
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Of status 0: why no answer came, fit for a log. */
  readonly unanswered?: string
}

/** What a codec sends: a frame on its connection, or a request beside it, whose answer comes back to `answered`. */
export type Outbound = Frame | HttpRequest

export const isHttpRequest = (outbound: Outbound): outbound is HttpRequest =>
  typeof outbound === "object" && !(outbound instanceof Uint8Array)

/** Why a frame, or a part of one, became no tick. A counter per cause; never a price by guess. */
export type RejectCause =
  | "truncated"
  | "unknown_length"
  | "unknown_segment"
  | "unknown_packet"
  /** A good packet for an instrument that is not subscribed (late after an unsubscribe, or not ours). */
  | "not_subscribed"
  /** The packet's prices have no scale that one could divide by, or an earlier packet told none for them. */
  | "unusable_scale"
  | "malformed_text"
  /** The decoded tick failed the Schema guard. Raised behind the codec, counted with the others. */
  | "guard"
  /** The price is not possible, and the plausibility guard drops such. Raised behind the codec. */
  | "implausible"
  /** The codec threw: a bug of ours, contained. Raised behind the codec. */
  | "defect"
  /** A field was left out and the tick went on: what the quarantine keeps such frames under. Raised behind the codec. */
  | "field"

/** What else a frame can mean. */
export type WireEvent =
  /** The feed is alive and has nothing to say. */
  | { readonly type: "heartbeat" }
  /** The broker accepted the login (protocols that answer one). */
  | { readonly type: "ready" }
  /**
   * The broker refused a request; the connection stays usable. `code` is the broker's own. `instruments` are the very
   * objects that were passed to `request`, where the wire tells which ones it means.
   */
  | {
      readonly type: "refused"
      readonly code?: string
      readonly detail: string
      readonly instruments?: ReadonlyArray<WireInstrument>
    }
  /**
   * The broker acknowledged these subscriptions: the very objects that were passed to `request`. Where a broker
   * acknowledges nothing there is no such event, and an instrument's first tick confirms it.
   */
  | { readonly type: "confirmed"; readonly instruments: ReadonlyArray<WireInstrument> }
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
  /**
   * An older tick of the instrument that nobody has any more, to be written over: a depth tick is a dozen objects, and
   * whoever makes thousands a second makes garbage of them. Optional on both sides; asked once per tick at most.
   */
  readonly spare?: (instrument: WireInstrument) => Tick | undefined
  /**
   * @param instrument of `not_subscribed`: whose packet it is, where this connection had it and gave it up; the very object
   * that was passed to `request`
   */
  readonly reject: (cause: RejectCause, detail: string, instrument?: WireInstrument) => void
  /**
   * A count or a time that is none, `value` as it came, was left out of what is told of the instrument; the rest goes on. For
   * codecs that remember values, or whose ticks could not hold this one: the guard does the same for what stands in a tick.
   */
  readonly leftOut?: (instrument: WireInstrument, field: keyof Tick, value: unknown) => void
  readonly event: (event: WireEvent) => void
  /** Sends at once, ahead of waiting requests: acknowledgements, answers to pings, what follows a login. */
  readonly send: (outbound: Outbound) => void
}

/** What is wanted upstream for one instrument. `depth` counts levels and matters in depth mode only. */
export interface Want {
  readonly mode: Mode
  readonly depth: number
}

/**
 * One change of what is wanted: no `from` = subscribe, no `to` = unsubscribe, both = mode or level change. What is
 * subscribed without a `from` is asked for on the wire even where the codec has it: the broker may have lost it. What this
 * connection has given up before and gives up again is asked for likewise: the broker may not have heard (`GivenUp`).
 */
export interface Change {
  readonly instrument: WireInstrument
  readonly from?: Want
  readonly to?: Want
}

/** Whether all of a want must be asked for, whatever is subscribed. */
export const isSubscribe = ({ from, to }: Change): boolean => from === undefined && to !== undefined

/** The codec of one connection, with that connection's state (subscribed instruments, merged deltas). */
export interface Codec {
  /** Sent as soon as the connection is open, before any subscription. */
  readonly hello?: () => ReadonlyArray<Outbound>
  /**
   * True where the broker answers the login: the connection counts as up, and subscriptions are sent, only after a
   * `ready` event. Otherwise it is up as soon as it is open.
   */
  readonly awaitsReady?: boolean
  /** Records the changes and returns what asks the broker for them, batched as it allows. */
  readonly request: (changes: ReadonlyArray<Change>) => ReadonlyArray<Outbound>
  /** @param receivedAt epoch milliseconds; becomes `received_time` */
  readonly decode: (frame: Frame, receivedAt: number, sink: Sink) => void
  /** Takes the answer to an HTTP request of this codec. */
  readonly answered?: (request: HttpRequest, answer: HttpAnswer, receivedAt: number, sink: Sink) => void
  /** The application's own heartbeat, where the protocol has one. */
  readonly heartbeat?: () => Outbound
}

/** What a login may be made of. No clock and no randomness inside a protocol: both are handed in. */
export interface LoginContext {
  readonly endpoint: string
  /** The broker's further addresses by name (its REST front, ...), without a trailing slash. */
  readonly services: Readonly<Record<string, string>>
  readonly credentials: Credentials
  /** Epoch milliseconds. */
  readonly now: number
  /** 64 fresh random bytes, for keys and ids. */
  readonly random: Uint8Array
  readonly options: CodecOptions
}

/** Everything that opening a connection needs. Holds secrets: never log it. */
export interface Handshake {
  /** `ws:`, `wss:`, or for a plain byte stream `tcp:`, `tls:` with host and port. */
  readonly url: string
  /** Of the upgrade request. */
  readonly headers: Readonly<Record<string, string>>
  readonly subprotocols?: ReadonlyArray<string>
  /** Where the address came from and what to do when nothing answers there. Part of that failure; holds no secret. */
  readonly addressNote?: string
  /** What the user should know of the login although it succeeds: written to the log. Holds no secret. */
  readonly notices?: ReadonlyArray<string>
  /** What the codec needs of the login (tokens that go into frames), by names of the protocol's own. */
  readonly secrets?: Readonly<Record<string, string>>
}

/**
 * A login that talks to the broker's REST front first: yields requests, is resumed with their answers, and ends with
 * the handshake or with the reason why there is none. A generator, so that it stays pure.
 */
export type Login = Generator<HttpRequest, Handshake | ConnectionFailure, HttpAnswer>

/** How a broker declined an upgrade request. Header names are in lower case. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** How a broker closed a WebSocket. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** A broker's code for a segment on its wire: a number in binary formats, a name in text ones. */
export type SegmentCode = number | string

/** The facts of a broker that its codec needs. `codes` maps a common exchange to the broker's segment code. */
export interface CodecOptions {
  readonly codes: Readonly<Record<string, SegmentCode>>
  /** Subscriptions in one request frame. */
  readonly batch: number
  /** Choices of one protocol, see its own `options.ts` or header. */
  readonly variant?: Readonly<Record<string, unknown>>
}

/** By mode, what the packets of a subscription are news for, as `Sink.tick` tells it: each number is a kind of packet. */
export type PacketKinds = Readonly<Record<Mode, ReadonlyArray<number>>>

/** Each mode has a packet of its own, which is news for the poorer modes too. */
export const oneKindEach: PacketKinds = {
  ltp: [refreshes.ltp],
  quote: [refreshes.quote],
  depth: [refreshes.depth]
}

export interface Protocol {
  readonly name: string
  /** Run before every connection; see `Login` for those that need REST calls. */
  readonly handshake: (context: LoginContext) => Handshake | ConnectionFailure | Login
  /** Turns a declined upgrade into its cause. */
  readonly refusal: (refusal: Refusal) => ConnectionFailure
  /** Turns a close frame of the broker into its cause, where its code or reason says more than "closed". */
  readonly closed?: (closing: Closing) => ConnectionFailure | undefined
  /**
   * Reads every choice of the variant, by its key: which keys there are is found by it, and a wrong value before anything
   * connects. Throws InvalidVariant. Absent: variants are not checked.
   */
  readonly readVariant?: (options: CodecOptions) => unknown
  /** @param handshake absent where there is no login: golden frames, benchmarks */
  readonly open: (options: CodecOptions, handshake?: Handshake) => Codec
  /**
   * True where a tick carries only what its packet carried, and an instrument's packets are of several kinds (prices
   * here, book there). The session joins them into one picture per instrument, forgotten on reconnect.
   */
  readonly partial?: boolean
  /**
   * For wires that cannot tell two instruments apart: instruments of equal keys are never put on one connection.
   */
  readonly exclusive?: (instrument: WireInstrument) => string
  /**
   * A mode that the broker goes on with after it was changed is known by its kinds of packets. Without them, nobody looks for such.
   */
  readonly kinds?: (options: CodecOptions) => PacketKinds
  /** How many upstream subscriptions a want takes of the broker's limit. */
  readonly cost: (want: Want, instrument: WireInstrument) => number
}
