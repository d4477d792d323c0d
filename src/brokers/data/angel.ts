/**
 * Angel One (SmartAPI, Smart Stream 2.0). Source: Angel's Streaming 2.0 documentation and the official SDKs,
 * unless a line says otherwise.
 */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"

export const broker: Broker = {
  name: "angel",
  title: "Angel One",
  protocol: "smartstream",
  endpoint: "wss://smartapisocket.angelone.in/smart-stream",
  credentials: [
    { field: "apiKey", label: "API key", where: "smartapi.angelbroking.com, on the page of your app" },
    { field: "clientCode", label: "client code", where: "your login id at Angel One" },
    { field: "authToken", label: "JWT", where: "data.jwtToken of the login's answer; it ends overnight" },
    { field: "feedToken", label: "feed token", where: "data.feedToken of the login's answer" }
  ],
  exchanges: {
    // Twenty levels are documented for this segment only, for at most fifty instruments.
    NSE: { code: 1, depthLevels: [5, 20], deepBooks: { value: 50, confirmed: true } },
    NFO: { code: 2, depthLevels: [5] },
    BSE: { code: 3, depthLevels: [5] },
    BFO: { code: 4, depthLevels: [5] },
    MCX: { code: 5, depthLevels: [5] },
    NCDEX: { code: 7, depthLevels: [5] },
    // In both SDKs; the present documentation lists 1 to 5 only, so live data here is UNCONFIRMED.
    CDS: { code: 13, depthLevels: [5] },
    NSE_INDEX: { code: 1, depthLevels: [] },
    BSE_INDEX: { code: 3, depthLevels: [] },
    MCX_INDEX: { code: 5, depthLevels: [] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: both are widely quoted, and in no source that we could read.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 3, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 500 },
  // The client must speak at least every 30 seconds (UNCONFIRMED); the SDKs do so every 10, and the JavaScript
  // SDK gives up after 20 seconds of silence.
  heartbeat: { sendEveryMs: 10_000, silentAfterMs: 20_000 },
  instrumentMaster: {
    format: "angel",
    sources: [
      {
        name: "OpenAPIScripMaster.json",
        url: "https://margincalculator.angelbroking.com/OpenAPI_File/files/OpenAPIScripMaster.json"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/angel.ts")).parse)
  }
}
