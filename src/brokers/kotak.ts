/**
 * Kotak Securities (Kotak Neo). Source: the official Python SDK (HSWebSocketLib) and Kotak Neo's API documentation,
 * unless a line says otherwise.
 */
import type { Broker, ExchangeCapability, MasterSource } from "./broker.ts"

const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

/** Indices are known by name and have no book. */
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

/** @param folder cash files have a folder of their own */
const source = (name: string, folder: "transformed" | "transformed-v1"): MasterSource => ({
  name,
  url: (day) => `https://lapi.kotaksecurities.com/wso2-scripmaster/v1/prod/${day}/${folder}/${name}`
})

export const broker: Broker = {
  name: "kotak",
  title: "Kotak Securities",
  protocol: "kotak-hsm",
  endpoint: "wss://mlhsm.kotaksecurities.com",
  credentials: [
    {
      field: "authToken",
      label: "trading token",
      where: "data.token of the answer to the MPIN step (tradeApiValidate); it ends overnight"
    },
    { field: "feedToken", label: "trading sid", where: "data.sid of the same answer" }
  ],
  exchanges: {
    NSE: tradable("nse_cm"),
    BSE: tradable("bse_cm"),
    NFO: tradable("nse_fo"),
    BFO: tradable("bse_fo"),
    CDS: tradable("cde_fo"),
    // As the SDK writes it: UNCONFIRMED, and in no published file.
    BCD: tradable("bcs-fo"),
    MCX: tradable("mcx_fo"),
    NSE_INDEX: index("nse_cm"),
    BSE_INDEX: index("bse_cm")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // The SDK begins anew above it.
    subscriptionsPerConnection: { value: 3000, confirmed: true },
    // UNCONFIRMED: no source names a number.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // The size is the SDK's; the pace is UNCONFIRMED.
  pacing: { batch: 100, intervalMs: 200 },
  // No heartbeat of the protocol's own: pings keep a quiet market apart from a dead connection.
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 75_000 },
  instrumentMaster: {
    format: "kotak",
    sources: [
      source("nse_cm-v1.csv", "transformed-v1"),
      source("bse_cm-v1.csv", "transformed-v1"),
      source("nse_fo.csv", "transformed"),
      source("bse_fo.csv", "transformed"),
      source("cde_fo.csv", "transformed"),
      source("mcx_fo.csv", "transformed")
    ],
    minimumRows: 20_000,
    load: async () => (await import("./masters/kotak.ts")).parse
  }
}
