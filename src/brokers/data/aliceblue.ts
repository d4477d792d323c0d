/** Alice Blue (ANT). Source: Alice Blue's API documentation, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { norenBcd, norenExchanges, norenIndex, norenShared } from "../families/noren.ts"

const FILES = "https://v2api.aliceblueonline.com/restpy/static/contract_master/V2"

export const broker: Broker = {
  ...norenShared,
  name: "aliceblue",
  title: "Alice Blue",
  // The final slash matters: without it the answer is a redirection. wss://ws2.aliceblueonline.com/NorenWS/ is another host.
  endpoint: "wss://ws1.aliceblueonline.com/NorenWS/",
  services: { profile: "https://a3.aliceblueonline.com/open-api/od/v1/profile" },
  credentials: [
    {
      field: "clientCode",
      label: "client id",
      where: "clientId of the login's answer: your login id at Alice Blue"
    },
    {
      field: "authToken",
      label: "user session",
      where:
        "userSession of the answer to getUserDetails, the last step of the day's login; it ends overnight"
    }
  ],
  exchanges: { ...norenExchanges, BCD: norenBcd, MCX_INDEX: norenIndex("MCX") },
  limits: {
    // UNCONFIRMED: not published.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    // UNCONFIRMED: it follows from the one session that is opened and ended over REST.
    connectionsPerLogin: { value: 1, confirmed: false }
  },
  variant: {
    connectType: "c",
    tokenKey: "susertoken",
    tokenTransform: "sha256-twice",
    uidSuffix: "_API",
    session: "rest",
    heartbeat: '{"k":"","t":"h"}',
    answersHeartbeat: false
  },
  instrumentMaster: {
    format: "aliceblue",
    sources: ["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "INDICES"].map((name) => ({
      name: `${name}.csv`,
      url: `${FILES}/${name}.csv`
    })),
    minimumRows: 20_000,
    load: async () => (await import("../masters/aliceblue.ts")).parse
  }
}
