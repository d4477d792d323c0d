/** IIFL Securities' Blaze (XTS). */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "iifl",
  title: "IIFL Securities Blaze XTS",
  base: "https://ttblaze.iifl.com",
  prefix: "/apimarketdata",
  segments: ["NSECM", "NSEFO", "NSECD", "BSECM", "BSEFO", "MCXFO"],
  keysAt: "ttblaze.iifl.com/dashboard"
})
