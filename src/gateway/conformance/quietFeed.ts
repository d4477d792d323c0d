/** Status answers of a feed of which nobody wants to see more than frames. */
import type { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"

export const plainStatus = (user: string, broker: string): FeedStatus => ({
  user,
  broker,
  state: "connected",
  connections: [],
  instruments: { wanted: 0, sent: 0, confirmed: 0, failed: 0, stale: 0 },
  expecting_ticks: true,
  decisions: []
})

export const plainInstrument = (exchange: string, symbol: string): InstrumentStatus => ({
  symbol,
  exchange,
  resolved: true,
  ticks: 0,
  rejected: 0,
  stale: false,
  readers: 0,
  market_open: true,
  verdict: "nobody reads it"
})
