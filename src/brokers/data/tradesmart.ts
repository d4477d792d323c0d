/** TradeSmart. Source: TradeSmart's API documentation (version 2), unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { norenExchanges, norenShared, norenSymbols } from "../families/noren.ts"

export const broker: Broker = {
  ...norenShared,
  name: "tradesmart",
  title: "TradeSmart",
  // The final slash matters.
  endpoint: "wss://v2api.tradesmartonline.in/NorenWSAPI/",
  credentials: [
    {
      field: "clientCode",
      label: "client id",
      where: "actid of the answer to GenAcsTok: your login id at TradeSmart"
    },
    {
      field: "authToken",
      label: "access token",
      where: "access_token of the answer to GenAcsTok, the last step of the day's login; it ends overnight"
    }
  ],
  exchanges: norenExchanges,
  limits: {
    // UNCONFIRMED: neither is published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  instrumentMaster: norenSymbols("https://v2api.tradesmartonline.in")
}
