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

/** A request to the broker's REST API: some logins and some subscriptions use it. Holds secrets: never log it. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** In a login: a request that may fail. If it gets no answer, its answer has status 0. */
  readonly optional?: true
  /** In a login: how long to wait for the answer. The transport has a longer limit of its own. */
  readonly timeoutMs?: number
}

export interface HttpAnswer {
  readonly status: number
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** With status 0: why no answer came, fit for a log. */
  readonly unanswered?: string
}

/** What a codec sends: a frame on its connection, or a request beside it, whose answer comes back to `answered`. */
export type Outbound = Frame | HttpRequest

export const isHttpRequest = (outbound: Outbound): outbound is HttpRequest =>
  typeof outbound === "object" && !(outbound instanceof Uint8Array)

/** Why a wire frame, or a part of one, became no tick. Each cause has a counter. A price is never guessed. */
export type RejectCause =
  | "truncated"
  | "unknown_length"
  | "unknown_segment"
  | "unknown_packet"
  /** A good packet for an instrument that is not subscribed (late after an unsubscribe, or not ours). */
  | "not_subscribed"
  /** The packet's prices have no scale to divide by, or an earlier packet gave none. */
  | "unusable_scale"
  | "malformed_text"
  /** The decoded tick failed the Schema guard. Raised after the codec, counted with the others. */
  | "guard"
  /** The price is implausible, and the plausibility guard drops it. Raised after the codec. */
  | "implausible"
  /** The codec threw: a bug of ours, contained. Raised after the codec. */
  | "defect"
  /** A field was left out and the tick continued: the quarantine keeps such frames under this cause. Raised after the codec. */
  | "field"

/** What else a wire frame can mean. */
export type WireEvent =
  /** The feed is alive and has nothing to say. */
  | { readonly type: "heartbeat" }
  /** The broker accepted the login (protocols that answer one). */
  | { readonly type: "ready" }
  /**
   * The broker refused a request, and the connection stays usable. `code` is the broker's own. `instruments` are the
   * very objects that were passed to `request`, if the wire says which ones it means.
   */
  | {
      readonly type: "refused"
      readonly code?: string
      readonly detail: string
      readonly instruments?: ReadonlyArray<WireInstrument>
    }
  /**
   * The broker acknowledged these subscriptions: the very objects that were passed to `request`. If a broker
   * acknowledges nothing there is no such event, and an instrument's first tick confirms it.
   */
  | { readonly type: "confirmed"; readonly instruments: ReadonlyArray<WireInstrument> }
  /** A text from the broker to its users. */
  | { readonly type: "notice"; readonly text: string }
  /** The connection is of no further use. */
  | { readonly type: "failure"; readonly failure: ConnectionFailure }
  /** Known and not market data (order postbacks, metadata). */
  | { readonly type: "ignored"; readonly what: string }

/** Receives what a codec finds. Calls are synchronous, in wire order. */
export interface Sink {
  /**
   * @param instrument the very object that was passed to `request`
   * @param refreshes bits of `modeBit`: the modes that this tick refreshes (see market/mode.ts)
   */
  readonly tick: (instrument: WireInstrument, tick: Tick, refreshes: number) => void
  /**
   * An older tick of the instrument that nothing references any more, to be overwritten: a depth tick is a dozen
   * objects, and thousands a second would become garbage. Optional on both sides. Called once per tick at most.
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
  /** Takes the answer to one of this codec's HTTP requests. */
  readonly answered?: (request: HttpRequest, answer: HttpAnswer, receivedAt: number, sink: Sink) => void
  /** The application's own heartbeat, where the protocol has one. */
  readonly heartbeat?: () => Outbound
}

/** The inputs of a login. A protocol has no clock and no randomness of its own: both are passed in. */
export interface LoginContext {
  readonly endpoint: string
  /** The broker's further addresses by name (its REST API, ...), without a trailing slash. */
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
  /** Where the address came from and what to do if nothing answers there. Added to that failure. Holds no secret. */
  readonly addressNote?: string
  /** What the user should know about a login that succeeds: written to the log. Holds no secret. */
  readonly notices?: ReadonlyArray<string>
  /** What the codec needs from the login (tokens that go into wire frames), by names of the protocol's own. */
  readonly secrets?: Readonly<Record<string, string>>
}

/**
 * A login that uses the broker's REST API first: it yields requests, is resumed with their answers, and ends with the
 * handshake or with the reason why there is none. A generator, so that it stays pure.
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

/** The facts about a broker that its codec needs. `codes` maps a common exchange to the broker's segment code. */
export interface CodecOptions {
  readonly codes: Readonly<Record<string, SegmentCode>>
  /** Subscriptions in one request frame. */
  readonly batch: number
  /** The choices of one protocol: see its `options.ts` or header. */
  readonly variant?: Readonly<Record<string, unknown>>
}

/** By mode, what the packets of a subscription refresh, as in `Sink.tick`: each number is a kind of packet. */
export type PacketKinds = Readonly<Record<Mode, ReadonlyArray<number>>>

/** Each mode has a packet of its own, which refreshes the poorer modes too. */
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
  /** Turns a close frame of the broker into its cause, if its code or reason says more than "closed". */
  readonly closed?: (closing: Closing) => ConnectionFailure | undefined
  /**
   * Reads every choice of the variant, by its key. This finds the keys that exist, and a wrong value before anything
   * connects. Throws InvalidVariant. Absent: variants are not checked.
   */
  readonly readVariant?: (options: CodecOptions) => unknown
  /** @param handshake absent without a login: golden frames, benchmarks */
  readonly open: (options: CodecOptions, handshake?: Handshake) => Codec
  /**
   * True if a tick carries only what its packet carried, and an instrument's packets are of several kinds (prices
   * here, depth there). The session merges them into one tick per instrument, and forgets them on reconnect.
   */
  readonly partial?: boolean
  /**
   * For wires that cannot tell two instruments apart: instruments of equal keys are never put on one connection.
   */
  readonly exclusive?: (instrument: WireInstrument) => string
  /** Recognises, by its kinds of packets, a former mode that the broker keeps serving. Absent: nothing looks for such modes. */
  readonly kinds?: (options: CodecOptions) => PacketKinds
  /** How many upstream subscriptions of the broker's limit a want uses. */
  readonly cost: (want: Want, instrument: WireInstrument) => number
}
