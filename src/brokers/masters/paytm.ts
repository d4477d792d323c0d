/**
 * Paytm Money's instrument master: one CSV of NSE and BSE.
 * Source: Paytm Money's API documentation ("Security master") and the file.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"

const columns = [
  "security_id",
  "symbol",
  "name",
  "tick_size",
  "lot_size",
  "instrument_type",
  "exchange",
  "expiry_date",
  "strike_price",
  "series"
] as const
const optional = ["series"] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

interface Place {
  readonly cash: Exchange
  readonly contracts: Exchange
  readonly indices: Exchange
}

const places: Readonly<Record<string, Place>> = {
  NSE: { cash: "NSE", contracts: "NFO", indices: "NSE_INDEX" },
  BSE: { cash: "BSE", contracts: "BFO", indices: "BSE_INDEX" }
}

/** NSE's indices that the file abbreviates in its own way. */
const ownNseIndices: Readonly<Record<string, string>> = {
  NIFTYMCAP50: "NIFTYMIDCAP50",
  NIFTYSMALLCAP250: "NIFTYSMLCAP250"
}

const REMEDY = "Fetch security_master.csv again; a file of your own needs the same columns."

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows(
    { title: "Paytm Money's instrument master", text, columns, optional, remedy: REMEDY },
    builder,
    toRow
  )
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const place = places[f.exchange]
  if (place === undefined) return skipped(`exchange ${f.exchange === "" ? "(none)" : f.exchange}`)
  const kind = f.instrument_type
  const isContract = /^(FUT|OPT)(IDX|STK)$/.test(kind)
  if (!isContract && kind !== "ES" && kind !== "ETF" && kind !== "I") {
    return skipped(kind === "" ? "(no instrument_type)" : kind)
  }
  if (!isToken(f.security_id) || Number(f.security_id) > 0xffff_ffff) {
    return rejected(`security_id "${f.security_id}" is no id`)
  }
  if (kind === "I") return toIndex(f, place.indices)
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const base = { token: f.security_id, lotSize, tickSize }
  if (!isContract) {
    if (f.symbol === "") return rejected("symbol is empty")
    return cash({
      ...base,
      root: f.symbol,
      series: f.series,
      exchange: place.cash,
      brokerSymbol: f.symbol,
      // A subscription must say whether it is for a share or a fund, and nothing else here tells.
      brokerExchange: kind === "ETF" ? `${f.exchange}:ETF` : f.exchange,
      name: f.name === "" ? f.symbol : f.name
    })
  }
  // `NIFTY 12 MAY 17850 CALL`: the underlying is its first word.
  const name = (f.name === "" ? f.symbol : f.name).split(" ")[0]!
  if (name === "") return rejected("name is empty")
  const expiry = dateOf(f.expiry_date)
  if (expiry === undefined) return rejected(`expiry_date "${f.expiry_date}" is no date`)
  const contractBase = {
    ...base,
    name,
    exchange: place.contracts,
    brokerSymbol: f.name === "" ? f.symbol : f.name,
    brokerExchange: f.exchange
  }
  if (kind.startsWith("FUT")) return contract(contractBase, "FUT", expiry, undefined)
  const type = optionType(f)
  if (type === undefined) return rejected(`option "${f.name}" is neither CALL nor PUT`)
  const strike = numberOf(f.strike_price)
  if (strike === undefined || strike <= 0) return rejected(`strike_price "${f.strike_price}" is no price`)
  return contract(contractBase, type, expiry, strike)
}

const optionType = ({ name, symbol }: Fields): "CE" | "PE" | undefined => {
  const word = /\b(CALL|PUT|CE|PE)$/i.exec(name)?.[1] ?? /(CE|PE)$/i.exec(symbol)?.[1]
  if (word === undefined) return undefined
  return /^C/i.test(word) ? "CE" : "PE"
}

const toIndex = (f: Fields, exchange: Exchange): Row => {
  const name = f.name === "" ? f.symbol : f.name
  const upper = name.toUpperCase()
  const plain = upper.replaceAll(" ", "")
  if (plain === "") return rejected("name is empty")
  const symbol =
    exchange === "NSE_INDEX"
      ? (ownNseIndices[plain] ?? nseIndices[plain] ?? plain)
      : (zerodhaBseIndices[upper] ?? bseIndices[plain] ?? plain)
  return carried({
    symbol,
    exchange,
    brokerSymbol: name,
    brokerExchange: f.exchange,
    token: f.security_id,
    name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}
