/** 5paisa (Xstream). Source: 5paisa's Xstream documentation and official SDK, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"

export const broker: Broker = {
  name: "fivepaisa",
  title: "5paisa",
  protocol: "fivepaisa",
  endpoint: "wss://openfeed.5paisa.com/feeds/api/chat",
  credentials: [
    {
      field: "authToken",
      label: "access token",
      where: "AccessToken of the answer to GetAccessToken; it ends at midnight"
    },
    { field: "clientCode", label: "client code", where: "your demat client code at 5paisa" }
  ],
  exchanges: {
    // Exchange and exchange type, as the wire has them.
    NSE: { code: "NC", depthLevels: [5] },
    BSE: { code: "BC", depthLevels: [5] },
    NFO: { code: "ND", depthLevels: [5] },
    BFO: { code: "BD", depthLevels: [5] },
    CDS: { code: "NU", depthLevels: [5] },
    BCD: { code: "BU", depthLevels: [5] },
    MCX: { code: "MD", depthLevels: [5] },
    NSE_INDEX: { code: "NC", depthLevels: [] },
    BSE_INDEX: { code: "BC", depthLevels: [] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: not documented.
    subscriptionsPerConnection: { value: 3000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: not documented.
  pacing: { batch: 50, intervalMs: 500 },
  heartbeat: { pingEveryMs: 10_000, silentAfterMs: 30_000 },
  instrumentMaster: {
    format: "fivepaisa",
    sources: [
      {
        name: "scripmaster.csv",
        url: "https://openapi.5paisa.com/VendorsAPI/Service1.svc/ScripMaster/segment/all"
      }
    ],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/fivepaisa.ts")).parse)
  }
}
