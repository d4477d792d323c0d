/** Zebu (MYNT). Source: Zebu's API documentation, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { norenExchanges, norenShared, norenSymbols } from "../families/noren.ts"

export const broker: Broker = {
  ...norenShared,
  name: "zebu",
  title: "Zebu",
  // The final slash matters.
  endpoint: "wss://go.mynt.in/NorenWSAPI/",
  credentials: [
    { field: "clientCode", label: "client id", where: "your login id at Zebu" },
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
  instrumentMaster: norenSymbols("https://go.mynt.in")
}
