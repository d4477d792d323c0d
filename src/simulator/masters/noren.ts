/** The instrument masters of Shoonya, Zebu and TradeSmart: a CSV per exchange, every line with a comma at its end. */
import type { Listed, SimulatedMaster } from "./master.ts"
import { csvText } from "./contracts.ts"
import { contractKind, norenExpiry, norenSymbol, norenToken, onExchange, optionType } from "./norenNames.ts"

const CASH = "Exchange,Token,LotSize,Symbol,TradingSymbol,Instrument,TickSize,"
const CONTRACTS =
  "Exchange,Token,LotSize,Symbol,TradingSymbol,Expiry,Instrument,OptionType,StrikePrice,TickSize,"

const headers: Readonly<Record<string, string>> = {
  NSE: CASH,
  BSE: CASH,
  NFO: CONTRACTS,
  BFO: CONTRACTS,
  CDS: CONTRACTS.replace("LotSize,", "LotSize,Precision,Multiplier,"),
  MCX: CONTRACTS.replace("LotSize,", "LotSize,GNGD,")
}

const fieldsOf = ({ instrument: i, listing }: Listed): Readonly<Record<string, string | number>> => ({
  Exchange: i.brokerExchange,
  Token: i.token,
  LotSize: i.lotSize,
  Precision: 4,
  Multiplier: 1000,
  GNGD: 1,
  // BSE calls its underlyings by codes of its own.
  Symbol:
    listing.index?.angel ?? (i.exchange === "BFO" ? "BSXOPT" : i.type === "EQ" ? i.symbol : listing.title),
  TradingSymbol: i.brokerSymbol,
  Expiry: norenExpiry(i.expiry),
  Instrument: i.type === "INDEX" ? "INDEX" : i.type === "EQ" ? "EQ" : contractKind(listing),
  OptionType: optionType(listing),
  StrikePrice: i.strike ?? -0.01,
  TickSize: i.tickSize
})

export const master: SimulatedMaster = {
  token: norenToken,
  symbol: norenSymbol,
  write: (listed) =>
    Object.entries(headers).map(([exchange, header]) => {
      const names = header.split(",")
      const rows = onExchange(listed, exchange).map(fieldsOf)
      return {
        name: `${exchange}_symbols.txt`,
        text: csvText([names, ...rows.map((row) => names.map((name) => row[name] ?? ""))])
      }
    })
}
