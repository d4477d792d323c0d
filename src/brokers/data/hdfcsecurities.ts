/** HDFC Securities (InvestRight). Source: its developer documentation, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"
import { hdfcShared } from "../families/hdfc.ts"

export const broker: Broker = {
  ...hdfcShared("developer.hdfcsec.com"),
  name: "hdfcsecurities",
  title: "HDFC Securities",
  limits: {
    subscriptionsPerConnection: { value: 1500, confirmed: true },
    connectionsPerLogin: { value: 3, confirmed: true }
  },
  instrumentMaster: {
    format: "hdfcsecurities",
    sources: [{ name: "security-master.csv", url: "https://developer.hdfcsec.com/oapi/v1/security-master" }],
    minimumRows: 30_000,
    load: async () => oneFile((await import("../masters/hdfcsecurities.ts")).parse)
  }
}
