/**
 * A broker is data: this is its shape. What no source confirms is marked UNCONFIRMED next to the value, and can be
 * changed by configuration (see `docs/configuration.md`).
 */
import type { CredentialField, Credentials } from "../market/credentials.ts"
import type { Exchange } from "../market/exchange.ts"
import type { Instrument } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"
import type { CodecOptions, SegmentCode } from "../protocols/protocol.ts"

/** A limit, and whether the broker (or an official SDK) documents it. Other limits come from practice or hearsay. */
export interface Limit {
  readonly value: number
  readonly confirmed: boolean
}

export interface ExchangeCapability {
  /** The broker's code for the segment on its wire. */
  readonly code: SegmentCode
  /** Depth levels that this broker serves here, ascending. Empty if there is no depth (indices). */
  readonly depthLevels: ReadonlyArray<number>
  /** How many instruments one connection may have at more levels than the shallowest. Absent: no limit of its own. */
  readonly deepBooks?: Limit
}

export interface CredentialNeed {
  readonly field: CredentialField
  /** What this broker's users call it, and where they find it. */
  readonly label: string
  readonly where: string
  /** May be left out. The label or the place says when it is needed. */
  readonly optional?: boolean
}

/** A row that could not become an instrument: kept for the report, never guessed. */
export interface MasterReject {
  readonly row: number
  readonly reason: string
  /** Different instruments under one name: the name, and some of their tokens. */
  readonly conflict?: Conflict
}

export interface Conflict {
  readonly name: string
  readonly tokens: ReadonlyArray<string>
}

export interface ParsedMaster {
  readonly instruments: ReadonlyArray<Instrument>
  readonly rejects: ReadonlyArray<MasterReject>
  /** Rows of kinds that AlgoWays does not carry (bonds, dead segments), by kind. */
  readonly skipped: Readonly<Record<string, number>>
  /**
   * What each file yielded, files without rows included. An import reports by it which file an exchange lacks. Only
   * files that yield instruments: a file that merely explains others would look empty. Absent: not reported.
   */
  readonly files?: ReadonlyArray<MasterFileContent>
}

/** For one file of a master. Files of the same name, such as the pages of one source, may be reported apart or together. */
export interface MasterFileContent {
  readonly name: string
  /** Its rows, whatever became of them. */
  readonly rows: number
  /** Instruments that came from it, by common exchange. */
  readonly exchanges: Readonly<Record<string, number>>
}

/** Thrown by a master parser when the whole file is not what it should be. The message names the remedy. */
export class MalformedMaster extends Error {
  override readonly name = "MalformedMaster"
}

/** One file of a master: what was downloaded, or a member of a zip archive. */
export interface MasterFile {
  /** Base name, as downloaded or as in the archive. */
  readonly name: string
  readonly text: string
}

/** @throws MalformedMaster, and only that */
export type MasterParser = (files: ReadonlyArray<MasterFile>) => ParsedMaster

export interface MasterSource {
  /** The name that the parser knows the file by. */
  readonly name: string
  /** @param day of the market, `YYYY-MM-DD` in IST */
  readonly url: string | ((day: string) => string)
  /** Absent: GET, or POST when there is a body. */
  readonly method?: "GET" | "POST"
  /** Headers of the request. A source that takes credentials can be fetched only for a user who has stored some. */
  readonly headers?: (credentials: Credentials) => Readonly<Record<string, string>>
  readonly body?: string | ((credentials: Credentials) => string)
  /** The address of the next page, from the text of this one. Pages become files of the same name. */
  readonly next?: (text: string) => string | undefined
  /** A source that not every account or day has: a failure is reported and the file left out. */
  readonly optional?: boolean
}

export interface InstrumentMaster {
  /** The format's name; brokers whose files look alike share it, and the simulator writes it. */
  readonly format: string
  /** Downloaded in this order. Gzip and zip are unpacked. */
  readonly sources: ReadonlyArray<MasterSource>
  /** Fewer rows than this is a broken download, not a market. */
  readonly minimumRows: number
  /** Loads the parser on first use. */
  readonly load: () => Promise<MasterParser>
}

/**
 * A further socket of the broker that serves nothing but deep depth levels. Opened when a reader asks for such a
 * level. Prices keep coming from the main stream, which subscribes the instrument as well.
 */
export interface DeepFeed {
  /** Unique among the streams of all brokers: `dhan_depth20`. */
  readonly name: string
  readonly protocol: string
  readonly endpoint: string
  /** The number of depth levels. One of the broker's `depthLevels` on these exchanges. */
  readonly levels: number
  readonly exchanges: ReadonlyArray<Exchange>
  readonly limits: Broker["limits"]
  readonly pacing: Broker["pacing"]
  readonly heartbeat: Broker["heartbeat"]
  readonly variant?: Readonly<Record<string, unknown>>
}

/**
 * Another wire format of the broker for the same prices: an older feed that it still serves to some accounts. Chosen
 * by the setting `protocol`. What is not named here is as in the broker's own data.
 */
