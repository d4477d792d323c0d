/** Jainam (XTS). Its server has the binary product alone, and was seen to write layout B. */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "jainamxts",
  title: "Jainam XTS",
  base: "https://jtrade.jainam.in:5000",
  prefix: "/apibinarymarketdata",
  segments: ["NSECM", "NSEFO", "BSECM", "BSEFO"],
  keysAt: "jtrade.jainam.in:5000/dashboard",
  variant: { layout: "B" }
})
