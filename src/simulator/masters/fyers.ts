/** Fyers' symbol master: CSV without a header for cash and equity derivatives, JSON for currency and commodities. */
import { monthName } from "../expiries.ts"
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, csvText, weeklyDay, yearMonth } from "./contracts.ts"

/** Digits of exchange and segment, the ticker's exchange, the file. */
const places: Readonly<Record<string, readonly [digits: string, exchange: string, file: string]>> = {
  NSE: ["1010", "NSE", "NSE_CM.csv"],
  NSE_INDEX: ["1010", "NSE", "NSE_CM.csv"],
  BSE: ["1210", "BSE", "BSE_CM.csv"],
  BSE_INDEX: ["1210", "BSE", "BSE_CM.csv"],
  NFO: ["1011", "NSE", "NSE_FO.csv"],
  BFO: ["1211", "BSE", "BSE_FO.csv"],
  NCO: ["1020", "NSE", "NSE_COM.csv"],
  CDS: ["1012", "NSE", "NSE_CD_sym_master.json"],
  MCX: ["1120", "MCX", "MCX_COM_sym_master.json"]
}

const placeOf = (l: Listing) => places[l.exchange]!

const ticker = (l: Listing): string => {
  const exchange = placeOf(l)[1]
  if (l.index !== undefined) return `${exchange}:${l.index.kite.replaceAll(" ", "")}-INDEX`
  if (l.expiry === undefined) return `${exchange}:${l.symbol}-${exchange === "NSE" ? "EQ" : "A"}`
  const { date, weekly } = l.expiry
  const when = weekly ? weeklyDay(date) : yearMonth(date)
  return `${exchange}:${l.title}${when}${contractTail(l)}`
}

/** `NIFTY 28 Mar 24 20800 CE` */
const details = ({ listing: l, instrument }: Listed): string => {
  if (l.expiry === undefined) return l.index === undefined ? l.title : ticker(l).slice(4)
  const { date } = l.expiry
  const name = monthName(date)
  const month = name[0]! + name.slice(1).toLowerCase()
  const tail = l.type === "FUT" ? "FUT" : `${instrument.strike} ${l.type}`
  return `${l.title} ${date.slice(8, 10)} ${month} ${date.slice(2, 4)} ${tail}`
}

/** Futures and options on an index, on shares, on currency, on commodities. */
const typeOf = (l: Listing): number => {
  if (l.type === "INDEX") return 10
  if (l.type === "EQ") return 0
  const future = l.type === "FUT"
  switch (l.exchange) {
    case "CDS":
      return future ? 16 : 19
    case "MCX":
    case "NCO":
      return future ? 30 : 31
    default: {
      const ofIndex = l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:")
      return future ? (ofIndex ? 11 : 13) : ofIndex ? 14 : 15
    }
  }
}

const seconds = (l: Listing): string => (l.expiry === undefined ? "" : String(l.expiry.at / 1000))

/** `20800.0` */
const decimal = (n: number): string => (Number.isInteger(n) ? n.toFixed(1) : String(n))

const csvRow = (row: Listed): ReadonlyArray<string | number> => {
  const { instrument: i, listing: l } = row
  const digits = placeOf(l)[0]
  return [
    i.token,
    details(row),
    typeOf(l),
    // An index has no lot.
    l.type === "INDEX" ? 0 : i.lotSize,
    l.type === "INDEX" ? 0.05 : i.tickSize,
    "",
    "0915-1530|1815-1915:",
    "",
    seconds(l),
    i.brokerSymbol,
    digits.slice(0, 2),
    digits.slice(2),
    l.exchangeToken,
    l.expiry === undefined ? l.symbol : l.title,
    l.exchangeToken,
    decimal(i.strike ?? -1),
    l.type === "CE" || l.type === "PE" ? l.type : "XX",
    i.token,
    "None",
    0,
    "0.0"
  ]
}

const jsonEntry = (row: Listed): readonly [string, unknown] => {
  const { instrument: i, listing: l } = row
  return [
    i.brokerSymbol,
    {
      fyToken: i.token,
      symTicker: i.brokerSymbol,
      symDetails: details(row),
      exInstType: typeOf(l),
      underSym: l.title,
      expiryDate: seconds(l),
      strikePrice: i.strike ?? -1,
      optType: l.type === "FUT" ? "XX" : l.type,
      minLotSize: 1,
      qtyMultiplier: i.lotSize,
      tickSize: i.tickSize
    }
  ]
}

export const master: SimulatedMaster = {
  // Exchange and segment, expiry (zeros where nothing expires), the exchange's own token.
  token: (l) => {
    const expiry = l.expiry === undefined ? "000000" : l.expiry.date.slice(2).replaceAll("-", "")
    return `${placeOf(l)[0]}${expiry}${l.exchangeToken}`
  },
  symbol: ticker,
  write: (listed) => {
    const files = new Map<string, Array<Listed>>()
    for (const row of listed) {
      const file = placeOf(row.listing)[2]
      const rows = files.get(file)
      if (rows === undefined) files.set(file, [row])
      else rows.push(row)
    }
    return Array.from(files, ([name, rows]): MasterText => ({
      name,
      text: name.endsWith(".json")
        ? JSON.stringify(Object.fromEntries(rows.map(jsonEntry)))
        : csvText(rows.map(csvRow))
    }))
  }
}
