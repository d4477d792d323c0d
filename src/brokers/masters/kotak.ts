/**
 * Kotak Neo's scrip master: a CSV per segment, new every day.
 * Source: Kotak Neo's API documentation ("Scrip Master") and the files themselves.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractType } from "./kit/contracts.ts"
import { isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const columns = [
  "pSymbol",
  "pGroup",
  "pExchSeg",
  "pSymbolName",
  "pTrdSymbol",
  "pOptionType",
  "dStrikePrice",
  "lExpiryDate",
  "lLotSize",
  "dTickSize",
  "pISIN",
  "pDesc",
  "pInstType",
  "lPrecision"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** What every file must have. */
const needed: ReadonlyArray<string> = ["pSymbol", "pGroup", "pExchSeg", "pSymbolName", "pTrdSymbol", "pISIN"]

const REMEDY =
  "Fetch the day's files of https://lapi.kotaksecurities.com/wso2-scripmaster/v1/prod/ again " +
  "(nse_cm-v1.csv, nse_fo.csv, ...); files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) throw new MalformedMaster(`Kotak's scrip master has no file. ${REMEDY}`)
  const builder = new MasterBuilder()
  for (const { name, text } of files) {
    builder.file(name)
    addCsvRows(
      {
        title: `${name} of Kotak's scrip master`,
        text: withPlainHeader(text),
        columns,
        optional: columns.filter((c) => !needed.includes(c)),
        remedy: REMEDY
      },
      builder,
      toRow
    )
  }
  return builder.finish()
}

/** Names in the header have stray blanks and semicolons: `dTickSize `, `dStrikePrice;`. */
const withPlainHeader = (text: string): string =>
  text.trimStart().replace(/^[^\r\n]*/, (line) => line.replace(/[; ]/g, ""))

const derivatives: Readonly<Record<string, Exchange>> = {
  nse_fo: "NFO",
  cde_fo: "CDS",
  bse_fo: "BFO",
  mcx_fo: "MCX",
  nse_com: "NCO",
  // Kotak publishes no file of this segment; its name is the SDK's.
  "bcs-fo": "BCD"
}

/** Prices are in paise, unless the row tells its decimals. */
const scaleOf = ({ lPrecision }: Fields): number => {
  const precision = numberOf(lPrecision)
  return precision !== undefined && Number.isInteger(precision) && precision >= 0 && precision <= 9
    ? 10 ** precision
    : 100
}

const toRow = (f: Fields): Row => {
  const segment = f.pExchSeg
  if (f.pTrdSymbol === "") return rejected("pTrdSymbol is empty")
  if (f.pSymbolName === "") return rejected("pSymbolName is empty")
  if (!/^\d{1,15}$/.test(f.pSymbol)) return rejected(`pSymbol "${f.pSymbol}" is no token`)
  const derivative = derivatives[segment]
  if (derivative !== undefined) return toContract(f, derivative)
  if (segment !== "nse_cm" && segment !== "bse_cm") {
    return skipped(`segment ${segment === "" ? "(none)" : segment}`)
  }
  const nse = segment === "nse_cm"
  const { series } = f.pGroup === "" ? nameInSeries(nse ? "NSE" : "BSE", f.pTrdSymbol) : { series: f.pGroup }
  // BSE's shares have numbers of six digits.
  if (f.pISIN === "" && series === "" && (nse || f.pSymbol.length < 6)) return toIndex(f, nse)
  const tickSize = (numberOf(f.dTickSize) ?? 0) / scaleOf(f)
  if (tickSize < 0) return rejected(`dTickSize "${f.dTickSize}" is no size`)
  return cash({
    root: f.pSymbolName,
    series,
    isin: f.pISIN,
    exchange: nse ? "NSE" : "BSE",
    brokerSymbol: f.pTrdSymbol,
    brokerExchange: segment,
    token: f.pSymbol,
    name: f.pDesc === "" ? f.pSymbolName : f.pDesc,
    lotSize: numberOf(f.lLotSize) || 1,
    tickSize
  })
}

/** What the feed calls the indices, by their common symbols: it knows them by name. */
const feedNames: Readonly<Record<string, string>> = {
  NIFTY: "Nifty 50",
  BANKNIFTY: "Nifty Bank",
  FINNIFTY: "Nifty Fin Service",
  INDIAVIX: "INDIA VIX",
  MIDCPNIFTY: "NIFTY MID SELECT",
  SENSEX: "SENSEX"
}

/** An index whose name in the feed is not known keeps its number, by which the feed serves it like a share. */
const toIndex = (f: Fields, nse: boolean): Row => {
  const plain = f.pSymbolName.replace(/[ -]/g, "").toUpperCase()
  const symbol = (nse ? nseIndices : bseIndices)[plain] ?? plain
  return carried({
    symbol,
    exchange: nse ? "NSE_INDEX" : "BSE_INDEX",
    brokerSymbol: f.pTrdSymbol,
    brokerExchange: f.pExchSeg,
    token: feedNames[symbol] ?? f.pSymbol,
    name: f.pSymbolName,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

const toContract = (f: Fields, exchange: Exchange): Row => {
  const expiry = expiryOf(f.lExpiryDate)
  // Spot prices of commodities and the like never expire.
  const isUndated = (numberOf(f.lExpiryDate) ?? 1) <= 0
  if (expiry === undefined && (isUndated || /^(COM|IN|UND)/.test(f.pInstType)))
    return skipped(`${f.pInstType} of ${f.pExchSeg}`)
  if (expiry === undefined) return rejected(`lExpiryDate "${f.lExpiryDate}" is no date`)
  const lotSize = numberOf(f.lLotSize)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lLotSize "${f.lLotSize}" is no size`)
  const scale = scaleOf(f)
  const type = contractType(f.pOptionType, f.pInstType)
  if (type === undefined) {
    return skipped(`${f.pInstType || "(no pInstType)"} of ${f.pExchSeg}`)
  }
  const raw = type === "FUT" ? undefined : numberOf(f.dStrikePrice)
  if (type !== "FUT" && (raw === undefined || raw <= 0)) {
    return rejected(`dStrikePrice "${f.dStrikePrice}" is no price`)
  }
  const tickSize = (numberOf(f.dTickSize) ?? 0) / scale
  if (tickSize < 0) return rejected(`dTickSize "${f.dTickSize}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.pTrdSymbol,
    brokerExchange: f.pExchSeg,
    token: f.pSymbol,
    name: f.pSymbolName,
    lotSize,
    tickSize
  }
  return contract(base, type, expiry, raw === undefined ? undefined : raw / scale)
}

/** From 1980-01-01 in India to 1970-01-01 UTC. */
const SECONDS_TO_1980 = 315_513_000
/** Less than this is counted from 1980: as seconds since 1970 it would be a day that is over. */
const YEAR_2025 = Date.UTC(2025, 0) / 1000

/**
 * The day of an expiry, in seconds since 1980 (NSE's segments) or 1970 (the others, as a rule). Some segments write the end
 * of the day as if it were UTC, others a time of the afternoon: the date in UTC is right for both.
 */
const expiryOf = (text: string): string | undefined => {
  const own = numberOf(text)
  if (own === undefined || own <= 0 || own > 4.2e9) return undefined
  const date = new Date((own < YEAR_2025 ? own + SECONDS_TO_1980 : own) * 1000)
  return isoDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}
