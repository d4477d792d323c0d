/** A few instruments in Zerodha's terms. */
import type { Instrument } from "../../../src/market/instrument.ts"

export const instrument = (symbol: string, exchange: Instrument["exchange"], token: number): Instrument => ({
  symbol,
  exchange,
  brokerSymbol: symbol,
  brokerExchange: exchange.replace("_INDEX", ""),
  token: String(token),
  name: symbol,
  lotSize: 1,
  tickSize: 0.05,
  type: exchange.endsWith("_INDEX") ? "INDEX" : "EQ"
})

export const RELIANCE = instrument("RELIANCE", "NSE", 738561)
export const INFY = instrument("INFY", "NSE", 408065)
export const TCS = instrument("TCS", "NSE", 2953217)
export const NIFTY = instrument("NIFTY", "NSE_INDEX", 256265)
export const listed = [RELIANCE, INFY, TCS, NIFTY]
