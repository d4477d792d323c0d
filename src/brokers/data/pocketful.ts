/** Pocketful. Source: the official Python SDK, unless a line says otherwise. */
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

const tradable = (code: number): ExchangeCapability => ({ code, depthLevels: [5] })
/** Indices share the code of their exchange, and have tokens of their own. */
const index = (code: number): ExchangeCapability => ({ code, depthLevels: [] })

const contracts = (name: string, exchanges: string, optional = false): MasterSource => ({
  name,
  url: `https://trade.pocketful.in/api/v1/contract/Compact?info=download&exchanges=${exchanges}`,
  ...(optional ? { optional } : {})
})

export const broker: Broker = {
  name: "pocketful",
  title: "Pocketful",
  protocol: "pocketful",
  endpoint: "wss://trade.pocketful.in/ws/v1/feeds",
  credentials: [
    {
      field: "clientCode",
      label: "client id",
      where: "your client id at Pocketful, as its user details show it"
    },
    {
      field: "authToken",
      label: "access token",
      where: "access_token of the OAuth2 login's answer"
    }
  ],
  exchanges: {
    NSE: tradable(1),
    NFO: tradable(2),
    CDS: tradable(3),
    MCX: tradable(4),
    BSE: tradable(6),
    BFO: tradable(7),
    NSE_INDEX: index(1),
    BSE_INDEX: index(6)
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: neither is documented.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 500 },
  // The SDK speaks every 8 seconds, and nobody answers: pings tell life from death in a quiet market.
  heartbeat: { sendEveryMs: 8000, pingEveryMs: 15_000, silentAfterMs: 45_000 },
  instrumentMaster: {
    format: "pocketful",
    sources: [
      contracts("Compact.zip", "NSE,NFO,BSE,BFO,MCX"),
      // UNCONFIRMED that it exists: currency is not in the download above.
      contracts("CDSCompact.zip", "CDS", true)
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/pocketful.ts")).parse
  }
}
