/** Kotak Neo's scrip master: a CSV per segment, with the stray signs that its header has. */
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, csvText, weeklyDay, yearMonth } from "./contracts.ts"

const COLUMNS = [
  "pSymbol",
  "pGroup",
  "pExchSeg",
  "pInstType",
  "pSymbolName",
  "pTrdSymbol",
  "pOptionType",
  "pISIN",
  "pDesc",
  "dTickSize ",
  "lLotSize",
  "lExpiryDate ",
  "lPrecision ",
  "dStrikePrice;"
]

const files: Readonly<Record<string, string>> = {
  nse_cm: "nse_cm-v1.csv",
  bse_cm: "bse_cm-v1.csv",
  nse_fo: "nse_fo.csv",
  bse_fo: "bse_fo.csv",
  cde_fo: "cde_fo.csv",
  mcx_fo: "mcx_fo.csv",
  "bcs-fo": "bcs_fo.csv"
}

/** Names of indices in the feed. */
const indexNames: Readonly<Record<string, string>> = {
  NIFTY: "Nifty 50",
  BANKNIFTY: "Nifty Bank",
  INDIAVIX: "INDIA VIX",
  SENSEX: "SENSEX"
}

const isCurrency = (l: Listing): boolean => l.exchange === "CDS" || l.exchange === "BCD"

const typeOf = (l: Listing): string => {
  if (l.type === "INDEX") return ""
  if (l.type === "EQ") return "EQ"
  const prefix = l.type === "FUT" ? "FUT" : "OPT"
  if (isCurrency(l)) return `${prefix}CUR`
  if (l.exchange === "MCX") return prefix === "FUT" ? "FUTCOM" : "OPTFUT"
  return l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:") ? `${prefix}IDX` : `${prefix}STK`
}

const groupOf = (l: Listing): string =>
  l.type === "EQ" ? (l.exchange === "NSE" ? "EQ" : "A") : l.type === "INDEX" ? "" : "XX"

const SECONDS_TO_1980 = 315_513_000

/** NSE counts from 1980; BSE and MCX write the end of the day as if it were UTC. */
const expiryOf = ({ exchange, expiry }: Listing): number | string => {
  if (expiry === undefined) return ""
  if (exchange === "NFO" || exchange === "CDS") return expiry.at / 1000 - SECONDS_TO_1980
  return Date.parse(`${expiry.date}T23:59:59Z`) / 1000
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => {
  const precision = isCurrency(l) ? 4 : 2
  const scaled = (price: number): string => (price * 10 ** precision).toFixed(6)
  return [
    l.exchangeToken,
    groupOf(l),
    i.brokerExchange,
    typeOf(l),
    l.type === "INDEX" || l.type === "EQ" ? l.symbol : l.title,
    i.brokerSymbol,
    l.type === "CE" || l.type === "PE" ? l.type : l.type === "FUT" ? "XX" : "",
    l.type === "EQ" ? `INE${String(l.exchangeToken).padStart(6, "0")}010` : "",
    l.title,
    scaled(i.tickSize),
    i.lotSize,
    expiryOf(l),
    precision,
    scaled(i.strike ?? -1 / 10 ** precision)
  ]
}

export const master: SimulatedMaster = {
  token: (l) =>
    l.index === undefined ? String(l.exchangeToken) : (indexNames[l.symbol] ?? String(l.exchangeToken)),
  symbol: (l) => {
    if (l.index !== undefined) return l.index.angel
    if (l.exchange === "NSE") return `${l.symbol}-EQ`
    if (l.expiry === undefined) return l.symbol
    const { date, weekly } = l.expiry
    return `${l.title}${weekly ? weeklyDay(date) : yearMonth(date)}${contractTail(l)}`
  },
  // The feed's name of BSE's currency segment is not the one that Kotak's REST documentation has.
  brokerExchange: (_, code) => (code === "bse_cd" ? "bcs-fo" : String(code)),
  write: (listed) => {
    const bySegment = new Map<string, Array<ReadonlyArray<string | number>>>()
    for (const one of listed) {
      const segment = one.instrument.brokerExchange
      const rows = bySegment.get(segment)
      if (rows === undefined) bySegment.set(segment, [COLUMNS, row(one)])
      else rows.push(row(one))
    }
    return Array.from(bySegment, ([segment, rows]): MasterText => ({
      name: files[segment] ?? `${segment}.csv`,
      text: csvText(rows)
    }))
  }
}
