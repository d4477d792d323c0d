/** m.Stock's instrument master: one JSON array, and the page with the tokens of indices. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, yearMonth } from "./contracts.ts"

const indexTokens: Readonly<Record<string, string>> = {
  NIFTY: "26000",
  BANKNIFTY: "26009",
  INDIAVIX: "26017",
  SENSEX: "51"
}

const kindOf = (l: Listing): string => {
  if (l.type === "EQ" || l.type === "INDEX") return "EQ"
  const prefix = l.type === "FUT" ? "FUT" : "OPT"
  if (l.exchange === "CDS") return `${prefix}CUR`
  if (l.exchange === "MCX") return prefix === "FUT" ? "FUTCOM" : "OPTFUT"
  return l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:") ? `${prefix}IDX` : `${prefix}STK`
}

/** `23Oct2025` */
const expiryOf = (date: string | undefined): string => {
  if (date === undefined) return ""
  const month = monthName(date)
  return `${date.slice(8)}${month[0]}${month.slice(1).toLowerCase()}${date.slice(0, 4)}`
}

const entry = ({ instrument: i, listing: l }: Listed) => ({
  token: i.token,
  symbol: l.expiry === undefined ? l.symbol : l.title,
  name: i.brokerSymbol,
  expiry: expiryOf(i.expiry),
  strike: i.strike === undefined ? "" : String(i.strike),
  lotsize: String(i.lotSize),
  instrumenttype: kindOf(l),
  exch_seg: i.brokerExchange,
  tick_size: String(i.tickSize)
})

const tableRow = ({ instrument: i }: Listed): string => {
  const cells = [i.brokerSymbol.toUpperCase().replaceAll(" ", ""), i.token, i.brokerSymbol, i.brokerExchange]
  return `<tr>\n${cells.map((cell) => `<td>${cell.replaceAll("&", "&amp;")}</td>`).join("\n")}\n</tr>`
}

const page = (indices: ReadonlyArray<Listed>): string =>
  `<!doctype html>\n<html><body><table><thead><tr><th>script</th><th>id</th><th>name</th><th>exchange</th></tr></thead>\n` +
  `<tbody>\n${indices.map(tableRow).join("\n")}\n</tbody></table></body></html>\n`

export const master: SimulatedMaster = {
  token: (l) => (l.type === "INDEX" ? indexTokens[l.symbol] : undefined) ?? String(l.exchangeToken),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    if (l.expiry === undefined) return l.exchange === "NSE" ? `${l.symbol}-EQ` : l.symbol
    return `${l.title}${yearMonth(l.expiry.date)}${contractTail(l)}`
  },
  // Currency stands under the stock exchange.
  brokerExchange: (l) => (l.exchange === "CDS" ? "NSE" : l.exchange.replace("_INDEX", "")),
  write: (listed) => [
    {
      name: "OpenAPIScripMaster.json",
      // Of the indices only BSE's are in there.
      text: JSON.stringify(listed.filter((l) => l.listing.exchange !== "NSE_INDEX").map(entry))
    },
    { name: "Annexure.html", text: page(listed.filter((l) => l.listing.type === "INDEX")) }
  ]
}
