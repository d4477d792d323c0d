/** Flattrade's instrument master: CSV files by exchange and kind. */
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import { csvText } from "./contracts.ts"
import { contractKind, norenExpiry, norenSymbol, norenToken, onExchange, optionType } from "./norenNames.ts"

const CASH = ["Exchange", "Token", "Lotsize", "Symbol", "Tradingsymbol", "Instrument"]
const CONTRACTS = [...CASH, "Expiry", "Strike", "Optiontype"]

const instrumentOf = ({ instrument: i, listing }: Listed): string => {
  if (i.type === "INDEX") return i.brokerExchange === "BSE" ? "UNDIND" : "INDEX"
  return i.type === "EQ" ? (i.brokerExchange === "BSE" ? "A" : "EQ") : contractKind(listing)
}

const cashFields = (l: Listed): ReadonlyArray<string | number> => [
  l.instrument.brokerExchange,
  l.instrument.token,
  l.instrument.lotSize,
  l.listing.index?.angel ?? (l.instrument.type === "EQ" ? l.instrument.symbol : l.listing.title),
  l.instrument.brokerSymbol,
  instrumentOf(l)
]

const contractFields = (l: Listed): ReadonlyArray<string | number> => [
  ...cashFields(l),
  norenExpiry(l.instrument.expiry),
  l.instrument.strike ?? 0,
  optionType(l.listing)
]

const isOnIndex = (l: Listed): boolean => contractKind(l.listing).endsWith("IDX")

const contracts = (name: string, rows: ReadonlyArray<Listed>): MasterText => ({
  name,
  text: csvText([CONTRACTS, ...rows.map(contractFields)])
})

export const master: SimulatedMaster = {
  token: norenToken,
  symbol: norenSymbol,
  write: (listed) => {
    const [nfo, bfo] = [onExchange(listed, "NFO"), onExchange(listed, "BFO")]
    return [
      ...["NSE", "BSE"].map((exchange) => ({
        name: `${exchange}_Equity.csv`,
        text: csvText([CASH, ...onExchange(listed, exchange).map(cashFields)])
      })),
      contracts(
        "Nfo_Equity_Derivatives.csv",
        nfo.filter((l) => !isOnIndex(l))
      ),
      contracts("Nfo_Index_Derivatives.csv", nfo.filter(isOnIndex)),
      contracts(
        "Bfo_Equity_Derivatives.csv",
        bfo.filter((l) => !isOnIndex(l))
      ),
      contracts("Bfo_Index_Derivatives.csv", bfo.filter(isOnIndex)),
      contracts("Currency_Derivatives.csv", onExchange(listed, "CDS")),
      contracts("Commodity.csv", onExchange(listed, "MCX"))
    ]
  }
}
