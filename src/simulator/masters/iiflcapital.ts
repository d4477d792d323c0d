/** IIFL Capital's instrument master: a CSV per segment, indices in one of their own. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, csvText, yearMonth } from "./contracts.ts"

const COLUMNS = [
  "Exchange",
  "Instrument ID",
  "Underlying Instrument Symbol",
  "Underlying Instrument Name",
  "Trading Symbol",
  "Instrument Type",
  "Option Type",
  "Strike Price",
  "Expiry",
  "Lot Size",
  "Tick Size"
]

/** Real ids, as far as they are known; the others are made up in their likeness. */
const indexIds: Readonly<Record<string, string>> = {
  NIFTY: "999920000",
  BANKNIFTY: "999920005",
  INDIAVIX: "999920019",
  SENSEX: "999901"
}

/** `30-Apr-2026` */
const expiryText = (date: string): string => {
  const month = monthName(date)
  return `${date.slice(8, 10)}-${month[0]}${month.slice(1).toLowerCase()}-${date.slice(0, 4)}`
}

const instrumentType = ({ listing }: Listed): string => {
  if (listing.type === "INDEX") return "INDEX"
  if (listing.type === "EQ") return "EQUITY"
  const ofIndex = listing.driver.kind !== "walk" && String(listing.driver.of).includes("_INDEX:")
  return `${listing.type === "FUT" ? "FUT" : "OPT"}${ofIndex ? "IDX" : "STK"}`
}

const row = (listed: Listed): ReadonlyArray<string | number> => {
  const { instrument: i, listing } = listed
  const isContract = listing.expiry !== undefined
  return [
    i.brokerExchange,
    i.token,
    isContract ? i.name : i.symbol,
    i.name,
    i.brokerSymbol,
    instrumentType(listed),
    i.type === "CE" || i.type === "PE" ? i.type : isContract ? "XX" : "",
    i.strike ?? (isContract ? -1 : ""),
    i.expiry === undefined ? "" : `${expiryText(i.expiry)}${i.exchange === "MCX" ? " 23:59" : ""}`,
    i.lotSize,
    i.tickSize
  ]
}

export const master: SimulatedMaster = {
  token: (l) =>
    l.index === undefined ? String(l.exchangeToken) : (indexIds[l.symbol] ?? `9999${l.exchangeToken}`),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    return l.expiry === undefined ? l.symbol : `${l.title}${yearMonth(l.expiry.date)}${contractTail(l)}`
  },
  brokerExchange: (_, code) => String(code).toUpperCase(),
  write: (listed) => {
    const files = new Map<string, Array<Listed>>()
    for (const one of listed) {
      const name = one.listing.type === "INDEX" ? "INDICES.csv" : `${one.instrument.brokerExchange}.csv`
      const rows = files.get(name)
      if (rows === undefined) files.set(name, [one])
      else rows.push(one)
    }
    return [...files].map(([name, rows]) => ({ name, text: csvText([COLUMNS, ...rows.map(row)]) }))
  }
}
