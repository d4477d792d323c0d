/**
 * Arrow's instrument master: a CSV of all exchanges, behind the login and renewed every morning at 8.
 * Source: Arrow's documentation ("Symbols"); what the file itself shows otherwise is said where it is read.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { isToken, isoDate, monthOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"

const columns = [
  "Token",
  "ExchSeg",
  "Symbol",
  "TradingSymbol",
  "Underlying",
  "FullName",
  "Expiry",
  "OptionType",
  "StrikePrice",
  "TickSize",
  "LotSize",
  "Series",
  "ISIN"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const cashExchanges: Readonly<Record<string, Exchange>> = { NSECM: "NSE", BSECM: "BSE" }
const indices: Readonly<Record<string, Exchange>> = {
  NSEIDX: "NSE_INDEX",
  BSEIDX: "BSE_INDEX",
  MCXIDX: "MCX_INDEX"
}
const derivatives: Readonly<Record<string, Exchange>> = {
  NSEFO: "NFO",
  BSEFO: "BFO",
  NSECD: "CDS",
  BSECD: "BCD",
  MCXFO: "MCX",
  NSECO: "NCO"
}

/** The file has strikes and tick sizes in rupees, but for currency: strikes 100 000 times larger, tick sizes in paise. */
const CURRENCY_STRIKE = 100_000
const CURRENCY_TICK = 100

const MAX_TOKEN = 0xffff_ffff

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  addCsvRows(
    {
      title: "Arrow's instrument master",
      text,
      columns,
      optional: ["FullName", "Series", "ISIN"],
      remedy:
        "Fetch https://edge.arrow.trade/all again, with your login; a file of your own needs the same columns."
    },
    builder,
    toRow
  )
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const segment = f.ExchSeg.toUpperCase()
  const exchange = indices[segment] ?? cashExchanges[segment] ?? derivatives[segment]
  if (exchange === undefined) return skipped(`segment ${f.ExchSeg === "" ? "(none)" : f.ExchSeg}`)
  if (!isToken(f.Token) || Number(f.Token) > MAX_TOKEN) return rejected(`Token "${f.Token}" is no token`)
  const base = { exchange, brokerExchange: segment, token: f.Token }
  if (segment in indices) {
    const name = f.Symbol === "" ? f.TradingSymbol : f.Symbol
    const symbol = indexSymbol(exchange, name)
    // Their tick sizes and lots are of no use, or not there.
    return symbol === ""
      ? rejected("Symbol is empty")
      : carried({ ...base, symbol, brokerSymbol: name, name, lotSize: 1, tickSize: 0, type: "INDEX" })
  }
  const isCurrency = exchange === "CDS" || exchange === "BCD"
  const tick = numberOf(f.TickSize)
  if (tick === undefined || tick < 0) return rejected(`TickSize "${f.TickSize}" is no size`)
  const lotSize = numberOf(f.LotSize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`LotSize "${f.LotSize}" is no size`)
  const brokerSymbol = f.TradingSymbol === "" ? f.Symbol : f.TradingSymbol
  if (brokerSymbol === "") return rejected("TradingSymbol is empty")
  const sized = { ...base, brokerSymbol, lotSize, tickSize: isCurrency ? tick / CURRENCY_TICK : tick }
  if (segment in cashExchanges) {
    return cash({
      ...sized,
      ...nameOfSeries(exchange, brokerSymbol, f.Series),
      isin: f.ISIN,
      name: f.FullName === "" ? f.Symbol : f.FullName
    })
  }

  const expiry = readExpiry(f.Expiry)
  if (expiry === undefined) return rejected(`Expiry "${f.Expiry}" is no date`)
  const name = f.Underlying === "" ? f.Symbol : f.Underlying
  if (name === "") return rejected("Underlying is empty")
  const type = f.OptionType.toUpperCase()
  if (type === "XX") return contract({ ...sized, name }, "FUT", expiry, undefined)
  if (type !== "CE" && type !== "PE") return skipped(`${type || "(no OptionType)"} of ${segment}`)
  const scaled = numberOf(f.StrikePrice)
  if (scaled === undefined || scaled <= 0) return rejected(`StrikePrice "${f.StrikePrice}" is no price`)
  return contract({ ...sized, name }, type, expiry, isCurrency ? scaled / CURRENCY_STRIKE : scaled)
}

const indexSymbol = (exchange: Exchange, name: string): string => {
  const upper = name.toUpperCase()
  const plain = upper.replaceAll(" ", "")
  if (exchange === "NSE_INDEX") return nseIndices[plain] ?? plain
  return exchange === "BSE_INDEX" ? (zerodhaBseIndices[upper] ?? bseIndices[plain] ?? plain) : plain
}

/** `30-Jun-2026` */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[3]), monthOf(parts[2]!), Number(parts[1]))
}
