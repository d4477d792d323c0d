/**
 * Samco's instrument master: one CSV of all segments, and for each index an answer of the API with its listing id.
 * Source: Samco's Trade API documentation (scrip master, index quote).
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import type { Row } from "./builder.ts"
import { MasterBuilder, carried, contract, dateOf, isToken, numberOf, rejected, skipped } from "./builder.ts"
import { addCsvRows } from "./csv.ts"
import { indexFile, samcoIndices } from "./samcoIndices.ts"

const columns = [
  "exchange",
  "symbolCode",
  "tradingSymbol",
  "name",
  "instrument",
  "lotSize",
  "tickSize",
  "expiryDate",
  "strikePrice"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** Commodity contracts are under MFO. */
const exchanges: Readonly<Record<string, Exchange>> = {
  NSE: "NSE",
  BSE: "BSE",
  NFO: "NFO",
  BFO: "BFO",
  CDS: "CDS",
  MFO: "MCX"
}

const TITLE = "Samco's instrument master"
const REMEDY = "Fetch ScripMaster.csv again; a file of your own needs the same columns."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const builder = new MasterBuilder()
  const answers = files.filter((f) => f.text.trimStart().startsWith("{"))
  const tables = files.filter((f) => !answers.includes(f))
  if (tables.length === 0) throw new MalformedMaster(`${TITLE} is missing its CSV. ${REMEDY}`)
  for (const { text } of tables) addCsvRows({ title: TITLE, text, columns, remedy: REMEDY }, builder, toRow)
  for (const [i, file] of answers.entries()) builder.add(i + 1, toIndex(file))
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const exchange = exchanges[f.exchange]
  if (exchange === undefined) return skipped(`exchange ${f.exchange === "" ? "(none)" : f.exchange}`)
  const suffix = `_${f.exchange}`
  const code = f.symbolCode.endsWith(suffix) ? f.symbolCode.slice(0, -suffix.length) : f.symbolCode
  if (!isToken(code)) return rejected(`symbolCode "${f.symbolCode}" is no code`)
  const lotSize = numberOf(f.lotSize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lotSize "${f.lotSize}" is no size`)
  const tickSize = numberOf(f.tickSize)
  if (tickSize === undefined || tickSize < 0) return rejected(`tickSize "${f.tickSize}" is no size`)
  if (f.tradingSymbol === "") return rejected("tradingSymbol is empty")
  const base = {
    exchange,
    brokerSymbol: f.tradingSymbol,
    brokerExchange: f.exchange,
    // The wire knows instruments by both: the same number exists in two segments.
    token: `${code}${suffix}`,
    name: f.name,
    lotSize,
    tickSize
  }
  const isFuture = f.instrument.startsWith("FUT")
  const isOption = f.instrument.startsWith("OPT")
  if (!isFuture && !isOption) {
    if (exchange !== "NSE" && exchange !== "BSE") return skipped(`${f.instrument} of ${f.exchange}`)
    return carried({ ...base, symbol: f.tradingSymbol.replace(/-EQ$/, ""), type: "EQ" })
  }
  const expiry = dateOf(f.expiryDate)
  if (expiry === undefined) return rejected(`expiryDate "${f.expiryDate}" is no date`)
  if (f.name === "") return rejected("name is empty")
  if (isFuture) return contract(base, "FUT", expiry, undefined)
  const type = f.tradingSymbol.endsWith("CE") ? "CE" : f.tradingSymbol.endsWith("PE") ? "PE" : undefined
  if (type === undefined) return rejected(`option "${f.tradingSymbol}" ends in neither CE nor PE`)
  const strike = numberOf(f.strikePrice)
  if (strike === undefined || strike <= 0) return rejected(`strikePrice "${f.strikePrice}" is no price`)
  return contract(base, type, expiry, strike)
}

const toIndex = ({ name, text }: MasterFile): Row => {
  const index = samcoIndices.find((i) => indexFile(i.name) === name)
  if (index === undefined) return rejected(`${name} is the answer for an index that is not known`)
  const id = listingIdIn(text)
  if (id === undefined) return rejected(`${name} has no listing id`)
  return carried({
    symbol: index.symbol,
    exchange: index.exchange,
    brokerSymbol: index.name,
    brokerExchange: index.exchange.replace("_INDEX", ""),
    token: id,
    name: index.name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

/** Listing ids are negative: `-23`. */
const listingIdIn = (text: string): string | undefined => {
  try {
    const answer = JSON.parse(text) as {
      readonly indexDetails?: ReadonlyArray<{ readonly listingId?: unknown }>
    }
    const id = String(answer.indexDetails?.[0]?.listingId)
    return /^-\d+$/.test(id) ? id : undefined
  } catch {
    return undefined
  }
}
