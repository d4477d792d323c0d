/**
 * Definedge (Integrate). Source: Definedge's API documentation and its Python SDK, unless a line says otherwise. The
 * documentation allows the feed's data to be used within the client's own account only.
 */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"
import { norenExchanges, norenIndex, norenShared } from "../families/noren.ts"

export const broker: Broker = {
  ...norenShared,
  name: "definedge",
  title: "Definedge",
  // The final slash matters.
  endpoint: "wss://trade.definedgesecurities.com/NorenWSTRTP/",
  credentials: [
    { field: "clientCode", label: "client id", where: "uid of the answer to the login's second step" },
    {
      field: "feedToken",
      label: "feed token",
      where: "susertoken of the answer to the login's second step; it ends overnight"
    }
  ],
  exchanges: { ...norenExchanges, MCX_INDEX: norenIndex("MCX") },
  limits: {
    subscriptionsPerConnection: { value: 500, confirmed: true },
    connectionsPerLogin: { value: 1, confirmed: true }
  },
  variant: {
    connectType: "c",
    tokenKey: "susertoken",
    tokenField: "feedToken",
    source: "TRTP",
    answersHeartbeat: false
  },
  instrumentMaster: {
    format: "definedge",
    sources: [{ name: "allmaster.csv", url: "https://app.definedgesecurities.com/public/allmaster.zip" }],
    minimumRows: 20_000,
    load: async () => oneFile((await import("../masters/definedge.ts")).parse)
  }
}
