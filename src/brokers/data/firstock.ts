/** Firstock. Source: Firstock's API documentation and official SDKs, unless a line says otherwise. */
import { reveal } from "../../protocols/kit/text.ts"
import type { Broker, ExchangeCapability } from "../broker.ts"

const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

export const broker: Broker = {
  name: "firstock",
  title: "Firstock",
  protocol: "firstock",
  // wss://socket.firstock.in/ws is the older one, whose frames are understood as well.
  endpoint: "wss://socket.firstock.in/V2/ws",
  credentials: [
    { field: "clientCode", label: "user id", where: "your login id at Firstock" },
    {
      field: "authToken",
      label: "session token",
      where: "data.susertoken of the login's answer; it ends with the trading day"
    }
  ],
  // No master is published for currencies and commodities, and whether the feed has them is UNCONFIRMED.
  exchanges: {
    NSE: tradable("NSE"),
    BSE: tradable("BSE"),
    NFO: tradable("NFO"),
    BFO: tradable("BFO"),
    NSE_INDEX: index("NSE"),
    BSE_INDEX: index("BSE")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: not published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    // The server says so itself when a fourth one comes.
    connectionsPerLogin: { value: 3, confirmed: true }
  },
  // UNCONFIRMED: neither size nor pace is published.
  pacing: { batch: 100, intervalMs: 200 },
  // The server pings and wants its pong within ten seconds. There is no heartbeat of the application's own.
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 90_000 },
  instrumentMaster: {
    format: "firstock",
    sources: [
      ...["NSE", "BSE", "NFO", "BFO"].map((exchange) => ({
        name: `${exchange}.csv`,
        url: `https://api.firstock.in/V1/symbols/${exchange}?ref=firstock.in`
      })),
      {
        name: "indexList.json",
        url: "https://api.firstock.in/V1/indexList",
        body: ({ authToken, clientCode }) =>
          JSON.stringify({ userId: reveal(clientCode), jKey: reveal(authToken) }),
        // Without a login only the three best-known indices are there.
        optional: true
      }
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/firstock.ts")).parse
  }
}
