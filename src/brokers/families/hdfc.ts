/**
 * What HDFC's two brokers share: the exchanges of their feed, its pace and its heartbeats. Sources: the developer
 * documentation of HDFC Sky and InvestRight, or OpenAlgo where a comment says so.
 */
import type { Broker, CredentialNeed, ExchangeCapability } from "../broker.ts"

/** @param code the prefix of scrip ids; the feed has five levels everywhere */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

/** @param host of the developer portal and of the feed */
export const hdfcShared = (host: string) =>
  ({
    protocol: "hdfc",
    endpoint: `wss://${host}/wsapi/v1/session`,
    credentials: [
      { field: "apiKey", label: "API key", where: `${host}, on the page of your app` },
      {
        field: "authToken",
        label: "access token",
        where: `the accessToken that POST https://${host}/oapi/v1/access-token returns after the login in the browser; it is good for one trading day`
      }
    ] satisfies ReadonlyArray<CredentialNeed>,
    exchanges: {
      NSE: tradable("NSE"),
      BSE: tradable("BSE"),
      NFO: tradable("NFO"),
      BFO: tradable("BFO"),
      CDS: tradable("NCD"),
      MCX: tradable("MCX"),
      NSE_INDEX: index("NSE_INDEX"),
      BSE_INDEX: index("BSE_INDEX")
    },
    modes: ["ltp", "quote", "depth"],
    // UNCONFIRMED: not documented. OpenAlgo sends this many, at this pace.
    pacing: { batch: 100, intervalMs: 300 },
    // The client speaks every ten seconds. How often the server does is UNCONFIRMED, so the pongs to the WebSocket's own
    // pings show that a quiet connection lives; OpenAlgo gives up after so long.
    heartbeat: { sendEveryMs: 10_000, pingEveryMs: 30_000, silentAfterMs: 90_000 }
  }) satisfies Partial<Broker>
