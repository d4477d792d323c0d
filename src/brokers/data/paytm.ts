/**
 * Paytm Money (live broadcast). Source: Paytm Money's API documentation and the official SDKs, unless a line says
 * otherwise.
 */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"

export const broker: Broker = {
  name: "paytm",
  title: "Paytm Money",
  protocol: "paytm",
  endpoint: "wss://developer-ws.paytmmoney.com/broadcast/user/v1/data",
  credentials: [
    {
      field: "feedToken",
      label: "public access token",
      where:
        "public_access_token of the login's answer (accounts/v2/gettoken); not the access token for orders"
    }
  ],
  exchanges: {
    NSE: { code: "NSE:CASH", depthLevels: [5] },
    BSE: { code: "BSE:CASH", depthLevels: [5] },
    NFO: { code: "NSE:FNO", depthLevels: [5] },
    BFO: { code: "BSE:FNO", depthLevels: [5] },
    NSE_INDEX: { code: "NSE:INDEX", depthLevels: [] },
    BSE_INDEX: { code: "BSE:INDEX", depthLevels: [] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: what a third-party client keeps to.
    subscriptionsPerConnection: { value: 200, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 500 },
  // There is no heartbeat of the application's own, and no data in a quiet market: pings tell life from death.
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 75_000 },
  // As the official SDKs begin, who double it from try to try.
  reconnectAfterMs: 2000,
  instrumentMaster: {
    format: "paytm",
    sources: [
      {
        name: "security_master.csv",
        url: "https://developer.paytmmoney.com/data/v1/scrips/security_master.csv"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/paytm.ts")).parse)
  }
}
