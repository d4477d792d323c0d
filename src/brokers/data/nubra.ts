/**
 * Nubra (Zanskar Securities). Source: Nubra's API documentation and the official Python SDK (nubra-sdk), unless a line
 * says otherwise.
 */
import type { Credentials } from "../../market/credentials.ts"
import { handshake } from "../../protocols/nubra/handshake.ts"
import type { Broker, ExchangeCapability, MasterSource } from "../broker.ts"

/** Any number of levels from 5 to 20, but one number for all books of a session. @param code the exchange's word */
const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5, 20] })

const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

const API = "https://api.nubra.io"

/** The instruments of a day; not every account has every exchange. */
const refdata = (exchange: string): MasterSource => ({
  name: `refdata-${exchange}.json`,
  url: (day) => `${API}/refdata/refdata/${day}?exchange=${exchange}`,
  headers: (credentials: Credentials) => handshake({ credentials, endpoint: API }).headers,
  ...(exchange === "NSE" ? {} : { optional: true })
})

export const broker: Broker = {
  name: "nubra",
  title: "Nubra",
  protocol: "nubra",
  endpoint: "wss://api.nubra.io/apibatch/ws",
  credentials: [
    {
      field: "authToken",
      label: "session token",
      where: `the session_token that POST ${API}/verifypin returns after the login`
    },
    {
      field: "clientCode",
      label: "device id",
      where: "the x-device-id that was sent with the login; any id of your own, the same each time"
    }
  ],
  exchanges: {
    NSE: tradable("NSE"),
    BSE: tradable("BSE"),
    NFO: tradable("NSE"),
    BFO: tradable("BSE"),
    MCX: tradable("MCX"),
    NSE_INDEX: index("NSE"),
    BSE_INDEX: index("BSE")
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // A budget of weights: a price takes 1, a quote 3 (of a contract 4), a book with it 8 (of a contract 9).
    subscriptionsPerConnection: { value: 50_000, confirmed: true },
    // UNCONFIRMED: the budget is the session's, and no source says how many connections share it.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  // UNCONFIRMED: no source names a size or a pace.
  pacing: { batch: 100, intervalMs: 300 },
  // The SDK pings every twenty seconds and gives up when there is no answer after ten.
  heartbeat: { pingEveryMs: 20_000, silentAfterMs: 45_000 },
  instrumentMaster: {
    format: "nubra",
    sources: [
      refdata("NSE"),
      refdata("BSE"),
      refdata("MCX"),
      { name: "indexes.csv", url: `${API}/public/indexes?format=csv` }
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/nubra.ts")).parse
  }
}
