/**
 * A broker is data: this is its shape. What no source confirms is marked so here, next to the value, and can
 * be changed by configuration (see `docs/configuration.md`).
 */
import type { CredentialField } from "../market/credentials.ts"
import type { Exchange } from "../market/exchange.ts"
import type { Instrument } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"
import type { CodecOptions } from "../protocols/protocol.ts"

/** A limit and whether the broker (or an official SDK) says so; the rest is practice or hearsay. */
export interface Limit {
  readonly value: number
  readonly confirmed: boolean
}

export interface ExchangeCapability {
  /** The broker's code for the segment on its wire. */
  readonly code: number
  /** Book levels that this broker serves here, ascending; empty where there is no book (indices). */
  readonly depthLevels: ReadonlyArray<number>
  /**
   * How many instruments one connection may hold in a book deeper than the shallowest level. Absent: no limit
   * of its own.
   */
  readonly deepBooks?: Limit
}

export interface CredentialNeed {
  readonly field: CredentialField
  /** What this broker's users call it, and where they find it. */
  readonly label: string
  readonly where: string
}

/** A row that could not become an instrument: kept for the report, never guessed. */
export interface MasterReject {
  readonly row: number
  readonly reason: string
}

export interface ParsedMaster {
  readonly instruments: ReadonlyArray<Instrument>
  readonly rejects: ReadonlyArray<MasterReject>
  /** Rows of kinds that AlgoWays does not carry (bonds, dead segments), by kind. */
  readonly skipped: Readonly<Record<string, number>>
}

/** Thrown by a master parser when the whole file is not what it should be. The message names the remedy. */
export class MalformedMaster extends Error {
  override readonly name = "MalformedMaster"
}

export interface InstrumentMaster {
  readonly url: string
  /** Fewer rows than this is a broken download, not a market. */
  readonly minimumRows: number
  /** Loads the parser on first use. The parser throws MalformedMaster, and only that. */
  readonly load: () => Promise<(text: string) => ParsedMaster>
}

export interface Broker {
  /** Lower case, unique: the setting's value. */
  readonly name: string
  readonly title: string
  /** The wire protocol's name in `protocols/index.ts`, or one registered with `registerProtocol`. */
  readonly protocol: string
  readonly endpoint: string
  readonly credentials: ReadonlyArray<CredentialNeed>
  readonly exchanges: Readonly<Partial<Record<Exchange, ExchangeCapability>>>
  readonly modes: ReadonlyArray<Mode>
  readonly limits: {
    readonly subscriptionsPerConnection: Limit
    readonly connectionsPerLogin: Limit
  }
  readonly pacing: {
    /** Subscriptions in one request frame. */
    readonly batch: number
    /** The least time between two request frames. */
    readonly intervalMs: number
  }
  readonly heartbeat: {
    /** How often the client speaks, where the broker expects it. */
    readonly sendEveryMs?: number
    /** No frame at all for this long: the connection is dead. */
    readonly silentAfterMs: number
  }
  readonly instrumentMaster: InstrumentMaster
  /** Choices that the protocol leaves to the broker. */
  readonly variant?: Readonly<Record<string, unknown>>
}

/** What the broker's codec needs of its data. */
export const codecOptions = (broker: Broker): CodecOptions => ({
  codes: Object.fromEntries(Object.entries(broker.exchanges).map(([name, e]) => [name, e.code])),
  batch: broker.pacing.batch,
  ...(broker.variant === undefined ? {} : { variant: broker.variant })
})
