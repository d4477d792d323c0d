/** The indices that Samco's API is asked for one by one. */

/** The names that the index API takes, with the common symbols. */
export const samcoIndices: ReadonlyArray<{
  readonly name: string
  readonly symbol: string
  readonly exchange: "NSE_INDEX" | "BSE_INDEX"
}> = [
  { name: "NIFTY 50", symbol: "NIFTY", exchange: "NSE_INDEX" },
  { name: "NIFTY BANK", symbol: "BANKNIFTY", exchange: "NSE_INDEX" },
  { name: "NIFTY FIN SERVICE", symbol: "FINNIFTY", exchange: "NSE_INDEX" },
  { name: "NIFTY MID SELECT", symbol: "MIDCPNIFTY", exchange: "NSE_INDEX" },
  { name: "NIFTY NEXT 50", symbol: "NIFTYNXT50", exchange: "NSE_INDEX" },
  { name: "INDIA VIX", symbol: "INDIAVIX", exchange: "NSE_INDEX" },
  { name: "SENSEX", symbol: "SENSEX", exchange: "BSE_INDEX" },
  { name: "BANKEX", symbol: "BANKEX", exchange: "BSE_INDEX" }
]

/** What the answer for an index is kept under. */
export const indexFile = (name: string): string => `index ${name}.json`
