/**
 * What the brokers on Noren back ends share: the exchanges of their feed, its pace and its heartbeats. Sources: their
 * API documentation and official SDKs.
 */
import type { Broker, ExchangeCapability } from "../broker.ts"

/** Five levels everywhere. The feed has no deeper levels. */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

/** Indices are scrips of their cash exchange, without depth. */
export const norenIndex = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

export const norenExchanges: Broker["exchanges"] = {
  NSE: tradable("NSE"),
  BSE: tradable("BSE"),
  NFO: tradable("NFO"),
  BFO: tradable("BFO"),
  CDS: tradable("CDS"),
  MCX: tradable("MCX"),
  NSE_INDEX: norenIndex("NSE"),
  BSE_INDEX: norenIndex("BSE")
}

export const norenBcd: ExchangeCapability = tradable("BCD")

export const norenShared = {
  protocol: "noren",
  modes: ["ltp", "quote", "depth"],
  // UNCONFIRMED: no broker publishes a size; 100 scrips a frame at this pace are known to work at Shoonya.
  pacing: { batch: 100, intervalMs: 100 },
  // The documentation asks for a heartbeat every 30 to 50 seconds, which not every broker answers: the pongs to pings of
  // the WebSocket's own are what shows that a connection lives.
  heartbeat: { sendEveryMs: 30_000, pingEveryMs: 30_000, silentAfterMs: 120_000 },
  // After a clean close the login may be refused for some seconds although its token is good.
  reconnectAfterMs: 5000
} satisfies Partial<Broker>

/** One zip of one text file per exchange. */
export const norenSymbols = (base: string): Broker["instrumentMaster"] => ({
  format: "noren",
  sources: ["NSE", "BSE", "NFO", "BFO", "CDS", "MCX"].map((exchange) => ({
    name: `${exchange}_symbols.txt`,
    url: `${base}/${exchange}_symbols.txt.zip`
  })),
  minimumRows: 20_000,
  load: async () => (await import("../masters/noren.ts")).parse
})
