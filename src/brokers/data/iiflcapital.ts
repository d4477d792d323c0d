/**
 * IIFL Capital (the markets API with MQTT data, not the older XTS one). Source: IIFL Capital's developer documentation
 * and the official BridgePy, unless a line says otherwise.
 */
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

/** Published under the segments of shares, with a topic of their own kind. */
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

/** @param optional small markets, whose files may be missing on a day */
const file = (segment: string, optional = false): MasterSource => ({
  name: `${segment}.csv`,
  url: `https://api.iiflcapital.com/v1/contractfiles/${segment}.csv`,
  ...(optional ? { optional } : {})
})

export const broker: Broker = {
  name: "iiflcapital",
  title: "IIFL Capital",
  protocol: "iifl-mqtt",
  // Port 9906 and wss://bridge.iiflcapital.com stand in official samples too (UNCONFIRMED); both can be configured.
  endpoint: "tls://bridge.iiflcapital.com:8883",
  credentials: [
    {
      field: "authToken",
      label: "user session",
      where:
        "userSession of the answer to POST https://api.iiflcapital.com/v1/getusersession; it ends every day"
    }
  ],
  exchanges: {
    NSE: tradable("nseeq"),
    BSE: tradable("bseeq"),
    NFO: tradable("nsefo"),
    BFO: tradable("bsefo"),
    CDS: tradable("nsecurr"),
    BCD: tradable("bsecurr"),
    MCX: tradable("mcxcomm"),
    // UNCONFIRMED: their files exist beside the others, and no live packet of theirs is known.
    NCO: tradable("nsecomm"),
    NCDEX: tradable("ncdexcomm"),
    NSE_INDEX: index("nseeq"),
    BSE_INDEX: index("bseeq")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    subscriptionsPerConnection: { value: 6000, confirmed: true },
    // UNCONFIRMED: no source names a number.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // 1024 topics fit in one SUBSCRIBE; this pace is in use elsewhere without complaint.
  pacing: { batch: 100, intervalMs: 300 },
  // The keep-alive is 20 seconds and the broker gives up after 30; a ping every ten is the advice.
  heartbeat: { sendEveryMs: 10_000, silentAfterMs: 25_000 },
  instrumentMaster: {
    format: "iiflcapital",
    sources: [
      file("NSEEQ"),
      file("BSEEQ"),
      file("NSEFO"),
      file("BSEFO"),
      file("INDICES"),
      file("MCXCOMM", true),
      file("NSECURR", true),
      file("BSECURR", true),
      file("NSECOMM", true),
      file("NCDEXCOMM", true)
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/iiflcapital.ts")).parse
  }
}
