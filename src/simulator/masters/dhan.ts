/** Dhan's instrument master: the compact CSV. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const COLUMNS = [
  "SEM_EXM_EXCH_ID",
  "SEM_SEGMENT",
  "SEM_SMST_SECURITY_ID",
  "SEM_INSTRUMENT_NAME",
  "SEM_EXPIRY_CODE",
  "SEM_TRADING_SYMBOL",
  "SEM_LOT_UNITS",
  "SEM_CUSTOM_SYMBOL",
  "SEM_EXPIRY_DATE",
  "SEM_STRIKE_PRICE",
  "SEM_OPTION_TYPE",
  "SEM_TICK_SIZE",
  "SEM_EXPIRY_FLAG",
  "SEM_EXCH_INSTRUMENT_TYPE",
  "SEM_SERIES",
  "SM_SYMBOL_NAME"
]

/** Its own security ids of indices; they share a segment. */
const indexIds: Readonly<Record<string, string>> = {
  NIFTY: "13",
  INDIAVIX: "21",
  BANKNIFTY: "25",
  SENSEX: "51"
}

const exchanges: Readonly<Record<string, readonly [exchange: string, segment: string, wire: string]>> = {
  NSE: ["NSE", "E", "NSE_EQ"],
  BSE: ["BSE", "E", "BSE_EQ"],
  NFO: ["NSE", "D", "NSE_FNO"],
  BFO: ["BSE", "D", "BSE_FNO"],
  CDS: ["NSE", "C", "NSE_CURRENCY"],
  BCD: ["BSE", "C", "BSE_CURRENCY"],
  MCX: ["MCX", "M", "MCX_COMM"],
  NSE_INDEX: ["NSE", "I", "IDX_I"],
  BSE_INDEX: ["BSE", "I", "IDX_I"]
}

const kindOf = (l: Listing): string => {
  if (l.type === "EQ") return "EQUITY"
  if (l.type === "INDEX") return "INDEX"
  const prefix = l.type === "FUT" ? "FUT" : "OPT"
  if (l.exchange === "CDS" || l.exchange === "BCD") return `${prefix}CUR`
  // Options on MCX are options on a future.
  if (l.exchange === "MCX") return prefix === "FUT" ? "FUTCOM" : "OPTFUT"
  return l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:") ? `${prefix}IDX` : `${prefix}STK`
}

/** `Mar` */
const month = (date: string): string => {
  const name = monthName(date)
  return name[0]! + name.slice(1).toLowerCase()
}

const tradingSymbol = (l: Listing): string => {
  if (l.expiry === undefined) return l.symbol
  const when = `${month(l.expiry.date)}${l.expiry.date.slice(0, 4)}`
  return l.type === "FUT" ? `${l.title}-${when}-FUT` : `${l.title}-${when}-${l.strike}-${l.type}`
}

/** What Dhan shows: `NIFTY 28 MAR 20800 CALL`. */
const customSymbol = (l: Listing): string => {
  if (l.expiry === undefined) return l.title
  const { date } = l.expiry
  if (l.type === "FUT") return `${l.title} ${monthName(date)} FUT`
  return `${l.title} ${date.slice(8)} ${monthName(date)} ${l.strike} ${l.type === "CE" ? "CALL" : "PUT"}`
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => {
  const [exchange, segment] = exchanges[l.exchange] ?? [l.exchange, ""]
  const isContract = l.expiry !== undefined
  return [
    exchange,
    segment,
    i.token,
    kindOf(l),
    0,
    i.brokerSymbol,
    `${i.lotSize}.0`,
    customSymbol(l),
    isContract ? `${i.expiry} 14:30:00` : "",
    isContract ? (i.strike ?? -0.01).toFixed(5) : "",
    isContract ? (l.type === "FUT" ? "XX" : l.type) : "",
    (i.tickSize * 100).toFixed(4),
    isContract ? (l.expiry.weekly ? "W" : "M") : "NA",
    l.type === "EQ" ? "ES" : l.type,
    l.exchange === "NSE" ? "EQ" : "",
    isContract ? "" : i.name
  ]
}

export const master: SimulatedMaster = {
  token: (l) => (l.type === "INDEX" ? indexIds[l.symbol] : undefined) ?? String(l.exchangeToken),
  symbol: tradingSymbol,
  brokerExchange: (l) => exchanges[l.exchange]?.[2] ?? l.exchange,
  write: (listed) => [{ name: "api-scrip-master.csv", text: csvText([COLUMNS, ...listed.map(row)]) }]
}
