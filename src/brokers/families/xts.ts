/**
 * What the brokers that run Symphony Fintech's XTS have in common. Source: Symphony Fintech's market data API
 * documentation and official SDKs, unless a comment says otherwise.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

/** Names and numbers of the segments that brokers offer. */
const segments = {
  NSECM: { code: 1, exchanges: ["NSE", "NSE_INDEX"] },
  NSEFO: { code: 2, exchanges: ["NFO"] },
  NSECD: { code: 3, exchanges: ["CDS"] },
  BSECM: { code: 11, exchanges: ["BSE", "BSE_INDEX"] },
  BSEFO: { code: 12, exchanges: ["BFO"] },
  MCXFO: { code: 51, exchanges: ["MCX"] }
} as const satisfies Readonly<
  Record<string, { readonly code: number; readonly exchanges: ReadonlyArray<Exchange> }>
>

export type Segment = keyof typeof segments

/** Segments with lists of indices. */
const cashSegments: ReadonlyArray<Segment> = ["NSECM", "BSECM"]

export interface XtsFacts {
  readonly name: string
  readonly title: string
  /** `https://` with the host, and the port where it is another one. */
  readonly base: string
  /** The product that login, subscriptions and socket use. A token for one may be invalid for the other. */
  readonly prefix: "/apimarketdata" | "/apibinarymarketdata"
  /** The host of the instrument master, if it is another one. */
  readonly masterPrefix?: string
  readonly segments: ReadonlyArray<Segment>
  /** The name of the page on which users get their keys. */
  readonly keysAt: string
  readonly variant?: Readonly<Record<string, unknown>>
}

/** Five levels everywhere. Indices have no depth. */
const exchangesOf = (offered: ReadonlyArray<Segment>): Broker["exchanges"] =>
  Object.fromEntries(
    offered.flatMap((name) =>
      segments[name].exchanges.map((exchange): readonly [Exchange, ExchangeCapability] => [
        exchange,
        { code: segments[name].code, depthLevels: exchange.endsWith("_INDEX") ? [] : [5] }
      ])
    )
  )

/** Rows per segment, then the lists of indices, which not every server shows without a login. */
const sourcesOf = (rest: string, offered: ReadonlyArray<Segment>): ReadonlyArray<MasterSource> => [
  ...offered.map((segment) => ({
    name: `${segment}.json`,
    url: `${rest}/instruments/master`,
    method: "POST" as const,
    body: JSON.stringify({ exchangeSegmentList: [segment] })
  })),
  ...offered
    .filter((segment) => cashSegments.includes(segment))
    .map((segment) => ({
      name: `indexlist-${segments[segment].code}.json`,
      url: `${rest}/instruments/indexlist?exchangeSegment=${segments[segment].code}`,
      optional: true
    }))
]

export const xtsBroker = (facts: XtsFacts): Broker => {
  const { base, keysAt, name, prefix, title } = facts
  const product = prefix === "/apimarketdata" ? "json" : "binary"
  return {
    name,
    title,
    protocol: "xts",
    endpoint: `${base.replace(/^http/, "ws")}${prefix}/socket.io`,
    services: { rest: `${base}${prefix}` },
    // Either the keys, with which AlgoWays logs in itself, or what a login elsewhere returned.
    credentials: [
      {
        field: "apiKey",
        label: "market data API key, appKey",
        where: `${keysAt}, the key of the market data API, not of the interactive one; or a token instead`,
        optional: true
      },
      {
        field: "apiSecret",
        label: "market data API secret, secretKey",
        where: "beside the key",
        optional: true
      },
      {
        field: "feedToken",
        label: "issued market data token",
        where:
          "in place of key and secret: result.token of a market data login's answer; it ends after a day",
        optional: true
      },
      {
        field: "clientCode",
        label: "user id of the issued token",
        where: "with the token: result.userID of the same answer, not the id that you trade with",
        optional: true
      }
    ],
    exchanges: exchangesOf(facts.segments),
    modes: ["ltp", "quote", "depth"],
    limits: {
      // UNCONFIRMED: a demo server gave a user 50, each broker sets its own; answers tell what remains.
      subscriptionsPerConnection: { value: 1000, confirmed: false },
      // One session per pair of keys, and a session has one socket.
      connectionsPerLogin: { value: 1, confirmed: true }
    },
    // The pace is third-party practice (UNCONFIRMED).
    pacing: { batch: 50, intervalMs: 500 },
    // The server names its interval as the connection opens, 25 seconds as a rule; it answers each ping.
    heartbeat: { sendEveryMs: 20_000, silentAfterMs: 50_000 },
    // A token lives a day: log in anew before.
    lifetimeMs: 23 * 3_600_000,
    instrumentMaster: {
      format: "xts",
      sources: sourcesOf(`${base}${facts.masterPrefix ?? prefix}`, facts.segments),
      minimumRows: 20_000,
      load: async () => (await import("../masters/xts.ts")).parse
    },
    variant: { product, ...facts.variant }
  }
}
