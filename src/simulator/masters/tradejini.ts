/** Tradejini's instrument master: a CSV per group of its symbol store, where ids say what an instrument is. */
import type { Listed, MasterText, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { csvText } from "./contracts.ts"

const COLUMNS = ["id", "dispName", "excToken", "lot", "tick", "asset", "symbol", "desc"]

/** Indices count downwards from -1, BSE's from -101. */
const tokenOf = ({ exchange, exchangeToken: n, type }: Listing): string => {
  if (type !== "INDEX") return String(n)
  return exchange === "BSE_INDEX" ? String(-100 - n) : String(-(n % 1000))
}

const kindOf = ({ driver, exchange, type }: Listing): string => {
  const kind = type === "FUT" ? "FUT" : "OPT"
  if (exchange === "CDS" || exchange === "BCD") return `${kind}CUR`
  if (exchange === "MCX" || exchange === "NCO") return type === "FUT" ? "FUTCOM" : "OPTFUT"
  return driver.kind !== "walk" && String(driver.of).includes("_INDEX:") ? `${kind}IDX` : `${kind}STK`
}

const idOf = (l: Listing): string => {
  const exchange = l.exchange.replace("_INDEX", "")
  if (l.type === "INDEX") return `IDX_${tokenOf(l)}_${exchange}`
  if (l.expiry === undefined) return `EQT_${l.symbol}_${exchange === "BSE" ? "A" : "EQ"}_${exchange}`
  const id = `${kindOf(l)}_${l.title}_${exchange}_${l.expiry.date}`
  return l.type === "FUT" ? id : `${id}_${l.strike}_${l.type}`
}

const groupOf = ({ exchange, type }: Listing): string => {
  if (type === "EQ") return "Securities"
  if (type === "INDEX") return "Index"
  const isFuture = type === "FUT"
  if (exchange === "CDS" || exchange === "BCD") return isFuture ? "CurrencyFuture" : "CurrencyOptions"
  if (exchange === "MCX" || exchange === "NCO") return isFuture ? "CommodityFuture" : "CommodityOptions"
  return isFuture ? "FutureContracts" : exchange === "BFO" ? "BSEOptions" : "NSEOptions"
}

const row = ({ instrument: i, listing: l }: Listed): ReadonlyArray<string | number> => [
  i.brokerSymbol,
  l.index?.angel ?? l.title,
  i.token,
  l.type === "INDEX" ? "" : i.lotSize,
  l.type === "INDEX" ? "" : i.tickSize,
  l.type === "EQ" ? "equity" : l.type === "INDEX" ? "index" : l.type === "FUT" ? "future" : "option",
  l.type === "INDEX" ? l.symbol : "",
  l.type === "EQ" ? l.title : ""
]

const write = (listed: ReadonlyArray<Listed>): ReadonlyArray<MasterText> => {
  const files = new Map<string, Array<ReadonlyArray<string | number>>>()
  for (const one of listed) {
    const name = `${groupOf(one.listing)}.csv`
    const rows = files.get(name) ?? [COLUMNS]
    files.set(name, rows)
    rows.push(row(one))
  }
  return [...files].map(([name, rows]) => ({ name, text: csvText(rows) }))
}

export const master: SimulatedMaster = { token: tokenOf, symbol: idOf, write }
