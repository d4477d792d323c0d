/** Firstock's instrument master: a CSV per exchange, and a JSON list of the indices. */
import type { Listed, SimulatedMaster } from "./master.ts"
import { csvText } from "./contracts.ts"
import { contractKind, norenExpiry, norenSymbol, norenToken, onExchange, optionType } from "./norenNames.ts"

const CASH = ["Exchange", "Token", "LotSize", "TradingSymbol", "CompanyName", "ISIN", "TickSize", "FreezeQty"]
const CONTRACTS = [
  "Exchange",
  "Token",
  "LotSize",
  "Symbol",
  "TradingSymbol",
  "CompanyName",
  "Expiry",
  "Instrument",
  "OptionType",
  "StrikePrice",
  "TickSize",
  "FreezeQty"
]

const fieldsOf = ({ instrument: i, listing }: Listed): Readonly<Record<string, string | number>> => ({
  Exchange: i.brokerExchange,
  Token: i.token,
  LotSize: i.lotSize,
  Symbol: listing.title,
  TradingSymbol: i.brokerSymbol,
  CompanyName: listing.title,
  ISIN: "INE000000000",
  Expiry: norenExpiry(i.expiry),
  Instrument: i.type === "EQ" ? "EQ" : contractKind(listing),
  OptionType: optionType(listing),
  StrikePrice: i.strike ?? 0,
  TickSize: i.tickSize,
  FreezeQty: 100_000
})

export const master: SimulatedMaster = {
  token: norenToken,
  symbol: (l) => (l.index === undefined ? norenSymbol(l) : l.symbol),
  write: (listed) => [
    ...["NSE", "BSE", "NFO", "BFO"].map((exchange) => {
      const names = exchange.endsWith("SE") ? CASH : CONTRACTS
      const rows = onExchange(listed, exchange).filter((l) => l.instrument.type !== "INDEX")
      return {
        name: `${exchange}.csv`,
        text: csvText([names, ...rows.map(fieldsOf).map((row) => names.map((name) => row[name] ?? ""))])
      }
    }),
    {
      name: "indexList.json",
      text: JSON.stringify({
        status: "success",
        message: "All indexes",
        data: listed
          .filter((l) => l.instrument.type === "INDEX")
          .map(({ instrument: i, listing }) => ({
            exchange: i.brokerExchange,
            token: i.token,
            tradingSymbol: i.brokerSymbol,
            symbol: i.brokerSymbol,
            idxname: listing.index?.kite ?? i.symbol
          }))
      })
    }
  ]
}
