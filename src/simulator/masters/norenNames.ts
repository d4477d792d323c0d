/** How the brokers on Noren back ends name the market's instruments. */
import { ddmmmyy, monthName } from "../expiries.ts"
import type { Listed } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, yearMonth } from "./contracts.ts"

/** The exchange's own token; indices have tokens of the feed's own. */
export const norenToken = ({ exchange, exchangeToken, index }: Listing): string => {
  if (index === undefined) return String(exchangeToken)
  // Angel's tokens of NSE indices are these with 999 in front. SENSEX is the first of BSE's.
  return exchange === "NSE_INDEX" ? index.angelToken.replace(/^999/, "") : "1"
}

/** The trading symbol: `RELIANCE-EQ`, `NIFTY28MAR24C20800`, `NIFTY25APR24F`, `CRUDEOIL19APR24`, `SENSEX24MAR73500CE`. */
export const norenSymbol = (l: Listing): string => {
  if (l.index !== undefined) return l.symbol === "NIFTY" ? "NIFTY INDEX" : l.index.kite
  if (l.expiry === undefined) return l.exchange === "NSE" ? `${l.symbol}-EQ` : l.symbol
  const { date } = l.expiry
  if (l.exchange === "BFO") return `${l.title}${yearMonth(date)}${contractTail(l)}`
  const tail = l.type !== "FUT" ? `${l.type[0]!}${l.strike}` : l.exchange === "MCX" ? "" : "F"
  return `${l.title}${ddmmmyy(date)}${tail}`
}

/** `28-MAR-2024` */
export const norenExpiry = (date: string | undefined): string =>
  date === undefined ? "" : `${date.slice(8, 10)}-${monthName(date)}-${date.slice(0, 4)}`

/** `FUTIDX`, `OPTSTK`, ...: which kind of underlying a contract has. */
export const contractKind = ({ driver, exchange, type }: Listing): string => {
  const kind = type === "FUT" ? "FUT" : "OPT"
  switch (exchange) {
    case "CDS":
    case "BCD":
      return `${kind}CUR`
    case "MCX":
      return type === "FUT" ? "FUTCOM" : "OPTFUT"
    default:
      return driver.kind !== "walk" && String(driver.of).includes("_INDEX:") ? `${kind}IDX` : `${kind}STK`
  }
}

export const optionType = ({ type }: Listing): string => (type === "FUT" ? "XX" : type)

/** Those of one exchange of the broker's, its indices with them. */
export const onExchange = (listed: ReadonlyArray<Listed>, exchange: string): ReadonlyArray<Listed> =>
  listed.filter((l) => l.instrument.brokerExchange === exchange)
