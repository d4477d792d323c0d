/**
 * What a session works with: the instruments that somebody reads, their subscriptions upstream, and the connections that
 * carry these. Plain data, owned by the session's actor. Sockets' callbacks note ticks and acknowledgements here as well,
 * on the same thread: plain stores, no message per tick.
 */
import type { MarketFrame, View } from "../frame/marketFrame.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import type { Exchange } from "../market/exchange.ts"
import type { SubscriptionState } from "../market/feedStatus.ts"
import type { Instrument, WireInstrument } from "../market/instrument.ts"
import { nameOf } from "../market/instrument.ts"
import type { Tick } from "../market/tick.ts"
import type { Change, Want } from "../protocols/protocol.ts"
import type { PriceMemory } from "./ticks/plausibility.ts"

/** A view with its readers and its writer. */
export interface ActiveView {
  readonly view: View
  readonly bit: number
  readonly requestedDepth: number
  readonly write: (tick: Tick, published: number) => MarketFrame
  readonly readers: Set<string>
}

/**
 * A wanted instrument. This very object is what the codec gets as its WireInstrument and hands back with each
 * tick, so that a tick finds its views without a lookup.
 */
export interface SubscribedInstrument {
  readonly symbol: string
  readonly exchange: Exchange
  readonly token: string
  readonly brokerExchange: string
  readonly brokerSymbol: string
  readonly name: string
  /** The step of its price in rupees; 0 where it has none or none is known. */
  readonly tickSize: number
  /** The exchange has no order book: quote ticks serve depth readers too. */
  readonly bookless: boolean
  /** A small array: iterated for every tick. */
  views: Array<ActiveView>
  want: Want | undefined
  /** Its known parts by stream, if its packets are merged. See tickMerge.ts. */
  parts: Array<Tick | undefined>
  /** The last tick that was news for each mode, for readers who come later: by `modeNumber` less one. */
  last: [ltp: Tick | undefined, quote: Tick | undefined, depth: Tick | undefined]
  /** A tick that nobody has any more, for the codec to write over. */
  spare: Tick | undefined
  /** Its place by feed: on which connection, in which state. */
  upstream: Array<UpstreamSubscription | undefined>
  /** The publisher's last chunk with frames of it: its views' memory is theirs, so it stands once in each. */
  chunk: number
}

export const makeSubscribedInstrument = (
  instrument: Instrument,
  bookless: boolean
): SubscribedInstrument => ({
  symbol: instrument.symbol,
  exchange: instrument.exchange,
  token: instrument.token,
  brokerExchange: instrument.brokerExchange,
  brokerSymbol: instrument.brokerSymbol,
  name: nameOf(instrument),
  tickSize: instrument.tickSize,
  bookless,
  views: [],
  want: undefined,
  parts: [],
  last: [undefined, undefined, undefined],
  spare: undefined,
  upstream: [],
  chunk: 0
})

/** For the codec: each spare tick is handed out once. */
export const takeSpare = (instrument: WireInstrument): Tick | undefined => {
  const subscribed = instrument as SubscribedInstrument
  const { spare } = subscribed
  subscribed.spare = undefined
  return spare
}

export interface SubscriptionChange {
  readonly instrument: SubscribedInstrument
  readonly from: Want | undefined
  readonly to: Want | undefined
  /**
   * Asked for once more, though the broker should have it: `from` says nothing then. Or given up once more, though it should
   * have heard.
   */
  readonly again?: true
}

export const sameWant = (a: Want | undefined, b: Want | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.mode === b.mode && a.depth === b.depth)

/**
 * One instrument on one connection: the state of its subscription and the signs of its life.
 *
 *   wanted ──sent──► sent ──acknowledged or first tick──► confirmed
 *     ▲                └────────refused────► failed ──asked again──┐
 *     └──────────────────the connection ended──────────────────────┘
 */
export interface UpstreamSubscription {
  readonly instrument: SubscribedInstrument
  readonly connection: PooledConnection
  want: Want
  /** What the subscription used of the broker's limit when it was assigned. */
  cost: number
  /** The key by which it cannot be told apart on one connection, if the wire has such instruments. */
  readonly key: string | undefined
  state: SubscriptionState
  /** When it was first sent on this connection. Monotonic milliseconds, here and below; 0: never. */
  sentAt: number
  confirmedAt: number
  confirmedBy: "broker" | "tick" | undefined
  failure: string | undefined
  /** How often it was sent again on this connection, and when the last time. */
  resends: number
  resentAt: number
  lastTickAt: number
  ticks: number
  /** The modes that packets have arrived for since the subscription was sent, as bits: it may take several upstream. */
  seenModes: number
  /** The kinds of packets since the last check: bit `refreshes` of each. */
  kinds: number
  rejected: number
  /** The previous tick on this connection. */
  previousTickAt: number
  /** The usual time between two ticks in ms, learned from them. 0 while unknown. */
  usualIntervalMs: number
  /** True if it should tick and does not. */
  stale: boolean
  /** The plausibility guard's memory for this connection, if the guard is on. */
  priceMemory: PriceMemory | undefined
  /** The connection that it is being moved to. Ticks come from here until one comes from there. */
  next: UpstreamSubscription | undefined
}