export interface OtherProtocol
  extends
    Pick<Broker, "protocol" | "endpoint" | "variant">,
    Partial<Pick<Broker, "credentials" | "exchanges" | "limits" | "pacing" | "heartbeat">> {
  /** When to choose it, as part of a sentence. */
  readonly when: string
}

export interface Broker {
  /** Lower case, unique: the setting's value. */
  readonly name: string
  readonly title: string
  /** The wire protocol's name in `protocols/index.ts`, or one registered with `registerProtocol`. */
  readonly protocol: string
  /** `ws:`, `wss:`, or for a plain byte stream `tcp:`, `tls:` with host and port. */
  readonly endpoint: string
  /** Further addresses by name, without a trailing slash: the REST API of logins that need one. */
  readonly services?: Readonly<Record<string, string>>
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
    /** How often the client sends a heartbeat, if the broker expects one. */
    readonly sendEveryMs?: number
    /** How often the client pings at the WebSocket's own level. Pings and pongs count as life. */
    readonly pingEveryMs?: number
    /** Without an answer to our ping for this long, the connection is dead. Checked only if the client pings. */
    readonly pongWithinMs?: number
    /** Without any wire frame for this long, the connection is dead. */
    readonly silentAfterMs: number
    /** The watchdog's limits for ticks, if they differ from those in `session/health/watchdog.ts`. */
    readonly ticklessAfterMs?: number
    readonly firstTickAfterMs?: number
    readonly partialAfterMs?: number
  }
  /** If the broker asks for patience: the least pause before a lost connection is retried. */
  readonly reconnectAfterMs?: number
  /** How long one connection may live before it is replaced. Absent: for ever. */
  readonly lifetimeMs?: number
  readonly otherProtocols?: ReadonlyArray<OtherProtocol>
  /** Separate streams for deep levels. Their levels are among `depthLevels`. */
  readonly deepFeeds?: ReadonlyArray<DeepFeed>
  /** Serves a simulated market, never exchange prices: every place that shows the broker says so. */
  readonly simulated?: boolean
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

/** The broker on each wire that it can be switched to, the usual one first. */
export const wiresOf = (broker: Broker): ReadonlyArray<Broker> => {
  const { variant: _, ...shared } = broker
  return [
    broker,
    ...(broker.otherProtocols ?? []).map(({ when: __, ...other }): Broker => ({ ...shared, ...other }))
  ]
}

/** @throws Error that names the wires which the broker has, and the remedy */
export const speaking = (broker: Broker, protocol: string): Broker => {
  const wires = wiresOf(broker)
  const found = wires.find((wire) => wire.protocol === protocol)
  if (found !== undefined) return found
  throw new Error(
    `${broker.title} does not speak "${protocol}" but ${wires.map((wire) => wire.protocol).join(", ")}. ` +
      `Correct "protocol" of ${broker.name} in brokers.json.`
  )
}

/**
 * The broker's streams, each as a broker of its own: first the main stream, without the levels that only a deep-book
 * stream serves, then the deep-book streams. What connects, decodes or simulates takes one of these.
 */
export const streamsOf = (broker: Broker): ReadonlyArray<Broker> => {
  const deep = broker.deepFeeds ?? []
  if (deep.length === 0) return [broker]
  const { deepFeeds: _, variant: __, lifetimeMs: ___, ...shared } = broker
  const entries = Object.entries(broker.exchanges) as ReadonlyArray<[Exchange, ExchangeCapability]>
  const mainLevels = (exchange: Exchange, levels: ReadonlyArray<number>) =>
    levels.filter((n) => !deep.some((feed) => feed.levels === n && feed.exchanges.includes(exchange)))
  const main: Broker = {
    ...broker,
    deepFeeds: [],
    exchanges: Object.fromEntries(
      entries.map(([name, e]) => [name, { ...e, depthLevels: mainLevels(name, e.depthLevels) }])
    )
  }
  return [
    main,
    ...deep.map((feed): Broker => {
      const { endpoint, heartbeat, levels, limits, name, pacing, protocol, variant } = feed
      return {
        ...shared,
        name,
        protocol,
        endpoint,
        limits,
        pacing,
        heartbeat,
        modes: ["depth"],
        exchanges: Object.fromEntries(
          entries
            .filter(([exchange]) => feed.exchanges.includes(exchange))
            .map(([exchange, { code }]) => [exchange, { code, depthLevels: [levels] }])
        ),
        ...(variant === undefined ? {} : { variant })
      }
    })
  ]
}

/** A parser for masters of one file. */
export const oneFile =
  (parse: (text: string) => ParsedMaster): MasterParser =>
  (files) => {
    const [file, ...more] = files
    if (file === undefined || more.length > 0) {
      throw new MalformedMaster(
        `One file is expected, and there are ${files.length}. Give the broker's instrument master alone.`
      )
    }
    return parse(file.text)
  }
