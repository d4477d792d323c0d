/** INDmoney's instrument master: CSVs of equities, derivatives and indices. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const COLUMNS = [
  "EXCH",
  "SEGMENT",
  "SECURITY_ID",
  "INSTRUMENT_NAME",
  "EXPIRY_CODE",
  "TRADING_SYMBOL",
  "LOT_UNITS",
  "CUSTOM_SYMBOL",
  "EXPIRY_DATE",
  "STRIKE_PRICE",
  "OPTION_TYPE",
  "TICK_SIZE",
  "EXPIRY_FLAG",
  "SEM_EXCH_INSTRUMENT_TYPE",
  "SERIES",
  "SYMBOL_NAME"
]

const kindOf = (l: Listing): string =>
  l.type === "EQ"
    ? "EQUITY"
    : `${l.type === "FUT" ? "FUT" : "OPT"}${l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:") ? "IDX" : "STK"}`

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.brokerExchange,
  l.type === "EQ" ? "E" : "D",
  i.token,
  kindOf(l),
  0,
  i.brokerSymbol,
  i.lotSize,
  i.name,
  i.expiry === undefined ? "" : `${i.expiry} 14:30:00`,
  i.strike ?? "",
  l.type === "CE" || l.type === "PE" ? l.type : l.type === "FUT" ? "XX" : "",
  i.tickSize,
  l.expiry === undefined ? "" : l.expiry.weekly ? "W" : "M",
  "",
  l.type === "EQ" ? "EQ" : "",
  l.title
]

/** `Aug2026`, in title case. */
const month = (date: string): string => {
  const name = monthName(date)
  return `${name[0]}${name.slice(1).toLowerCase()}${date.slice(0, 4)}`
}

export const master: SimulatedMaster = {
  token: (l) =>
    String(
      l.type === "INDEX"
        ? (l.exchange === "NSE_INDEX" ? 40_000_000 : 50_000_000) + (l.exchangeToken % 1000)
        : l.exchangeToken
    ),
  brokerExchange: (l) => (l.exchange.startsWith("B") ? "BSE" : "NSE"),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite.toUpperCase()
    if (l.expiry === undefined) return l.symbol
    const tail = l.type === "FUT" ? "FUT" : `${l.strike}-${l.type}`
    return `${l.title}-${month(l.expiry.date)}-${tail}`
  },
  write: (listed) => {
    const of = (wanted: (l: Listing) => boolean) => listed.filter(({ listing }) => wanted(listing))
    return [
      { name: "equity.csv", text: csvText([COLUMNS, ...of((l) => l.type === "EQ").map(row)]) },
      { name: "fno.csv", text: csvText([COLUMNS, ...of((l) => l.expiry !== undefined).map(row)]) },
      {
        name: "index.csv",
        text: csvText([
          ["EXCH", "SEGMENT", "SECURITY_ID"],
          ...of((l) => l.type === "INDEX").map(({ instrument: i }) => [
            i.brokerExchange,
            i.brokerSymbol,
            i.token
          ])
        ])
      }
    ]
  }
}
