/**
 * IIFL Capital's instrument master: a CSV per segment, and one of indices.
 * Source: IIFL Capital's developer documentation ("Contract files").
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractType } from "./kit/contracts.ts"
import { isToken, isoDate, monthOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { isBseGroup, nameOfSeries, otherKinds } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { nseIndices } from "./kit/indices.ts"

const columns = [
  "Exchange",
  "Instrument ID",
  "Underlying Instrument Symbol",
  "Underlying Instrument Name",
  "Trading Symbol",
  "Instrument Type",
  "Option Type",
  "Strike Price",
  "Expiry",
  "Lot Size",
  "Tick Size"
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** What a file of indices must have: they have nothing of contracts, and their names may be in either column. */
const ofIndices: ReadonlyArray<string> = ["Exchange", "Instrument ID"]

const segments: Readonly<Record<string, Exchange>> = {
  NSEEQ: "NSE",
  BSEEQ: "BSE",
  NSEFO: "NFO",
  BSEFO: "BFO",
  NSECURR: "CDS",
  BSECURR: "BCD",
  MCXCOMM: "MCX",
  NSECOMM: "NCO",
  NCDEXCOMM: "NCDEX"
}

const REMEDY =
  "Fetch the files of https://api.iiflcapital.com/v1/contractfiles/ again (NSEEQ.csv, NSEFO.csv, INDICES.csv, ...); " +
  "files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) throw new MalformedMaster(`IIFL Capital's instrument master has no file. ${REMEDY}`)
  const builder = new MasterBuilder()
  for (const { name, text } of files) {
    builder.file(name)
    const isOfIndices = /indices/i.test(name)
    addCsvRows(
      {
        title: `${name} of IIFL Capital's instrument master`,
        text,
        columns,
        optional: isOfIndices ? columns.filter((c) => !ofIndices.includes(c)) : [],
        remedy: REMEDY
      },
      builder,
      isOfIndices ? toIndex : toRow
    )
  }
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const segment = f.Exchange.toUpperCase()
  const exchange = segments[segment]
  if (exchange === undefined) return skipped(`exchange ${segment || "(none)"}`)
  // Indices are in a file of their own, under names that people know.
  if (f["Instrument Type"].toUpperCase() === "INDEX") return skipped(`index in ${segment}`)
  const token = f["Instrument ID"]
  if (!isToken(token)) return rejected(`Instrument ID "${token}" is no token`)
  const name = f["Underlying Instrument Symbol"]
  if (name === "") return rejected("Underlying Instrument Symbol is empty")
  const lotSize = numberOf(f["Lot Size"])
  if (lotSize === undefined || lotSize <= 0) return rejected(`Lot Size "${f["Lot Size"]}" is no size`)
  const tickSize = numberOf(f["Tick Size"])
  if (tickSize === undefined || tickSize < 0) return rejected(`Tick Size "${f["Tick Size"]}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f["Trading Symbol"] === "" ? name : f["Trading Symbol"],
    brokerExchange: segment,
    token,
    name,
    lotSize,
    tickSize
  }
  if (exchange === "NSE" || exchange === "BSE") {
    // The series stands behind the trading symbol, or else in the column of types: neither is documented (UNCONFIRMED).
    const type = f["Instrument Type"].toUpperCase()
    const ordinary = !otherKinds.has(type)
    const isSeries = exchange === "BSE" ? isBseGroup(type) : /^[A-Z][A-Z0-9]$/.test(type)
    const told = isSeries && ordinary && type !== "ES" ? type : ""
    const { series } = nameOfSeries(exchange, base.brokerSymbol, told)
    return cash({ ...base, root: name, series, ordinary, name: f["Underlying Instrument Name"] })
  }
  const expiry = readExpiry(f.Expiry)
  if (expiry === undefined) return rejected(`Expiry "${f.Expiry}" is no date`)
  const kind = f["Instrument Type"].toUpperCase()
  const type = contractType(f["Option Type"].toUpperCase(), kind)
  if (type === undefined) return skipped(`${kind || "(no Instrument Type)"} of ${segment}`)
  if (type === "FUT") return contract(base, type, expiry, undefined)
  const strike = numberOf(f["Strike Price"])
  return strike === undefined || strike <= 0
    ? rejected(`Strike Price "${f["Strike Price"]}" is no price`)
    : contract(base, type, expiry, strike)
}

const toIndex = (f: Fields): Row => {
  const segment = f.Exchange.toUpperCase()
  const exchange = segment.startsWith("NSE")
    ? "NSE_INDEX"
    : segment.startsWith("BSE")
      ? "BSE_INDEX"
      : undefined
  if (exchange === undefined) return skipped(`index of ${segment || "(none)"}`)
  const token = f["Instrument ID"]
  if (!isToken(token)) return rejected(`Instrument ID "${token}" is no token`)
  const name = f["Trading Symbol"] === "" ? f["Underlying Instrument Name"] : f["Trading Symbol"]
  const symbol = indexSymbol(exchange, name)
  if (symbol === "") return rejected("Trading Symbol is empty")
  return carried({
    symbol,
    exchange,
    brokerSymbol: name,
    // The segment under which it is published, which is not always that of shares.
    brokerExchange: segment,
    token,
    name,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/\s/g, "")
  if (exchange !== "NSE_INDEX") return plain
  return plain === "NIFTYMIDCAPSELECT" ? "MIDCPNIFTY" : (nseIndices[plain] ?? plain)
}

/** `30-Apr-2026`, and with a time behind it. */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})(?: |$)/.exec(text)
  return parts === null ? undefined : isoDate(Number(parts[3]), monthOf(parts[2]!), Number(parts[1]))
}
