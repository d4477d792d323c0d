/**
 * Dhan (DhanHQ v2). Source: DhanHQ's documentation ("Live Market Feed", "Full Market Depth", "Annexure", "Instrument
 * List") and the official Python SDK, unless a line says otherwise. All feeds need a subscription to Dhan's data API.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"
import { oneFile } from "../broker.ts"

const tradable = (code: number): ExchangeCapability => ({ code, depthLevels: [5] })

/** The two segments that have deep books. */
const deep = (code: number): ExchangeCapability => ({ code, depthLevels: [5, 20, 200] })

/** One segment holds the indices of both exchanges; they have no book. */
const index: ExchangeCapability = { code: 0, depthLevels: [] }

/**
 * The server pings every 10 seconds and ends a connection that did not answer for 40. Pings of our own keep a quiet
 * connection apart from a dead one whatever the server does.
 */
const heartbeat: Broker["heartbeat"] = { pingEveryMs: 10_000, silentAfterMs: 30_000 }

export const broker: Broker = {
  name: "dhan",
  title: "Dhan",
  protocol: "dhan",
  endpoint: "wss://api-feed.dhan.co",
  credentials: [
    {
      field: "clientCode",
      label: "client id",
      where: "web.dhan.co, in your profile: a number"
    },
    {
      field: "authToken",
      label: "access token",
      where:
        "web.dhan.co, My Profile, Access DhanHQ APIs, or what your app's consent flow returns; it ends after 24 hours"
    }
  ],
  exchanges: {
    NSE: deep(1),
    NFO: deep(2),
    CDS: tradable(3),
    BSE: tradable(4),
    MCX: tradable(5),
    // UNCONFIRMED; `commoditySegment` of the protocol's variant.
    NCO: tradable(6),
    BCD: tradable(7),
    BFO: tradable(8),
    NSE_INDEX: index,
    BSE_INDEX: index
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    subscriptionsPerConnection: { value: 5000, confirmed: true },
    connectionsPerLogin: { value: 5, confirmed: true }
  },
  // The size is documented; the pace is UNCONFIRMED.
  pacing: { batch: 100, intervalMs: 200 },
  heartbeat,
  // Whether the five connections of a user count over all kinds of sockets is UNCONFIRMED. One more than five ends the
  // first of them, so the deep ones leave room for the live feed.
  deepFeeds: [
    {
      name: "dhan_depth20",
      protocol: "dhan-depth20",
      endpoint: "wss://depth-api-feed.dhan.co/twentydepth",
      levels: 20,
      exchanges: ["NSE", "NFO"],
      limits: {
        subscriptionsPerConnection: { value: 50, confirmed: true },
        connectionsPerLogin: { value: 1, confirmed: false }
      },
      pacing: { batch: 50, intervalMs: 200 },
      heartbeat
    },
    {
      name: "dhan_depth200",
      protocol: "dhan-depth200",
      // The documentation's path; the SDK uses "/".
      endpoint: "wss://full-depth-api.dhan.co/twohundreddepth",
      levels: 200,
      exchanges: ["NSE", "NFO"],
      limits: {
        subscriptionsPerConnection: { value: 1, confirmed: true },
        connectionsPerLogin: { value: 3, confirmed: false }
      },
      pacing: { batch: 1, intervalMs: 200 },
      heartbeat
    }
  ],
  instrumentMaster: {
    format: "dhan",
    sources: [
      {
        name: "api-scrip-master.csv",
        url: "https://images.dhan.co/api-data/api-scrip-master.csv"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/dhan.ts")).parse)
  }
}