export const makeUpstreamSubscription = (
  instrument: SubscribedInstrument,
  connection: PooledConnection,
  want: Want,
  cost: number,
  key: string | undefined
): UpstreamSubscription => ({
  instrument,
  connection,
  want,
  cost,
  key,
  state: "wanted",
  sentAt: 0,
  confirmedAt: 0,
  confirmedBy: undefined,
  failure: undefined,
  resends: 0,
  resentAt: 0,
  lastTickAt: 0,
  ticks: 0,
  seenModes: 0,
  kinds: 0,
  rejected: 0,
  previousTickAt: 0,
  usualIntervalMs: 0,
  stale: false,
  priceMemory: undefined,
  next: undefined
})

/** The session's hand on a live connection. */
export interface Link {
  /**
   * Asks the broker for changes. Waiting changes of one instrument are merged, so the backlog is bounded by the
   * number of instruments, however fast readers come and go; frames leave at the broker's pace.
   */
  readonly request: (changes: ReadonlyArray<SubscriptionChange>) => void
  /** Ends it without waiting for a closing handshake: it is believed dead, or of no use. */
  readonly fail: (failure: ConnectionFailure) => void
}

export type ConnectionState =
  | { readonly tag: "connecting" }
  | { readonly tag: "up"; readonly link: Link }
  | { readonly tag: "down"; readonly reason: string }
  | { readonly tag: "parked"; readonly reason: string }

/** The watchdog's three clocks of one connection: monotonic milliseconds, 0 for never. */
export interface Clocks {
  /** When the frame or the answer came that is being decoded. */
  arrival: number
  byte: number
  tick: number
  pong: number
}

export interface PooledConnection {
  /** Unique among all streams of the session. */
  readonly id: number
  /** Which of the broker's streams it belongs to: 0 is the main one, the others serve deep books. */
  readonly stream: number
  readonly subscriptions: Map<SubscribedInstrument, UpstreamSubscription>
  readonly clocks: Clocks
  /** The credentials that its last attempt was made with; undefined before the first one. */
  credentialsVersion: number | undefined
  /** By its subscriptions; what it has given up and the broker goes on with comes on top. */
  used: number
  readonly leftovers: Leftovers
  state: ConnectionState
  /** Since when it is in this state: monotonic milliseconds, here and below. */
  since: number
  /** True once it has been up: later trouble is a reconnect, not a failed start. */
  hasBeenUp: boolean
  /** When the last connection ended; 0 while it is up. */
  downSince: number
  restarts: number
  /** Valid ticks so far, and a short average of them per second. */
  ticks: number
  rate: number
  /** Connections in a row that came up and never ticked. */
  connectsWithoutTick: number
  /** Connections in a row that ticked and were replaced because they, or part of them, fell silent. */
  silentConnects: number
  /** Since when nothing on it has been silent. */
  livelySince: number
}

export const makePooledConnection = (id: number, stream: number, leftovers: Leftovers): PooledConnection => ({
  id,
  stream,
  subscriptions: new Map(),
  clocks: { arrival: 0, byte: 0, tick: 0, pong: 0 },
  credentialsVersion: undefined,
  used: 0,
  leftovers,
  state: { tag: "connecting" },
  since: 0,
  hasBeenUp: false,
  downSince: 0,
  restarts: 0,
  ticks: 0,
  rate: 0,
  connectsWithoutTick: 0,
  silentConnects: 0,
  livelySince: 0
})

/** Upstream subscriptions of a connection, as the broker counts them. */
export const loadOf = ({ leftovers, used }: PooledConnection): number => used + leftovers.used

/** Set if the mode was given up and the instrument is wanted in another one. */
export interface NewMode {
  readonly upstream: UpstreamSubscription
  readonly want: Want
  /** Kinds of packets that come in the former mode and not in this one. */
  readonly strays: number
}

export interface Leftover {
  readonly instrument: SubscribedInstrument
  readonly now: NewMode | undefined
  /** What was subscribed. */
  readonly want: Want
  /** When it was given up, or last given up again. Monotonic milliseconds, here and below. */
  at: number
  /** Its last tick since it was given up; 0: none. */
  ticked: number
  /** How often it was given up again. */
  asks: number
  /** It is to be given up again, and that request has not been sent yet. */
  waiting: boolean
}

export interface Tidying {
  /** To be given up again. */
  readonly again: ReadonlyArray<Leftover>
  /** Requests have not helped: the connection is to be replaced. */
  readonly stubborn: ReadonlyArray<Leftover>
}

/**
 * What one connection has given up, and which of it the broker keeps sending: a request may get lost or be ignored.
 * What still ticks some seconds after its unsubscription is given up once more. If that changes nothing, the
 * connection is replaced, because a new one starts with nothing. Until then it counts as in use, because the broker
 * counts it. The former mode of an instrument is given up like a subscription, and recognised by its kinds of packets
 * (`packetKinds.ts`).
 */
export interface Leftovers {
  /** How much of the broker's limit they use, in upstream subscriptions. */
  readonly used: number
  /** How many keep ticking. */
  readonly size: number
  /** Finds one that keeps ticking, by name. For an instrument that is still wanted, it is a mode. */
  readonly find: (name: string) => Leftover | undefined
  /** Call for a new connection: the broker has no subscriptions on it. */
  readonly clear: () => void
  /**
   * Requests were sent to the broker.
   *
   * @param upstreams what is wanted on the connection
   */
  readonly sent: (
    changes: ReadonlyArray<Change>,
    at: number,
    upstreams: ReadonlyMap<SubscribedInstrument, UpstreamSubscription>
  ) => void
  /** A packet came of what this connection has given up. */
  readonly ticked: (instrument: WireInstrument, at: number) => void
  /** What is to be done, once a second. Those to be asked for wait from then on. */
  readonly tidy: (now: number) => Tidying
}
