/** 5paisa's scrip master: one CSV of all segments. */
import { ddmmmyy } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, csvText } from "./contracts.ts"

const COLUMNS = [
  "Exch",
  "ExchType",
  "ScripCode",
  "Name",
  "Expiry",
  "ScripType",
  "StrikeRate",
  "FullName",
  "TickSize",
  "LotSize",
  "QtyLimit",
  "Multiplier",
  "SymbolRoot",
  "BOCOAllowed",
  "ISIN",
  "ScripData",
  "Series"
]

const row = ({ code, instrument: i, listing }: Listed): ReadonlyArray<string | number> => {
  const isCash = listing.type === "EQ" || listing.type === "INDEX"
  return [
    String(code)[0]!,
    String(code)[1]!,
    i.token,
    i.brokerSymbol,
    i.expiry === undefined ? "1980-01-01 00:00:00" : `${i.expiry} 14:30:00`,
    listing.type === "CE" || listing.type === "PE" ? listing.type : "XX",
    i.strike ?? 0,
    i.name,
    i.tickSize,
    i.lotSize,
    0,
    1,
    isCash ? listing.symbol : listing.title,
    "Y",
    "",
    "",
    isCash ? "EQ" : "XX"
  ]
}

export const master: SimulatedMaster = {
  token: (l) =>
    String(
      l.type === "INDEX"
        ? // Indices of NSE are 999920000 and above, those of BSE 999901 and above.
          (l.exchange === "NSE_INDEX" ? 999_920_000 : 999_900) + (l.exchangeToken % 1000)
        : l.exchangeToken
    ),
  brokerExchange: (l) => l.exchange,
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite.toUpperCase()
    return l.expiry === undefined
      ? l.symbol
      : `${l.title} ${ddmmmyy(l.expiry.date)} ${contractTail(l)}`.toUpperCase()
  },
  write: (listed) => [{ name: "scripmaster.csv", text: csvText([COLUMNS, ...listed.map(row)]) }]
}
