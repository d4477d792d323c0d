/** HDFC Sky. Source: its developer documentation, unless a line says otherwise. */
import type { Broker } from "../broker.ts"
import { oneFile } from "../broker.ts"
import { hdfcShared } from "../families/hdfc.ts"

export const broker: Broker = {
  ...hdfcShared("developer.hdfcsky.com"),
  name: "hdfcsky",
  title: "HDFC Sky",
  limits: {
    subscriptionsPerConnection: { value: 300, confirmed: true },
    connectionsPerLogin: { value: 3, confirmed: true }
  },
  variant: { subscriptionLimit: 300 },
  instrumentMaster: {
    format: "hdfcsky",
    sources: [{ name: "CompactScrip.csv", url: "https://hdfcsky.com/api/v1/contract/Compact?info=download" }],
    minimumRows: 50_000,
    load: async () => oneFile((await import("../masters/hdfcsky.ts")).parse)
  }
}
