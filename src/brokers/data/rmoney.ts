/**
 * RMoney (XTS). It runs both products: login and socket are in use at `/apimarketdata`, and its documentation has the
 * instruments' calls at `/apibinarymarketdata`. It serves no LTP message.
 */
import { xtsBroker } from "../families/xts.ts"

export const broker = xtsBroker({
  name: "rmoney",
  title: "RMoney",
  base: "https://xts.rmoneyindia.co.in:3000",
  prefix: "/apimarketdata",
  masterPrefix: "/apibinarymarketdata",
  segments: ["NSECM", "NSEFO", "BSECM", "BSEFO"],
  keysAt: "xts.rmoneyindia.co.in:3000/dashboard",
  variant: { ltpBy: "touchline" }
})
