/** Wisdom Capital (XTS). */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "wisdom",
  title: "Wisdom Capital",
  base: "https://trade.wisdomcapital.in",
  prefix: "/apimarketdata",
  segments: ["NSECM", "NSEFO", "NSECD", "BSECM", "BSEFO", "MCXFO"],
  keysAt: "trade.wisdomcapital.in/dashboard"
})
