/**
 * Indiabulls Securities (XTS). UNCONFIRMED: practice logs in and subscribes at the binary product and opens the socket
 * of the other one. The SDKs stay with one product throughout, and so do we.
 */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "ibulls",
  title: "Indiabulls Securities XTS",
  base: "https://xts.ibullssecurities.com",
  prefix: "/apibinarymarketdata",
  segments: ["NSECM", "NSEFO", "BSECM", "BSEFO", "MCXFO"],
  keysAt: "xts.ibullssecurities.com/dashboard"
})
