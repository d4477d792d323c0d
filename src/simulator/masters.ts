/** Instrument masters as the brokers publish them, written from the listings: what the importers import. */
import { monthName } from "./expiries.ts"
import type { Listed } from "./identity.ts"

export interface MasterFile {
  readonly contentType: string
  readonly body: string
}

/** @param exchange only its rows: Kite serves `/instruments/NSE` too */
export type MasterWriter = (listed: ReadonlyArray<Listed>, exchange?: string) => MasterFile

const KITE_COLUMNS =
  "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange"

/** CSV quoting where a field needs it. */
const csv = (field: string): string => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)

const kiteSegment = ({ listing, instrument }: Listed): string =>
  listing.type === "INDEX"
    ? "INDICES"
    : listing.type === "EQ"
      ? instrument.brokerExchange
      : `${instrument.brokerExchange}-${listing.type === "FUT" ? "FUT" : "OPT"}`

const kite: MasterWriter = (listed, exchange) => {
  const lines = [KITE_COLUMNS]
  for (const row of listed) {
    const { listing, instrument: i } = row
    if (exchange !== undefined && i.brokerExchange !== exchange) continue
    const isIndex = listing.type === "INDEX"
    lines.push(
      [
        i.token,
        listing.exchangeToken,
        csv(i.brokerSymbol),
        csv(i.name),
        0,
        i.expiry ?? "",
        i.strike ?? 0,
        i.tickSize,
        // Kite lists indices as equities of segment INDICES with a lot of none.
        isIndex ? 0 : i.lotSize,
        isIndex ? "EQ" : i.type,
        kiteSegment(row),
        i.brokerExchange
      ].join(",")
    )
  }
  return { contentType: "text/csv; charset=utf-8", body: `${lines.join("\n")}\n` }
}

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

const angel: MasterWriter = (listed) => ({
  contentType: "application/json; charset=utf-8",
  body: JSON.stringify(
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
})

/** By wire protocol. */
export const masterWriters: Readonly<Record<string, MasterWriter>> = { kite, smartstream: angel }
