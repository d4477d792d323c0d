/**
 * Upstox (Market Data Feed V3). Source: Upstox' developer documentation and the official JavaScript SDK
 * (upstox-js-sdk 2.31.0), unless a line says otherwise.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"
import { oneFile } from "../broker.ts"

/**
 * Five levels, and thirty for accounts of Upstox Plus; a standard account that asks for thirty is served five.
 * UNCONFIRMED: how many instruments may have thirty; fifty is OpenAlgo's number.
 *
 * @param code the first part of instrument keys
 */
const tradable = (code: string): ExchangeCapability => ({
  code,
  depthLevels: [5, 30],
  deepBooks: { value: 50, confirmed: false }
})

const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

export const broker: Broker = {
  name: "upstox",
  title: "Upstox",
  protocol: "upstox",
  // The authorize call gives the address for each connection.
  endpoint: "wss://api.upstox.com/v3/feed/market-data-feed",
  services: { api: "https://api.upstox.com" },
  credentials: [
    {
      field: "authToken",
      label: "access token",
      where:
        "the access_token that POST https://api.upstox.com/v2/login/authorization/token returns after the login in the browser; it ends at night, about 03:30"
    }
  ],
  exchanges: {
    NSE: tradable("NSE_EQ"),
    BSE: tradable("BSE_EQ"),
    NFO: tradable("NSE_FO"),
    BFO: tradable("BSE_FO"),
    CDS: tradable("NCD_FO"),
    BCD: tradable("BCD_FO"),
    MCX: tradable("MCX_FO"),
    NCO: tradable("NSE_COM"),
    NSE_INDEX: index("NSE_INDEX"),
    BSE_INDEX: index("BSE_INDEX"),
    // The keys of GLOBAL_INDICATOR come from the master as they are.
    GLOBAL_INDEX: index("GLOBAL_INDEX")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED, OpenAlgo's numbers. The least of those that hold when modes are mixed; a login that asks for prices
    // alone may have 5000, one that asks for books alone 2000.
    subscriptionsPerConnection: { value: 1500, confirmed: false },
    // UNCONFIRMED: two for standard accounts, five for Plus.
    connectionsPerLogin: { value: 2, confirmed: false }
  },
  // UNCONFIRMED: the SDK sends whole lists in one frame, and no source names a size or a pace.
  pacing: { batch: 500, intervalMs: 250 },
  // The server pings when it has no data, at an interval that no source names; our own pings are answered.
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 75_000 },
  instrumentMaster: {
    format: "upstox",
    sources: [
      {
        name: "complete.json",
        url: "https://assets.upstox.com/market-quote/instruments/exchange/complete.json.gz"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/upstox.ts")).parse)
  }
}
