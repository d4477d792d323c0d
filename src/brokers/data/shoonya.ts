/** Shoonya by Finvasia. Source: the official SDKs and their tables of fields, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { norenExchanges, norenShared, norenSymbols } from "../families/noren.ts"

export const broker: Broker = {
  ...norenShared,
  name: "shoonya",
  title: "Shoonya",
  // The final slash matters. wss://api.shoonya.com/NorenWSTP/ is the older one: connectType "c", tokenKey "susertoken".
  endpoint: "wss://api.shoonya.com/NorenWSAPI/",
  credentials: [
    { field: "clientCode", label: "client id", where: "your login id at Shoonya" },
    {
      field: "authToken",
      label: "access token",
      where: "access_token of the answer to GenAcsTok, the last step of the day's login; it ends overnight"
    }
  ],
  exchanges: norenExchanges,
  limits: {
    // UNCONFIRMED: not published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: true }
  },
  instrumentMaster: norenSymbols("https://api.shoonya.com")
}
