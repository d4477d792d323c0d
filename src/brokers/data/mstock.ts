/**
 * m.Stock by Mirae Asset (trading API, type B). Source: m.Stock's documentation and the official SDK, unless a line says
 * otherwise.
 */
import { reveal } from "../../protocols/kit/text.ts"
import type { Broker } from "../broker.ts"

export const broker: Broker = {
  name: "mstock",
  title: "m.Stock",
  protocol: "smartstream",
  variant: { dialect: "mstock" },
  endpoint: "wss://ws.mstock.trade",
  credentials: [
    { field: "apiKey", label: "API key", where: "trade.mstock.com, under Trading APIs" },
    {
      field: "authToken",
      label: "JWT",
      where: "data.jwtToken of the login's second step (verifytotp or token); it ends the same day"
    }
  ],
  exchanges: {
    NSE: { code: 1, depthLevels: [5] },
    NFO: { code: 2, depthLevels: [5] },
    BSE: { code: 3, depthLevels: [5] },
    BFO: { code: 4, depthLevels: [5] },
    // UNCONFIRMED: Angel's number; m.Stock's documentation and SDK do not list it.
    MCX: { code: 5, depthLevels: [5] },
    CDS: { code: 13, depthLevels: [5] },
    NSE_INDEX: { code: 1, depthLevels: [] },
    BSE_INDEX: { code: 3, depthLevels: [] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: no source names either.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 500 },
  // The SDK pings every 2.5 seconds.
  heartbeat: { pingEveryMs: 2500, silentAfterMs: 10_000 },
  instrumentMaster: {
    format: "mstock",
    sources: [
      {
        name: "OpenAPIScripMaster.json",
        url: "https://api.mstock.trade/openapi/typeb/instruments/OpenAPIScripMaster",
        headers: ({ apiKey, authToken }) => ({
          "X-Mirae-Version": "1",
          Authorization: `Bearer ${reveal(authToken).replace(/^Bearer /i, "")}`,
          "X-PrivateKey": reveal(apiKey)
        })
      },
      // The tokens of indices stand in the documentation only.
      { name: "Annexure.html", url: "https://tradingapi.mstock.com/docs/v1/Annexure/", optional: true }
    ],
    minimumRows: 10_000,
    load: async () => (await import("../masters/mstock.ts")).parse
  }
}
