/** How instruments are called on the index channel: by the broker's symbol, and some indices by their long names. */
import type { WireInstrument } from "../../market/instrument.ts"

/** Long names, in upper case. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["NIFTY 50", "NIFTY"],
  ["NIFTY BANK", "BANKNIFTY"],
  ["NIFTY FINANCIAL SERVICES", "FINNIFTY"],
  ["BSE SENSEX", "SENSEX"],
  ["BSE SENSEX 50", "SENSEX50"]
])

export const plainName = (name: string): string => {
  const upper = name.toUpperCase()
  return aliases.get(upper) ?? upper
}

export const nameOnWire = ({ brokerSymbol }: WireInstrument): string => plainName(brokerSymbol)

/** What a message without an exchange means. */
export const DEFAULT_EXCHANGE = "NSE"
