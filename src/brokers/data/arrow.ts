/**
 * Arrow. Source: Arrow's documentation ("WebSocket Market Data API", "Symbols") and its Python client, unless a line
 * says otherwise. Its second stream, for high frequency and behind a plan of its own, is not used.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"
import { oneFile } from "../broker.ts"
import { reveal } from "../../protocols/kit/text.ts"

/** The stream's packets carry no segment; the codes are the instrument master's. */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

export const broker: Broker = {
  name: "arrow",
  title: "Arrow",
  protocol: "arrow",
  endpoint: "wss://ds.arrow.trade",
  credentials: [
    { field: "apiKey", label: "app id", where: "on the page of your app at Arrow" },
    {
      field: "authToken",
      label: "token",
      where: "data.token of the login's answer (authenticate-token); it ends after 24 hours"
    }
  ],
  exchanges: {
    NSE: tradable("NSECM"),
    BSE: tradable("BSECM"),
    NFO: tradable("NSEFO"),
    BFO: tradable("BSEFO"),
    CDS: tradable("NSECD"),
    BCD: tradable("BSECD"),
    MCX: tradable("MCXFO"),
    NCO: tradable("NSECO"),
    NSE_INDEX: index("NSEIDX"),
    BSE_INDEX: index("BSEIDX"),
    MCX_INDEX: index("MCXIDX")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: not published for this stream. The one for high frequency takes 1024.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 3, confirmed: false }
  },
  // UNCONFIRMED: neither size nor pace is published; these are in use elsewhere without complaint.
  pacing: { batch: 100, intervalMs: 300 },
  // The client must speak every 3 seconds. The server's own heartbeats come more often than every 5, after which the
  // Python client gives up.
  heartbeat: { sendEveryMs: 3000, silentAfterMs: 30_000 },
  reconnectAfterMs: 5000,
  instrumentMaster: {
    format: "arrow",
    sources: [
      {
        name: "all.csv",
        url: "https://edge.arrow.trade/all",
        headers: ({ apiKey, authToken }) => ({ appID: reveal(apiKey), token: reveal(authToken) })
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/arrow.ts")).parse)
  }
}
