/**
 * Dhan's sandbox, which has no market data of its own: it is served from the simulated market, over Dhan's wire and
 * labelled as simulated. It needs no login and no download.
 */
import type { Broker } from "../broker.ts"
import { broker as dhan } from "./dhan.ts"

const { deepFeeds: _, ...shared } = dhan

export const broker: Broker = {
  ...shared,
  name: "dhan_sandbox",
  title: "Dhan Sandbox (simulated market)",
  endpoint: "simulated:dhan_sandbox",
  simulated: true,
  credentials: [],
  exchanges: {
    ...shared.exchanges,
    NSE: { code: 1, depthLevels: [5] },
    NFO: { code: 2, depthLevels: [5] }
  },
  instrumentMaster: { ...shared.instrumentMaster, sources: [], minimumRows: 1 }
}
