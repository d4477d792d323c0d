/** Samco (Trade API). Source: Samco's Trade API documentation, unless a line says otherwise. */
import type { Broker, MasterSource } from "../broker.ts"
import { sessionToken } from "../../protocols/samco/layout.ts"
import { indexFile, samcoIndices } from "../masters/kit/samcoIndices.ts"

const API = "https://tradeapi.samco.in"

const indexSource = ({ name }: { readonly name: string }): MasterSource => ({
  name: indexFile(name),
  url: `${API}/quote/indexQuote?indexName=${encodeURIComponent(name)}`,
  headers: (credentials) => ({
    "x-session-token": sessionToken(credentials),
    accept: "application/json"
  }),
  optional: true
})

export const broker: Broker = {
  name: "samco",
  title: "Samco",
  protocol: "samco",
  endpoint: "wss://stream.samco.in",
  credentials: [
    {
      field: "authToken",
      label: "session token",
      where: `sessionToken of the answer to POST ${API}/session/token; it ends at 08:00 of the next day`
    }
  ],
  exchanges: {
    NSE: { code: "NSE", depthLevels: [5] },
    BSE: { code: "BSE", depthLevels: [5] },
    NFO: { code: "NFO", depthLevels: [5] },
    BFO: { code: "BFO", depthLevels: [5] },
    CDS: { code: "CDS", depthLevels: [5] },
    MCX: { code: "MFO", depthLevels: [5] },
    // Listing ids are negative and have no suffix.
    NSE_INDEX: { code: "", depthLevels: [] },
    BSE_INDEX: { code: "", depthLevels: [] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // UNCONFIRMED: not published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: not published. The whole list travels in one frame, so a batch only says how many changes wait for it.
  pacing: { batch: 500, intervalMs: 300 },
  heartbeat: { pingEveryMs: 30_000, silentAfterMs: 90_000 },
  // A connection lives a day at most; it is replaced half an hour before.
  lifetimeMs: 23.5 * 3_600_000,
  instrumentMaster: {
    format: "samco",
    sources: [
      { name: "ScripMaster.csv", url: "https://developers.stocknote.com/doc/ScripMaster.csv" },
      ...samcoIndices.map(indexSource)
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/samco.ts")).parse
  }
}
