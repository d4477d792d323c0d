/**
 * Zerodha (Kite Connect). Source: Kite Connect v3 documentation and the official SDKs, unless a line says
 * otherwise.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"
import { oneFile } from "../broker.ts"

const tradable = (code: number): ExchangeCapability => ({ code, depthLevels: [5] })

/** One segment holds the indices of all exchanges; they have no book. */
const index: ExchangeCapability = { code: 9, depthLevels: [] }

export const broker: Broker = {
  name: "zerodha",
  title: "Zerodha",
  protocol: "kite",
  endpoint: "wss://ws.kite.trade",
  credentials: [
    {
      field: "apiKey",
      label: "API key",
      where: "developers.kite.trade, on the page of your app"
    },
    {
      field: "authToken",
      label: "access token",
      where: "the access_token that the day's login returns; it ends every morning"
    }
  ],
  exchanges: {
    NSE: tradable(1),
    NFO: tradable(2),
    CDS: tradable(3),
    BSE: tradable(4),
    BFO: tradable(5),
    BCD: tradable(6),
    MCX: tradable(7),
    NCO: tradable(12),
    NSE_INDEX: index,
    BSE_INDEX: index,
    MCX_INDEX: index,
    CDS_INDEX: index,
    GLOBAL_INDEX: index
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    subscriptionsPerConnection: { value: 3000, confirmed: true },
    connectionsPerLogin: { value: 3, confirmed: true }
  },
  // UNCONFIRMED: the documentation names no size and no pace; these are in use elsewhere without complaint.
  pacing: { batch: 200, intervalMs: 500 },
  // The server sends one byte a second when it has no data; the SDKs give up after five seconds of silence.
  heartbeat: { silentAfterMs: 5000 },
  instrumentMaster: {
    format: "zerodha",
    sources: [{ name: "instruments.csv", url: "https://api.kite.trade/instruments" }],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/zerodha.ts")).parse)
  }
}
