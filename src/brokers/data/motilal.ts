/** Motilal Oswal (MOFSL OpenAPI, broadcast). Source: the official Python SDK, unless a line says otherwise. */
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

const API = "https://openapi.motilaloswal.com"

/** Two letters: see the protocol's options. */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

const scrips = (name: string, optional = false): MasterSource => ({
  name: `${name}.csv`,
  url: `${API}/getscripmastercsv?name=${name}`,
  ...(optional ? { optional } : {})
})

export const broker: Broker = {
  name: "motilal",
  title: "Motilal Oswal",
  protocol: "motilal",
  // UNCONFIRMED: its certificate was seen expired. It is verified all the same.
  endpoint: "wss://ws1feed.motilaloswal.com/jwebsocket/jwebsocket",
  credentials: [
    {
      field: "clientCode",
      label: "client code",
      where: "your login id at Motilal Oswal; the broadcast asks for nothing else"
    }
  ],
  exchanges: {
    NSE: tradable("NC"),
    NFO: tradable("ND"),
    BSE: tradable("BC"),
    BFO: tradable("GD"),
    CDS: tradable("CD"),
    MCX: tradable("MD"),
    NCDEX: tradable("DD"),
    NSE_INDEX: index("NI"),
    BSE_INDEX: index("BI")
    // BCD is in the master (BSECD), and its letter on the wire is in no source.
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // What the SDK takes where the account's own limit (getbroadcastmaxlimit) is not known.
    subscriptionsPerConnection: { value: 200, confirmed: true },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: the SDK sends one registration after the other, without a pause.
  pacing: { batch: 25, intervalMs: 250 },
  // The server's heartbeat is answered; the SDK gives up after 30 seconds of silence. Pings stand in for heartbeats in
  // a quiet market, since how often those come is UNCONFIRMED.
  heartbeat: { pingEveryMs: 10_000, silentAfterMs: 30_000 },
  instrumentMaster: {
    format: "motilal",
    sources: [
      scrips("NSE"),
      scrips("BSE"),
      scrips("NSEFO"),
      scrips("BSEFO"),
      scrips("NSECD"),
      scrips("MCX"),
      scrips("NCDEX", true),
      { name: "NSEIndex.csv", url: `${API}/getindexdatacsv?name=NSE` },
      { name: "BSEIndex.csv", url: `${API}/getindexdatacsv?name=BSE` }
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/motilal.ts")).parse
  }
}
