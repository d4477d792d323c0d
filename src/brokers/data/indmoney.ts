/** INDmoney (INDstocks). Source: INDstocks' API documentation, unless a line says otherwise. */
import { reveal } from "../../protocols/kit/text.ts"
import type { Broker, MasterSource } from "../broker.ts"

const MASTER = "https://api.indstocks.com/market/instruments"

const part = (source: "equity" | "fno" | "index"): MasterSource => ({
  name: `${source}.csv`,
  url: `${MASTER}?source=${source}`,
  headers: ({ authToken }) => ({ authorization: reveal(authToken) })
})

export const broker: Broker = {
  name: "indmoney",
  title: "INDmoney",
  protocol: "indmoney",
  endpoint: "wss://ws-prices.indstocks.com/api/v1/ws/prices",
  credentials: [
    {
      field: "authToken",
      label: "access token",
      where:
        "made in the INDstocks dashboard, or by POST https://api.indstocks.com/generate/token; it lives 24 hours"
    }
  ],
  exchanges: {
    // No book is streamed.
    NSE: { code: "NSE", depthLevels: [] },
    BSE: { code: "BSE", depthLevels: [] },
    NFO: { code: "NFO", depthLevels: [] },
    BFO: { code: "BFO", depthLevels: [] },
    NSE_INDEX: { code: "NIDX", depthLevels: [] },
    BSE_INDEX: { code: "BIDX", depthLevels: [] }
  },
  modes: ["ltp", "quote"],
  limits: {
    subscriptionsPerConnection: { value: 3000, confirmed: true },
    connectionsPerLogin: { value: 3, confirmed: true }
  },
  // UNCONFIRMED: in use elsewhere, not documented.
  pacing: { batch: 1000, intervalMs: 300 },
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 90_000 },
  instrumentMaster: {
    format: "indmoney",
    sources: [part("equity"), part("fno"), part("index")],
    minimumRows: 20_000,
    load: async () => (await import("../masters/indmoney.ts")).parse
  }
}
