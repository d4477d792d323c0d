/** Tradejini (CubePlus API, Nxtrad stream). Source: the official SDKs and the API documentation, unless a line says otherwise. */
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

const tradable = (code: number): ExchangeCapability => ({ code, depthLevels: [5] })
/** Indices are in the segment of their exchange, with tokens below zero. */
const index = (code: number): ExchangeCapability => ({ code, depthLevels: [] })

const STORE = "https://api.tradejini.com/v2/api/mkt-data/scrips/symbol-store"

const group = (name: string, optional = false): MasterSource => ({
  name: `${name}.csv`,
  url: `${STORE}/${name}?version=0`,
  ...(optional ? { optional } : {})
})

export const broker: Broker = {
  name: "tradejini",
  title: "Tradejini",
  protocol: "tradejini",
  endpoint: "wss://api.tradejini.com/v2.1/stream",
  credentials: [
    {
      field: "apiKey",
      label: "API key",
      where: "api.tradejini.com/developer-portal, on the page of your app"
    },
    {
      field: "authToken",
      label: "access token",
      where: "access_token of the login's answer (individual-token-v2)"
    }
  ],
  exchanges: {
    NSE: tradable(1),
    BSE: tradable(2),
    NFO: tradable(3),
    BFO: tradable(4),
    CDS: tradable(5),
    BCD: tradable(6),
    MCX: tradable(8),
    NCO: tradable(9),
    NSE_INDEX: index(1),
    BSE_INDEX: index(2)
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: neither is documented.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // Every request restates the whole list, so few large ones are better than many small ones. UNCONFIRMED.
  pacing: { batch: 500, intervalMs: 500 },
  // The interval is the client's choice, and every ping is answered.
  heartbeat: { sendEveryMs: 15_000, silentAfterMs: 45_000 },
  instrumentMaster: {
    format: "tradejini",
    sources: [
      group("Securities"),
      group("FutureContracts"),
      group("NSEOptions"),
      group("BSEOptions"),
      group("Index"),
      // Not every account has these segments.
      group("CurrencyFuture", true),
      group("CurrencyOptions", true),
      group("CommodityFuture", true),
      group("CommodityOptions", true)
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/tradejini.ts")).parse
  }
}
