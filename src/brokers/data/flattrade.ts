/** Flattrade (Pi). Source: Flattrade's API documentation and SDK, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { norenExchanges, norenShared } from "../families/noren.ts"

const FILES = "https://flattrade.s3.ap-south-1.amazonaws.com/scripmaster"

export const broker: Broker = {
  ...norenShared,
  name: "flattrade",
  title: "Flattrade",
  // The final slash matters. .../PiConnectWSTp/ is the older one, and refuses newer logins.
  endpoint: "wss://piconnect.flattrade.in/PiConnectWSAPI/",
  credentials: [
    { field: "clientCode", label: "client id", where: "your login id at Flattrade" },
    {
      field: "authToken",
      label: "token",
      where: "token of the answer to apitoken, the last step of the day's login; it ends overnight"
    }
  ],
  exchanges: norenExchanges,
  limits: {
    // UNCONFIRMED: neither is published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  instrumentMaster: {
    format: "flattrade",
    sources: [
      "NSE_Equity.csv",
      "BSE_Equity.csv",
      "Nfo_Equity_Derivatives.csv",
      "Nfo_Index_Derivatives.csv",
      "Bfo_Equity_Derivatives.csv",
      "Bfo_Index_Derivatives.csv",
      "Currency_Derivatives.csv",
      "Commodity.csv"
    ].map((name) => ({
      name,
      url: `${FILES}/${name}`,
      // The only one of which a day may have nothing: hardly a stock of BSE has contracts.
      ...(name === "Bfo_Equity_Derivatives.csv" ? { optional: true } : {})
    })),
    minimumRows: 20_000,
    load: async () => (await import("../masters/flattrade.ts")).parse
  }
}
