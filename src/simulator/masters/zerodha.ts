/** Zerodha's instrument master: CSV, with the exchange's token beside the wire's. */
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, csvField, weeklyDay, yearMonth } from "./contracts.ts"

const COLUMNS =
  "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange"

const segmentOf = ({ listing, instrument }: Listed): string =>
  listing.type === "INDEX"
    ? "INDICES"
    : listing.type === "EQ"
      ? instrument.brokerExchange
      : `${instrument.brokerExchange}-${listing.type === "FUT" ? "FUT" : "OPT"}`

const write = (listed: ReadonlyArray<Listed>): string => {
  const lines = [COLUMNS]
  for (const row of listed) {
    const { listing, instrument: i } = row
    const isIndex = listing.type === "INDEX"
    lines.push(
      [
        i.token,
        listing.exchangeToken,
        csvField(i.brokerSymbol),
        csvField(i.name),
        0,
        i.expiry ?? "",
        i.strike ?? 0,
        i.tickSize,
        // Kite lists indices as equities of segment INDICES with a lot of none.
        isIndex ? 0 : i.lotSize,
        isIndex ? "EQ" : i.type,
        segmentOf(row),
        i.brokerExchange
      ].join(",")
    )
  }
  return `${lines.join("\n")}\n`
}

export const master: SimulatedMaster = {
  token: (l, code) => String(l.exchangeToken * 256 + Number(code)),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.kite
    if (l.expiry === undefined) return l.symbol
    const { date, weekly } = l.expiry
    const when = weekly ? weeklyDay(date) : yearMonth(date)
    return `${l.title}${when}${contractTail(l)}`
  },
  write: (listed) => [{ name: "instruments.csv", text: write(listed) }]
}
