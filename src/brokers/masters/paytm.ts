/**
 * Paytm Money's instrument master: one CSV of NSE and BSE.
 * Source: Paytm Money's API documentation ("Security master") and the file.
 */
import { csvMaster } from "./kit/csv.ts"
import { cashExchanges, derivativeExchanges, indexExchanges } from "./kit/exchanges.ts"
import { orNone, uint32Token } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { listing, rowParser } from "./kit/rows.ts"

/** NSE's indices that the file abbreviates in its own way. */
const ownNseIndices: Readonly<Record<string, string>> = {
  NIFTYMCAP50: "NIFTYMIDCAP50",
  NIFTYSMALLCAP250: "NIFTYSMLCAP250"
}

const optionTypeOf = ({ name, symbol }: Fields<"name" | "symbol">): "CE" | "PE" | undefined => {
  const word = /\b(CALL|PUT|CE|PE)$/i.exec(name)?.[1] ?? /(CE|PE)$/i.exec(symbol)?.[1]
  if (word === undefined) return undefined
  return /^C/i.test(word) ? "CE" : "PE"
}

const toRow = rowParser({
  also: ["instrument_type", "exchange", "series"],
  listing: (f) => {
    const { exchange, instrument_type: kind } = f
    const cash = cashExchanges[exchange]
    if (cash === undefined) return skipped(`exchange ${orNone(exchange)}`)
    if (/^(FUT|OPT)(IDX|STK)$/.test(kind)) {
      return listing(derivativeExchanges[exchange]!, exchange, kind.startsWith("FUT") ? "FUT" : "OPT")
    }
    if (kind === "I") return listing(indexExchanges[exchange]!, exchange, "INDEX")
    if (kind !== "ES" && kind !== "ETF") return skipped(orNone(kind, "no instrument_type"))
    if (f.symbol === "") return rejected("symbol is empty")
    // A subscription must say whether it is for a share or a fund, and nothing else here tells.
    return listing(cash, kind === "ETF" ? `${exchange}:ETF` : exchange, "EQ")
  },
  token: { columns: "security_id", read: uint32Token },
  brokerSymbol: {
    columns: ["name", "symbol"],
    read: (text, f, { type }) => (type === "EQ" ? f.symbol : text)
  },
  name: ["name", "symbol"],
  indexSymbol: indexSymbols({ nse: ownNseIndices, likeZerodha: true }),
  lotSize: "lot_size",
  tickSize: "tick_size",
  security: (f) => ({ root: f.symbol, series: f.series }),
  expiry: "expiry_date",
  option: { columns: "name", read: (_, f) => optionTypeOf(f) },
  strike: "strike_price",
  // `NIFTY 12 MAY 17850 CALL`: the underlying is its first word.
  underlying: (_, { name }) => name.split(" ")[0]!,
  reasons: {
    token: (text, column) => `${column} "${text}" is no id`,
    option: (text) => `option "${text}" is neither CALL nor PUT`
  }
})

export const parse = csvMaster(
  {
    title: "Paytm Money's instrument master",
    optional: ["series"],
    remedy: "Fetch security_master.csv again; a file of your own needs the same columns."
  },
  toRow
)
