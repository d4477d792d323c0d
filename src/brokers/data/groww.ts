/**
 * Groww (NATS live feed). Source: the official Python SDK (growwapi 1.5.0) and Groww's API documentation, unless a
 * line says otherwise.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"
import { oneFile } from "../broker.ts"

/** @param code the segment's part of the subjects */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

export const broker: Broker = {
  name: "groww",
  title: "Groww",
  protocol: "groww",
  endpoint: "wss://socket-api.groww.in",
  services: { api: "https://api.groww.in" },
  credentials: [
    {
      field: "authToken",
      label: "access token",
      where:
        "the token that POST https://api.groww.in/v1/token/api/access returns for your API key; it ends every morning"
    }
  ],
  exchanges: {
    NSE: tradable("eq/nse"),
    BSE: tradable("eq/bse"),
    NFO: tradable("fo/nse"),
    BFO: tradable("fo/bse"),
    NSE_INDEX: index("indices/nse"),
    BSE_INDEX: index("indices/bse")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    subscriptionsPerConnection: { value: 1000, confirmed: true },
    // UNCONFIRMED: no source names a number.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 500 },
  // The SDK pings every minute, other clients every ten seconds; two pings without an answer are a dead connection.
  heartbeat: { sendEveryMs: 10_000, silentAfterMs: 25_000 },
  // Every attempt takes a new socket token, and asking for many in a short time is throttled.
  reconnectAfterMs: 2000,
  instrumentMaster: {
    format: "groww",
    sources: [
      {
        name: "instrument.csv",
        url: "https://growwapi-assets.groww.in/instruments/instrument.csv"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/groww.ts")).parse)
  }
}
