/**
 * Firstock's instrument master: a CSV with a header per exchange, and a JSON list of the indices, which is behind the
 * login. Source: Firstock's API documentation and the files themselves.
 */
import { isObject } from "../../kit/isObject.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { parseObject } from "../../protocols/kit/text.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contractType } from "./kit/contracts.ts"
import { beginning, dateOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import {
  addKnownIndex,
  atLeastOne,
  cashExchanges,
  cashRow,
  contractExchanges,
  contractRow,
  indexExchanges,
  indexRow
} from "./kit/norenRows.ts"

const optional = [
  "CompanyName",
  "ISIN",
  "FreezeQty",
  "Symbol",
  "Expiry",
  "Instrument",
  "OptionType",
  "StrikePrice"
] as const
const columns = ["Exchange", "Token", "LotSize", "TradingSymbol", "TickSize", ...optional] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const REMEDY = "Fetch Firstock's file again; a file of your own needs the same columns."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  atLeastOne(files, "Firstock's files of NSE, BSE, NFO and BFO")
  const builder = new MasterBuilder()
  const seen = new Set<string>()
  for (const file of files) {
    builder.file(file.name)
    if (/^\uFEFF?\s*[[{]/.test(file.text)) {
      const entries = readIndices(file)
      if (entries === undefined) {
        // An answer to a login that has ended, for one: no reason to lose the other files.
        builder.add(1, rejected(`${file.name} is no list of indices: it begins with ${beginning(file.text)}`))
      }
      for (const [i, entry] of (entries ?? []).entries()) {
        seen.add(`${String(entry["exchange"])} index`)
        builder.add(i + 1, toIndex(entry))
      }
      continue
    }
    addCsvRows(
      {
        title: `${file.name} as Firstock's instrument master`,
        text: file.text,
        columns,
        optional,
        remedy: REMEDY
      },
      builder,
      (fields) => {
        seen.add(isIndex(fields) ? `${fields.Exchange} index` : fields.Exchange)
        return toRow(fields)
      }
    )
  }
  // Without a login there is no list. These are in the documentation of the feed.
  if (seen.has("NSE") && !seen.has("NSE index")) {
    addKnownIndex(builder, "NIFTY")
    addKnownIndex(builder, "BANKNIFTY")
  }
  if (seen.has("BSE") && !seen.has("BSE index")) addKnownIndex(builder, "SENSEX")
  return builder.finish()
}

type SymbolRow = Readonly<Record<string, unknown>>

/** `undefined` for anything else. */
const readIndices = ({ text }: MasterFile): ReadonlyArray<SymbolRow> | undefined => {
  const data = parseObject(text.replace(/^\uFEFF/, ""))?.["data"]
  return Array.isArray(data)
    ? data.map((entry: unknown) => (isObject(entry) ? (entry as SymbolRow) : {}))
    : undefined
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : ""

const toIndex = (entry: SymbolRow): Row => {
  const brokerExchange = textOf(entry["exchange"])
  const exchange = brokerExchange === "MCX" ? undefined : indexExchanges[brokerExchange]
  if (exchange === undefined) return skipped(`index of ${brokerExchange === "" ? "(none)" : brokerExchange}`)
  const name = textOf(entry["idxname"])
  const symbol = textOf(entry["tradingSymbol"])
  return indexRow(exchange, {
    brokerExchange,
    token: textOf(entry["token"]),
    brokerSymbol: symbol === "" ? name : symbol,
    name: name === "" ? symbol : name
  })
}

/** How older files mark an index among the shares. */
const isIndex = ({ Exchange, FreezeQty, ISIN, TickSize, TradingSymbol }: Fields): boolean =>
  nameInSeries(Exchange === "NSE" ? "NSE" : "BSE", TradingSymbol).series === "" &&
  ISIN === "" &&
  numberOf(TickSize) === 0 &&
  numberOf(FreezeQty) === 0

const toRow = (f: Fields): Row => {
  const exchange = f.Exchange
  const scrip = {
    brokerExchange: exchange,
    token: f.Token,
    brokerSymbol: f.TradingSymbol,
    name: f.CompanyName === "" ? f.Symbol : f.CompanyName,
    lotSize: f.LotSize,
    tickSize: numberOf(f.TickSize)
  }
  const cash = cashExchanges[exchange]
  if (cash !== undefined)
    return isIndex(f) ? indexRow(indexExchanges[exchange]!, scrip) : cashRow(cash, scrip, undefined, f.ISIN)
  const place = contractExchanges[exchange]
  if (place === undefined || (exchange !== "NFO" && exchange !== "BFO")) {
    return skipped(`exchange ${exchange === "" ? "(none)" : exchange}`)
  }
  const type = contractType(f.OptionType, f.Instrument)
  if (type === undefined)
    return skipped(`${f.Instrument === "" ? "(no Instrument)" : f.Instrument} of ${exchange}`)
  if (f.Symbol === "") return rejected(`${f.TradingSymbol}: Symbol is empty`)
  return contractRow(place, { ...scrip, name: f.Symbol }, type, dateOf(f.Expiry), f.StrikePrice)
}
