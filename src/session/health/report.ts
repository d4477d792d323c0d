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
import type { Desk, Feed } from "../subscriptions/planner.ts"
import type { Line } from "../subscriptions/upstreamSubscription.ts"
import type { Slot } from "../subscriptions/pool.ts"
import { loadOf } from "../subscriptions/pool.ts"
import type { Resolved } from "../subscriptions/resolver.ts"

export interface Reported {
  readonly user: string
  readonly broker: Broker
  readonly feeds: ReadonlyArray<Feed>
  readonly desk: Desk
  readonly state: SessionState
  readonly reason: string | undefined
  /** Undefined while ticks are due. */
  readonly quietBecause: string | undefined
  readonly decisions: ReadonlyArray<DecisionMade>
  readonly hours: MarketHours
  /** Monotonic, as all moments of the desk. */
  readonly now: number
  /** The time of day of such a moment. */
  readonly epochOf: (at: number) => number
}

const known = <K extends string>({ epochOf }: Reported, key: K, at: number): { readonly [P in K]?: number } =>
  (at === 0 ? {} : { [key]: epochOf(at) }) as { readonly [P in K]?: number }

const connection = (reported: Reported, slot: Slot): ConnectionStatus => ({
  id: slot.id,
  stream: reported.feeds[slot.feed]!.broker.name,
  state: slot.state.tag,
  ...("reason" in slot.state ? { reason: slot.state.reason } : {}),
  since: slot.since === 0 ? 0 : reported.epochOf(slot.since),
  ...known(reported, "last_byte", slot.clocks.byte),
  ...known(reported, "last_tick", slot.clocks.tick),
  ...known(reported, "last_pong", slot.clocks.pong),
  used: loadOf(slot),
  ...(slot.leftovers.size === 0 ? {} : { unwanted: slot.leftovers.size }),
  limit: reported.desk.pool(slot).capacity,
  restarts: slot.restarts
})

export const statusOf = (reported: Reported): FeedStatus => {
  const { broker, decisions, desk, quietBecause, reason, state, user } = reported
  const instruments = { wanted: 0, sent: 0, confirmed: 0, failed: 0, stale: 0 }
  let lastTick = 0
  for (const slot of desk.slots) {
    lastTick = Math.max(lastTick, slot.clocks.tick)
    if (slot.feed !== 0) continue
    for (const line of slot.lines.values()) {
      // The second place of an instrument that is being moved.
      if (line.entry.lines[0] !== line) continue
      instruments[line.state]++
      if (line.stale) instruments.stale++
    }
  }
  return {
    user,
    broker: broker.name,
    ...(broker.simulated === true ? { simulated: true as const } : {}),
    state,
    ...(reason === undefined ? {} : { reason }),
    connections: desk.slots.map((slot) => connection(reported, slot)),
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
  const entry = reported.desk.book.find(exchange, symbol)
  const line = entry?.lines[0]
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
    ...(line === undefined
      ? {}
      : {
          connection: { id: line.slot.id, state: line.slot.state.tag },
          state: line.state,
          ...known(reported, "sent_at", line.sentAt),
          ...known(reported, "confirmed_at", line.confirmedAt),
          ...(line.confirmedBy === undefined ? {} : { confirmed_by: line.confirmedBy }),
          ...(line.failure === undefined ? {} : { failure: line.failure }),
          ...known(reported, "last_tick", line.lastTickAt)
        }),
    ticks: line?.ticks ?? 0,
    rejected: line?.rejected ?? 0,
    stale: line?.stale ?? false,
    readers,
    market_open: hours?.open ?? false,
    verdict: verdict(
      reported,
      nameOf({ exchange, symbol }),
      found,
      line,
      hours?.open === false ? hours.why : undefined
    )
  }
}

const seconds = (ms: number): string => (ms < 1000 ? "less than a second" : `${Math.round(ms / 1000)} s`)

const JUST_NOW_MS = 10_000

/** Walks the way of a tick from its far end, and stops at the first place where it is held up. */
const verdict = (
  { broker, desk, now, reason, state }: Reported,
  name: string,
  found: boolean,
  line: Line | undefined,
  closed: string | undefined
): string => {
  if (!found) {
    return noSuchInstrument(broker.title, broker.name, name)
  }
  if (line === undefined) {
    const left = desk.slots.find((slot) => slot.leftovers.find(name) !== undefined)
    return left === undefined
      ? "Nobody reads it: subscribe it first"
      : `Nobody reads it, and the broker goes on sending it on connection ${left.id}: it is given up once more, and then the connection is replaced`
  }
  const because = reason === undefined ? "" : `: ${reason}`
  if (state === "waiting_for_login" || state === "unavailable") return `The session is ${state}${because}`
  if (line.slot.state.tag !== "up")
    return `Its connection ${line.slot.id} is ${line.slot.state.tag}${because}`
  if (line.state === "failed") {
    return `The broker refused the subscription: ${line.failure ?? "no reason given"}. It is asked for again later`
  }
  if (line.state === "wanted") return "It waits for its turn: requests leave at the broker's pace"
  if (line.state === "sent") {
    const waited = `Asked for ${seconds(now - line.sentAt)} ago; neither an acknowledgement nor a tick came`
    return closed === undefined ? waited : `${waited}. The exchange is closed (${closed})`
  }
  const since =
    line.lastTickAt === 0 ? "no tick yet" : `the last tick came ${seconds(now - line.lastTickAt)} ago`
  // Whatever the calendar says.
  if (line.lastTickAt > 0 && now - line.lastTickAt < JUST_NOW_MS) return `It ticks: ${since}`
  if (closed !== undefined) return `The exchange is closed (${closed}); ${since}`
  if (line.stale)
    return `It should tick and does not: ${since}; its subscription was sent again ${line.resends} times`
  return line.lastTickAt === 0 ? "Acknowledged; no tick yet: it may not trade now" : `It ticks: ${since}`
}
