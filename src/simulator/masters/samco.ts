/** Samco's instrument master: a CSV, and one answer of the API per index. */
import { monthName } from "../expiries.ts"
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import { contractTail, csvText, yearMonth } from "./contracts.ts"
import { indexFile } from "../../brokers/masters/kit/samcoIndices.ts"

const COLUMNS = [
  "exchange",
  "exchangeSegment",
  "symbolCode",
  "tradingSymbol",
  "name",
  "lastPrice",
  "instrument",
  "lotSize",
  "strikePrice",
  "expiryDate",
  "tickSize"
]

/** `27-Aug-2026` */
const dashed = (date: string): string => `${date.slice(8)}-${monthName(date)}-${date.slice(0, 4)}`

const kindOf = ({ listing }: Listed): string => {
  if (listing.type === "EQ") return "EQ"
  const kind = listing.type === "FUT" ? "FUT" : "OPT"
  const what = { CDS: "CUR", MCX: "COM" }[listing.exchange as string]
  return `${kind}${what ?? (listing.driver.kind !== "walk" && String(listing.driver.of).includes("_INDEX:") ? "IDX" : "STK")}`
}

const table = (listed: ReadonlyArray<Listed>): MasterText => ({
  name: "ScripMaster.csv",
  text: csvText([
    COLUMNS,
    ...listed
      .filter((l) => l.listing.type !== "INDEX")
      .map((row) => {
        const { code, instrument: i, listing } = row
        return [
          code,
          code,
          listing.exchangeToken,
          i.brokerSymbol,
          i.name,
          "0.00",
          kindOf(row),
          i.lotSize,
          i.strike ?? "",
          i.expiry === undefined ? "" : dashed(i.expiry),
          i.tickSize
        ]
      })
  ])
})

const indices = (listed: ReadonlyArray<Listed>): ReadonlyArray<MasterText> =>
  listed
    .filter((l) => l.listing.type === "INDEX")
    .map(({ instrument }) => ({
      name: indexFile(instrument.brokerSymbol),
      text: JSON.stringify({
        status: "Success",
        indexDetails: [{ indexName: instrument.brokerSymbol, listingId: instrument.token }]
      })
    }))

export const master: SimulatedMaster = {
  // Listing ids are one series for both exchanges.
  token: (l, code) =>
    l.type === "INDEX"
      ? `-${(l.exchangeToken % 1000) + (l.exchange === "BSE_INDEX" ? 100 : 0)}`
      : `${l.exchangeToken}_${code}`,
  brokerExchange: (l, code) => (code === "" ? l.exchange.replace("_INDEX", "") : String(code)),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite
    if (l.expiry === undefined) return l.exchange === "NSE" ? `${l.symbol}-EQ` : l.symbol
    return `${l.title}${yearMonth(l.expiry.date)}${contractTail(l)}`
  },
  write: (listed) => [table(listed), ...indices(listed)]
}
