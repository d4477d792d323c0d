/** 5paisa's XTS server. Which of an XTS server's products a broker runs is practice, in no documentation of its own. */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "fivepaisaxts",
  title: "5paisa XTS",
  base: "https://xtsmum.5paisa.com",
  prefix: "/apimarketdata",
  segments: ["NSECM", "NSEFO", "BSECM", "BSEFO"],
  keysAt: "xtsmum.5paisa.com/dashboard"
})
