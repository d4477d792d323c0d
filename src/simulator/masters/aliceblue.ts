/** Alice Blue's instrument master: a CSV per exchange, and one of the indices. */
import { ddmmmyy } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, csvText } from "./contracts.ts"
import { contractKind, norenSymbol, norenToken, onExchange, optionType } from "./norenNames.ts"

const CASH = [
  "Exch",
  "Exchange Segment",
  "Group Name",
  "Symbol",
  "Token",
  "Instrument Type",
  "Instrument Name",
  "Formatted Ins Name",
  "Trading Symbol",
  "Lot Size",
  "Tick Size"
]
const CONTRACTS = [
  "Exch",
  "Exchange Segment",
  "Symbol",
  "Token",
  "Instrument Type",
  "Option Type",
  "Strike Price",
  "Instrument Name",
  "Formatted Ins Name",
  "Trading Symbol",
  "Expiry Date",
  "Lot Size",
  "Tick Size"
]

const segments: Readonly<Record<string, string>> = {
  NSE: "nse_cm",
  BSE: "bse_cm",
  NFO: "nse_fo",
  BFO: "bse_fo",
  CDS: "cde_fo",
  BCD: "bcs_fo",
  MCX: "mcx_fo"
}

/** BSE's futures have kinds of two letters. */
const kindOf = ({ instrument: i, listing }: Listed): string => {
  if (i.type === "EQ") return "EQ"
  const kind = contractKind(listing)
  return i.exchange === "BFO" ? `${kind.endsWith("IDX") ? "I" : "S"}${i.type === "FUT" ? "F" : "O"}` : kind
}

const fieldsOf = (row: Listed): Readonly<Record<string, string | number>> => {
  const { instrument: i, listing } = row
  const cash = i.type === "EQ"
  return {
    Exch: i.brokerExchange,
    "Exchange Segment": segments[i.brokerExchange] ?? "",
    "Group Name": i.exchange === "NSE" ? "EQ" : "A",
    Symbol: cash ? i.symbol : listing.title,
    Token: i.token,
    "Instrument Type": kindOf(row),
    "Option Type": cash ? "" : optionType(listing),
    "Strike Price": i.strike ?? 0,
    "Instrument Name": cash ? listing.title : "",
    "Formatted Ins Name":
      i.expiry === undefined ? i.symbol : `${listing.title} ${ddmmmyy(i.expiry)} ${contractTail(listing)}`,
    "Trading Symbol": i.brokerSymbol,
    "Expiry Date": i.expiry ?? "",
    "Lot Size": i.lotSize,
    "Tick Size": i.tickSize
  }
}

export const master: SimulatedMaster = {
  token: norenToken,
  symbol: (l) => l.index?.kite ?? norenSymbol(l),
  write: (listed) => [
    ...Object.keys(segments).map((exchange) => {
      const names = exchange === "NSE" || exchange === "BSE" ? CASH : CONTRACTS
      const rows = onExchange(listed, exchange).filter((l) => l.instrument.type !== "INDEX")
      return {
        name: `${exchange}.csv`,
        text: csvText([names, ...rows.map(fieldsOf).map((row) => names.map((name) => row[name] ?? ""))])
      }
    }),
    {
      name: "INDICES.csv",
      text: csvText([
        ["exch", "symbol", "token"],
        ...listed
          .filter((l) => l.instrument.type === "INDEX")
          .map(({ instrument: i, listing }) => [
            i.brokerExchange,
            listing.index?.kite ?? i.symbol,
            i.brokerExchange === "NSE" ? `999${i.token}` : i.token
          ])
      ])
    }
  ]
}
