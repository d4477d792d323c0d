/** The session's state for operators: the whole of it, and one instrument's. Pure. */
import type { Broker } from "../../brokers/broker.ts"
import { isExchange } from "../../market/exchange.ts"
import type {
  ConnectionStatus,
  DecisionMade,
  FeedStatus,
  InstrumentStatus,
  SessionState
} from "../../market/feedStatus.ts"
import type { MarketHours } from "../../market/hours.ts"
import { nameOf } from "../../market/instrument.ts"
import { noSuchInstrument } from "../feed/offlineStatus.ts"
import type { BrokerStream, SubscriptionPlanner } from "../subscriptions/planner.ts"
import type { PooledConnection, UpstreamSubscription } from "../model.ts"
import { loadOf } from "../model.ts"
import type { Resolved } from "../subscriptions/resolver.ts"

export interface Reported {
  readonly user: string
  readonly broker: Broker
  readonly streams: ReadonlyArray<BrokerStream>
  readonly planner: SubscriptionPlanner
  readonly state: SessionState
  readonly reason: string | undefined
  /** Undefined while ticks are due. */
  readonly quietBecause: string | undefined
  readonly decisions: ReadonlyArray<DecisionMade>
  readonly hours: MarketHours
  /** Monotonic milliseconds, as everywhere in the session. */
  readonly now: number
  /** Converts such a moment to the time of day. */
  readonly epochOf: (at: number) => number
}

const known = <K extends string>({ epochOf }: Reported, key: K, at: number): { readonly [P in K]?: number } =>
  (at === 0 ? {} : { [key]: epochOf(at) }) as { readonly [P in K]?: number }

const connectionOf = (reported: Reported, connection: PooledConnection): ConnectionStatus => ({
  id: connection.id,
  stream: reported.streams[connection.stream]!.broker.name,
  state: connection.state.tag,
  ...("reason" in connection.state ? { reason: connection.state.reason } : {}),
  since: connection.since === 0 ? 0 : reported.epochOf(connection.since),
  ...known(reported, "last_byte", connection.clocks.byte),
  ...known(reported, "last_tick", connection.clocks.tick),
  ...known(reported, "last_pong", connection.clocks.pong),
  used: loadOf(connection),
  ...(connection.leftovers.size === 0 ? {} : { unwanted: connection.leftovers.size }),
  limit: reported.planner.pool(connection).capacity,
  restarts: connection.restarts
})

export const statusOf = (reported: Reported): FeedStatus => {
  const { broker, decisions, planner, quietBecause, reason, state, user } = reported
  const instruments = { wanted: 0, sent: 0, confirmed: 0, failed: 0, stale: 0 }
  let lastTick = 0
  for (const connection of planner.connections) {
    lastTick = Math.max(lastTick, connection.clocks.tick)
    if (connection.stream !== 0) continue
    for (const upstream of connection.subscriptions.values()) {
      // The second connection of an instrument that is being moved.
      if (upstream.instrument.upstream[0] !== upstream) continue
      instruments[upstream.state]++
      if (upstream.stale) instruments.stale++
    }
  }
  return {
    user,
    broker: broker.name,
    ...(broker.simulated === true ? { simulated: true as const } : {}),
    state,
    ...(reason === undefined ? {} : { reason }),
    connections: planner.connections.map((connection) => connectionOf(reported, connection)),
    instruments,
    ...known(reported, "last_tick", lastTick),
    expecting_ticks: quietBecause === undefined && state === "connected",
    ...(quietBecause === undefined ? {} : { quiet_because: quietBecause }),
    decisions
  }
}

/** @param resolved what the instruments table says of the name */
export const instrumentOf = (
  reported: Reported,
  exchange: string,
  symbol: string,
  resolved: Resolved | undefined
): InstrumentStatus => {
  const entry = reported.planner.subscriptions.find(exchange, symbol)
  const upstream = entry?.upstream[0]
  const hours = isExchange(exchange) ? reported.hours.at(exchange, reported.epochOf(reported.now)) : undefined
  const token = entry?.token ?? (resolved?.tag === "resolved" ? resolved.instrument.token : undefined)
  const readers = new Set(entry?.views.flatMap((v) => [...v.readers])).size
  const found = token !== undefined
  return {
    symbol,
    exchange,
    resolved: found,
    ...(token === undefined ? {} : { token }),
    ...(entry?.want === undefined ? {} : { wanted: entry.want }),
    ...(upstream === undefined
      ? {}
      : {
          connection: { id: upstream.connection.id, state: upstream.connection.state.tag },
          state: upstream.state,
          ...known(reported, "sent_at", upstream.sentAt),
          ...known(reported, "confirmed_at", upstream.confirmedAt),
          ...(upstream.confirmedBy === undefined ? {} : { confirmed_by: upstream.confirmedBy }),
          ...(upstream.failure === undefined ? {} : { failure: upstream.failure }),
          ...known(reported, "last_tick", upstream.lastTickAt)
        }),
    ticks: upstream?.ticks ?? 0,
    rejected: upstream?.rejected ?? 0,
    stale: upstream?.stale ?? false,
    readers,
    market_open: hours?.open ?? false,
    verdict: verdict(
      reported,
      nameOf({ exchange, symbol }),
      found,
      upstream,
      hours?.open === false ? hours.why : undefined
    )
  }
}

const seconds = (ms: number): string => (ms < 1000 ? "less than a second" : `${Math.round(ms / 1000)} s`)

const JUST_NOW_MS = 10_000

/** Walks the way of a tick from its far end, and stops at the first place where it is held up. */
const verdict = (
  { broker, planner, now, reason, state }: Reported,
  name: string,
  found: boolean,
  upstream: UpstreamSubscription | undefined,
  closed: string | undefined
): string => {
  if (!found) {
    return noSuchInstrument(broker.title, broker.name, name)
  }
  if (upstream === undefined) {
    const left = planner.connections.find((connection) => connection.leftovers.find(name) !== undefined)
    return left === undefined
      ? "Nobody reads it: subscribe it first"
      : `Nobody reads it, and the broker goes on sending it on connection ${left.id}: it is given up once more, and then the connection is replaced`
  }
  const because = reason === undefined ? "" : `: ${reason}`
  if (state === "waiting_for_login" || state === "unavailable") return `The session is ${state}${because}`
  if (upstream.connection.state.tag !== "up")
    return `Its connection ${upstream.connection.id} is ${upstream.connection.state.tag}${because}`
  if (upstream.state === "failed") {
    return `The broker refused the subscription: ${upstream.failure ?? "no reason given"}. It is asked for again later`
  }
  if (upstream.state === "wanted") return "It waits for its turn: requests leave at the broker's pace"
  if (upstream.state === "sent") {
    const waited = `Asked for ${seconds(now - upstream.sentAt)} ago; neither an acknowledgement nor a tick came`
    return closed === undefined ? waited : `${waited}. The exchange is closed (${closed})`
  }
  const since =
    upstream.lastTickAt === 0 ? "no tick yet" : `the last tick came ${seconds(now - upstream.lastTickAt)} ago`
  // Whatever the calendar says.
  if (upstream.lastTickAt > 0 && now - upstream.lastTickAt < JUST_NOW_MS) return `It ticks: ${since}`
  if (closed !== undefined) return `The exchange is closed (${closed}); ${since}`
  if (upstream.stale)
    return `It should tick and does not: ${since}; its subscription was sent again ${upstream.resends} times`
  return upstream.lastTickAt === 0 ? "Acknowledged; no tick yet: it may not trade now" : `It ticks: ${since}`
}
