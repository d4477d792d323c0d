/** CompositEdge (XTS). */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "compositedge",
  title: "CompositEdge",
  base: "https://xts.compositedge.com",
  prefix: "/apimarketdata",
  segments: ["NSECM", "NSEFO", "NSECD", "BSECM", "BSEFO", "MCXFO"],
  keysAt: "xts.compositedge.com/dashboard"
})
