/** 5paisa's scrip master: one CSV of all segments. Source: 5paisa's Xstream documentation and the file itself. */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const columns = [
  "Exch",
  "ExchType",
  "ScripCode",
  "Name",
  "Expiry",
  "ScripType",
  "StrikeRate",
  "TickSize",
  "LotSize",
  "SymbolRoot",
  "Series",
  "ISIN"
] as const
const optional = ["ISIN"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const exchanges: Readonly<Record<string, Exchange>> = {
  NC: "NSE",
  BC: "BSE",
  ND: "NFO",
  BD: "BFO",
  NU: "CDS",
  BU: "BCD",
  MD: "MCX"
}

/** Codes of indices begin above this, among those of the cash segment. */
const LAST_STOCK = 999_900

const REMEDY = "Fetch ScripMaster/segment/all again; a file of your own needs the same columns."

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder({ lastToken: true })
  addCsvRows({ title: "5paisa's scrip master", text, columns, optional, remedy: REMEDY }, builder, toRow)
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const segment = `${f.Exch}${f.ExchType}`
  const exchange = exchanges[segment]
  if (exchange === undefined) return skipped(`segment ${segment === "" ? "(none)" : segment}`)
  if (!isToken(f.ScripCode)) return rejected(`ScripCode "${f.ScripCode}" is no code`)
  if (f.Name === "") return rejected("Name is empty")
  const isCash = f.ExchType === "C"
  if (isCash && Number(f.ScripCode) > LAST_STOCK) return toIndex(f, exchange)
  const lotSize = numberOf(f.LotSize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`LotSize "${f.LotSize}" is no size`)
  const tickSize = numberOf(f.TickSize)
  if (tickSize === undefined || tickSize < 0) return rejected(`TickSize "${f.TickSize}" is no size`)
  if (f.SymbolRoot === "") return rejected("SymbolRoot is empty")
  const base = {
    exchange,
    brokerSymbol: f.Name.toUpperCase(),
    brokerExchange: exchange,
    token: f.ScripCode,
    name: f.SymbolRoot,
    lotSize,
    tickSize
  }
  // XX fills the column where there is nothing to tell.
  if (isCash) {
    return cash({ ...base, root: f.SymbolRoot, series: f.Series === "XX" ? "" : f.Series, isin: f.ISIN })
  }
  const expiry = dateOf(f.Expiry)
  if (expiry === undefined) return rejected(`Expiry "${f.Expiry}" is no date`)
  if (f.ScripType === "XX") return contract(base, "FUT", expiry, undefined)
  if (f.ScripType !== "CE" && f.ScripType !== "PE") return skipped(`ScripType ${f.ScripType} of ${exchange}`)
  const strike = numberOf(f.StrikeRate)
  if (strike === undefined || strike <= 0) return rejected(`StrikeRate "${f.StrikeRate}" is no price`)
  return contract(base, f.ScripType, expiry, strike)
}

const toIndex = (f: Fields, parent: Exchange): Row => {
  const exchange: Exchange = parent === "NSE" ? "NSE_INDEX" : "BSE_INDEX"
  const plain = f.Name.toUpperCase().replace(/[ -]/g, "")
  return carried({
    symbol: (exchange === "NSE_INDEX" ? nseIndices : bseIndices)[plain] ?? plain,
    exchange,
    brokerSymbol: f.Name.toUpperCase(),
    brokerExchange: exchange,
    token: f.ScripCode,
    name: f.Name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}
