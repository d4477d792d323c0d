/** Angel One's instrument master: one JSON array, every field a text. */
import { ddmmmyy, monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import { contractTail, yearMonth } from "./contracts.ts"

/** `FUTIDX`, `OPTSTK`, ...: which kind of underlying a contract has. */
const angelType = ({ listing }: Listed): string => {
  if (listing.type === "INDEX") return "AMXIDX"
  if (listing.type === "EQ") return ""
  const isFuture = listing.type === "FUT"
  switch (listing.exchange) {
    case "CDS":
      return isFuture ? "FUTCUR" : "OPTCUR"
    case "MCX":
      // Options on MCX are options on a future.
      return isFuture ? "FUTCOM" : "OPTFUT"
    default: {
      const kind = isFuture ? "FUT" : "OPT"
      return listing.driver.kind !== "walk" && String(listing.driver.of).includes("_INDEX:")
        ? `${kind}IDX`
        : `${kind}STK`
    }
  }
}

/** Strikes are in paise; those of currency options 100 000 times finer still. */
const angelStrike = ({ listing, instrument }: Listed): string => {
  if (instrument.strike === undefined) return listing.type === "EQ" ? "-1.000000" : "0.000000"
  return (instrument.strike * (listing.exchange === "CDS" ? 10_000_000 : 100)).toFixed(6)
}

const angelExpiry = (date: string | undefined): string =>
  date === undefined ? "" : `${date.slice(8, 10)}${monthName(date)}${date.slice(0, 4)}`

const write = (listed: ReadonlyArray<Listed>): string =>
  JSON.stringify(
    listed.map((row) => {
      const { listing, instrument: i } = row
      return {
        token: i.token,
        symbol: i.brokerSymbol,
        name: listing.index?.angel ?? (listing.type === "EQ" ? i.symbol : i.name),
        expiry: angelExpiry(i.expiry),
        strike: angelStrike(row),
        lotsize: String(i.lotSize),
        instrumenttype: angelType(row),
        exch_seg: i.brokerExchange,
        tick_size: (i.tickSize * 100).toFixed(6)
      }
    })
  )

export const master: SimulatedMaster = {
  token: (l) => l.index?.angelToken ?? String(l.exchangeToken),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    if (l.exchange === "NSE") return `${l.symbol}-EQ`
    if (l.expiry === undefined) return l.symbol
    // NSE and MCX contracts carry the whole date, BSE and currency ones year and month.
    const when =
      l.exchange === "NFO" || l.exchange === "MCX" ? ddmmmyy(l.expiry.date) : yearMonth(l.expiry.date)
    return `${l.title}${when}${contractTail(l)}`
  },
  write: (listed) => [{ name: "OpenAPIScripMaster.json", text: write(listed) }]
}
