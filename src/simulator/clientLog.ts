/**
 * What clients did at a simulator, for checks of how they behave: connections and logins with their times, what was
 * subscribed how often, how fast they asked. Counted as it happens, from what their requests are about; the whole
 * market is never gone through.
 */
import type { Client } from "./client.ts"
import { nameOf } from "../market/instrument.ts"
import type { WireInstrument } from "../market/instrument.ts"

export interface ConnectionRecord {
  readonly connection: number
  readonly protocol: string
  /** Epoch ms. */
  readonly opened: number
  readonly loggedIn?: number
  readonly closed?: number
  readonly how?: string
}

export interface LoginAttempt {
  /** Epoch ms. */
  readonly at: number
  /** `unanswered`: the connection was taken, and nothing said. */
  readonly outcome: "accepted" | "refused" | "unanswered"
  /** Of an upgrade that was declined. */
  readonly status?: number
  readonly connection?: number
}

export interface InstrumentRecord {
  /** `NSE:RELIANCE` */
  readonly name: string
  /** Times that a connection which had it not subscribed it, and gave it back. */
  readonly subscribed: number
  readonly unsubscribed: number
  /** The most connections that held it at the same time. */
  readonly most: number
}

export interface ClientLog {
  /** Oldest first; of a long life the newest 10 000. */
  readonly connections: ReadonlyArray<ConnectionRecord>
  readonly logins: ReadonlyArray<LoginAttempt>
  /** Those that were ever subscribed. */
  readonly instruments: ReadonlyArray<InstrumentRecord>
  readonly subscribed: number
  readonly unsubscribed: number
  /** Messages of clients, and requests to the REST front. */
  readonly requests: number
  /** The most requests within a second, heartbeats and logins included. */
  readonly peakRequestsPerSecond: number
  /** The most instruments that one connection ever held. */
  readonly mostOnConnection: number
  /** The most connections that were ever open. */
  readonly mostConnections: number
}

interface InstrumentCounts {
  subscribed: number
  unsubscribed: number
  most: number
}

const KEPT = 10_000
const SECOND = 1000

type Writable<A> = { -readonly [K in keyof A]: A[K] }

export type ClientLogWriter = ReturnType<typeof makeClientLog>

/**
 * @param now epoch ms, for what is kept
 * @param moment monotonic ms, for rates
 */
export const makeClientLog = (clients: ReadonlySet<Client>, now: () => number, moment: () => number) => {
  const connections: Array<Writable<ConnectionRecord>> = []
  const byId = new Map<number, Writable<ConnectionRecord>>()
  const logins: Array<LoginAttempt> = []
  const entries = new Map<WireInstrument, InstrumentCounts>()
  const held = new Map<Client, Set<WireInstrument>>()
  const totals = {
    subscribed: 0,
    unsubscribed: 0,
    requests: 0,
    peak: 0,
    mostOnConnection: 0,
    mostConnections: 0
  }
  let recent: Array<number> = []
  let first = 0

  const keep = <A>(list: Array<A>, item: A): void => {
    list.push(item)
    if (list.length > KEPT) list.splice(0, list.length - KEPT)
  }

  const entryOf = (instrument: WireInstrument): InstrumentCounts => {
    const known = entries.get(instrument)
    if (known !== undefined) return known
    const entry = { subscribed: 0, unsubscribed: 0, most: 0 }
    entries.set(instrument, entry)
    return entry
  }

  /** What a fault refuses is not held, even where the codec does not know of it. */
  const holds = ({ codec, line }: Client, instrument: WireInstrument): boolean =>
    codec.holds(instrument).length > 0 && !line.unserved.has(instrument)

  const heldBy = (instrument: WireInstrument): number => {
    let count = 0
    for (const client of clients) if (holds(client, instrument)) count++
    return count
  }

  /** Returns what the client has got since the last time. */
  const reconcile = (
    client: Client,
    instruments: Iterable<WireInstrument>
  ): ReadonlyArray<WireInstrument> => {
    const own = held.get(client)
    const gained: Array<WireInstrument> = []
    if (own === undefined) return gained
    for (const instrument of instruments) {
      const isHeld = holds(client, instrument)
      if (isHeld === own.has(instrument)) continue
      const entry = entryOf(instrument)
      if (isHeld) {
        own.add(instrument)
        gained.push(instrument)
        entry.subscribed++
        totals.subscribed++
        entry.most = Math.max(entry.most, heldBy(instrument))
      } else {
        own.delete(instrument)
        entry.unsubscribed++
        totals.unsubscribed++
      }
    }
    totals.mostOnConnection = Math.max(totals.mostOnConnection, own.size)
    return gained
  }

  const holdingsOf = (client: Client): ReadonlySet<WireInstrument> => held.get(client) ?? new Set()

  return {
    opened: (client: Client): void => {
      held.set(client, new Set())
      const record = { connection: client.id, protocol: client.protocol.name, opened: client.since }
      keep(connections, record)
      byId.set(client.id, record)
      totals.mostConnections = Math.max(totals.mostConnections, clients.size)
    },
    closed: (client: Client, how: string): void => {
      held.delete(client)
      const record = byId.get(client.id)
      byId.delete(client.id)
      if (record === undefined) return
      record.closed = now()
      record.how = how
    },
    loggedIn: (client: Client): void => {
      const record = byId.get(client.id)
      if (record !== undefined) record.loggedIn = now()
      keep(logins, { at: now(), outcome: "accepted", connection: client.id })
    },
    attempt: (attempt: Omit<LoginAttempt, "at">): void => keep(logins, { at: now(), ...attempt }),
    request: (): void => {
      const at = moment()
      totals.requests++
      recent.push(at)
      while (at - recent[first]! >= SECOND) first++
      totals.peak = Math.max(totals.peak, recent.length - first)
      if (first <= 4096) return
      recent = recent.slice(first)
      first = 0
    },
    /**
     * After a request.
     *
     * @param about the instruments that it named, as far as they are known
     * @returns those that the client has got by it
     */
    noted: (client: Client, about: ReadonlySet<WireInstrument>): ReadonlyArray<WireInstrument> =>
      // Some wires give back by numbers of their own.
      reconcile(client, about.size > 0 ? about : [...holdingsOf(client)]),
    /** Before the request at hand. */
    wasHeld: (client: Client | undefined, instrument: WireInstrument): boolean =>
      client === undefined
        ? heldBy(instrument) > 0
        : holdingsOf(client).has(instrument) && holds(client, instrument),
    /** How many instruments a client has. */
    countOf: (client: Client | undefined): number => {
      if (client !== undefined) return held.get(client)?.size ?? 0
      return new Set([...held.values()].flatMap((own) => [...own])).size
    },
    heldBy,
    report: (): ClientLog => {
      for (const client of clients) reconcile(client, [...holdingsOf(client)])
      return {
        connections: connections.map((c) => ({ ...c })),
        logins: [...logins],
        instruments: Array.from(entries, ([instrument, entry]) => ({ name: nameOf(instrument), ...entry })),
        subscribed: totals.subscribed,
        unsubscribed: totals.unsubscribed,
        requests: totals.requests,
        peakRequestsPerSecond: totals.peak,
        mostOnConnection: totals.mostOnConnection,
        mostConnections: totals.mostConnections
      }
    }
  }
}
