/**
 * Fyers (API v3). Source: the official JavaScript and Go SDKs and Fyers' API documentation, unless a line says
 * otherwise.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"

const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

/** The segments that the depth socket serves. */
const deep = (code: string): ExchangeCapability => ({ code, depthLevels: [5, 50] })

/** Indices are known by name and have no book. */
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

const files = "https://public.fyers.in/sym_details"

export const broker: Broker = {
  name: "fyers",
  title: "Fyers",
  protocol: "fyers-hsm",
  endpoint: "wss://socket.fyers.in/hsm/v1-5/prod",
  services: { tbt: "https://api-t1.fyers.in/indus/home" },
  credentials: [
    { field: "apiKey", label: "app id", where: "myapi.fyers.in, on the page of your app: it ends in -100" },
    {
      field: "authToken",
      label: "access token",
      where: "the access_token that validate-authcode returns at the day's login; it ends every morning"
    }
  ],
  exchanges: {
    NSE: deep("nse_cm"),
    NFO: deep("nse_fo"),
    BSE: tradable("bse_cm"),
    BFO: tradable("bse_fo"),
    MCX: tradable("mcx_fo"),
    CDS: tradable("cde_fo"),
    // In the SDK's table of segments and among the published files; live data here is UNCONFIRMED.
    NCO: tradable("nse_com"),
    NSE_INDEX: index("nse_cm"),
    BSE_INDEX: index("bse_cm")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // The SDK refuses more.
    subscriptionsPerConnection: { value: 5000, confirmed: true },
    // UNCONFIRMED: no source names a number.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // The size is the SDK's; the pace is UNCONFIRMED.
  pacing: { batch: 1500, intervalMs: 200 },
  // The SDK sends a ping of the protocol's own every 30 seconds, which has no answer; WebSocket pings have one.
  heartbeat: { sendEveryMs: 30_000, pingEveryMs: 30_000, silentAfterMs: 75_000 },
  deepFeeds: [
    {
      name: "fyers_tbt",
      protocol: "fyers-tbt",
      // Unless the REST front names another one at the time.
      endpoint: "wss://rtsocket-api.fyers.in/versova",
      levels: 50,
      exchanges: ["NSE", "NFO"],
      // UNCONFIRMED: second-hand; the documentation itself could not be read.
      limits: {
        subscriptionsPerConnection: { value: 5, confirmed: false },
        connectionsPerLogin: { value: 3, confirmed: false }
      },
      pacing: { batch: 5, intervalMs: 200 },
      // Pings in text, which the server answers. The SDK sends one a second.
      heartbeat: { sendEveryMs: 10_000, silentAfterMs: 30_000 }
    }
  ],
  instrumentMaster: {
    format: "fyers",
    sources: [
      { name: "NSE_CM.csv", url: `${files}/NSE_CM.csv` },
      { name: "NSE_FO.csv", url: `${files}/NSE_FO.csv` },
      { name: "BSE_CM.csv", url: `${files}/BSE_CM.csv` },
      { name: "BSE_FO.csv", url: `${files}/BSE_FO.csv` },
      { name: "NSE_CD_sym_master.json", url: `${files}/NSE_CD_sym_master.json` },
      { name: "MCX_COM_sym_master.json", url: `${files}/MCX_COM_sym_master.json` },
      { name: "NSE_COM.csv", url: `${files}/NSE_COM.csv`, optional: true }
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/fyers.ts")).parse
  }
}
