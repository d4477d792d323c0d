/**
 * What the masters of the brokers on Noren back ends share, however their files are laid out: common symbols of cash,
 * indices and contracts.
 */
import type { Exchange } from "../../../market/exchange.ts"
import { expiryLabel } from "../../../market/expiry.ts"
import type { Instrument } from "../../../market/instrument.ts"
import type { MasterFile } from "../../broker.ts"
import { MalformedMaster } from "../../broker.ts"
import type { MasterBuilder } from "./builder.ts"
import { contract, contractTail } from "./contracts.ts"
import { isToken, numberOf } from "./fields.ts"
import type { Row } from "./row.ts"
import { carried, cash, rejected } from "./row.ts"
import type { Security } from "./cash.ts"
import { nameInSeries } from "./cash.ts"
import { bseIndices, nseIndices } from "./indices.ts"

export const cashExchanges: Readonly<Record<string, "NSE" | "BSE">> = { NSE: "NSE", BSE: "BSE" }

export const indexExchanges: Readonly<Record<string, Exchange>> = {
  NSE: "NSE_INDEX",
  BSE: "BSE_INDEX",
  MCX: "MCX_INDEX"
}

export const contractExchanges: Readonly<Record<string, Exchange>> = {
  NFO: "NFO",
  BFO: "BFO",
  CDS: "CDS",
  BCD: "BCD",
  MCX: "MCX"
}

/** Further names of indices in these files, without blanks and hyphens. */
const ownNames: Readonly<Record<string, string>> = {
  NIFTYINDEX: "NIFTY",
  NIFTYFIN: "FINNIFTY",
  NIFTYMIDCAPSELECT: "MIDCPNIFTY",
  BSESENSEX: "SENSEX",
  "S&PBSESENSEX": "SENSEX",
  BSESENSEX50: "SENSEX50",
  "S&PBSESENSEX50": "SENSEX50",
  BSEBANKEX: "BANKEX",
  "S&PBSEBANKEX": "BANKEX"
}

export const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/[ -]/g, "")
  if (exchange === "MCX_INDEX") return plain
  return (exchange === "NSE_INDEX" ? nseIndices : bseIndices)[plain] ?? ownNames[plain] ?? plain
}

/** What every row tells, as texts. */
export interface Scrip {
  readonly brokerExchange: string
  readonly token: string
  readonly brokerSymbol: string
  /** The company, or the underlying of a contract. */
  readonly name: string
  readonly lotSize: string
  /** In rupees; 0 where a file has no column for it. */
  readonly tickSize: number | undefined
}

type Base = Omit<Instrument, "symbol" | "type" | "expiry" | "strike" | "exchange">

/** The fields that all kinds need, or what is wrong with one. */
const baseOf = (s: Scrip): Base | string => {
  if (!isToken(s.token)) return `token "${s.token}" is no plain number`
  if (s.brokerSymbol === "") return `token ${s.token} has no trading symbol`
  const lotSize = numberOf(s.lotSize)
  if (lotSize === undefined || lotSize <= 0) return `lot size "${s.lotSize}" is no size`
  if (s.tickSize === undefined || s.tickSize < 0) return `${s.brokerSymbol}: the tick size is no size`
  const { brokerExchange, brokerSymbol, name, tickSize, token } = s
  return { brokerExchange, brokerSymbol, name, token, lotSize, tickSize }
}

/** @param named where the row tells its series; else it stands behind the trading symbol, `RELIANCE-EQ` */
export const cashRow = (
  exchange: "NSE" | "BSE",
  scrip: Scrip,
  named?: Pick<Security, "root" | "series">,
  isin?: string
): Row => {
  const base = baseOf(scrip)
  if (typeof base === "string") return rejected(base)
  const name = named ?? nameInSeries(exchange, base.brokerSymbol)
  return cash({ ...base, exchange, ...name, ...(isin === undefined ? {} : { isin }) })
}

/** Nobody trades an index: whatever a file says of its lot and its tick is filling. */
export const indexRow = (exchange: Exchange, scrip: Omit<Scrip, "lotSize" | "tickSize">): Row => {
  const base = baseOf({ ...scrip, lotSize: "1", tickSize: 0 })
  return typeof base === "string"
    ? rejected(base)
    : carried({ ...base, exchange, symbol: indexSymbol(exchange, base.brokerSymbol), type: "INDEX" })
}

export const contractRow = (
  exchange: Exchange,
  scrip: Scrip,
  type: "FUT" | "CE" | "PE",
  expiry: string | undefined,
  strikeText: string | number
): Row => {
  const base = baseOf(scrip)
  if (typeof base === "string") return rejected(base)
  if (expiry === undefined) return rejected(`${base.brokerSymbol}: the expiry is no date`)
  const strike = type === "FUT" ? undefined : numberOf(String(strikeText))
  if (type !== "FUT" && (strike === undefined || strike <= 0)) {
    return rejected(`${base.brokerSymbol}: strike "${strikeText}" is no price`)
  }
  const name =
    exchange === "BFO" ? bseUnderlying(base.brokerSymbol, type, expiry, strike, base.name) : base.name
  return name === ""
    ? rejected(`${base.brokerSymbol}: the underlying is not told`)
    : contract({ ...base, exchange, name }, type, expiry, strike)
}

/**
 * The underlying of a BSE contract, which the files call by a code of BSE's own (`BSXOPT` for SENSEX): its trading symbol
 * without the ending that expiry, strike and type determine. Monthly contracts end in `26SEP91000PE`, weekly ones in
 * `2692491000PE`, where October to December are O, N and D.
 */
const bseUnderlying = (
  tradingSymbol: string,
  type: "FUT" | "CE" | "PE",
  expiry: string,
  strike: number | undefined,
  name: string
): string => {
  const label = expiryLabel(expiry)
  const [day, month, year] = [label.slice(0, 2), label.slice(2, 5), label.slice(5)]
  const letter = "123456789OND"[Number(expiry.slice(5, 7)) - 1]!
  const tails = type === "FUT" ? ["FUT", "F"] : [contractTail(type, strike), `${type[0]!}${strike}`]
  const labels = [`${year}${month}`, `${year}${letter}${day}`, label]
  const ending = labels
    .flatMap((l) => tails.map((tail) => `${l}${tail}`))
    .find((e) => tradingSymbol.endsWith(e) && tradingSymbol.length > e.length)
  if (ending !== undefined) return tradingSymbol.slice(0, -ending.length)
  return /^[A-Za-z]+(?=\d)/.exec(tradingSymbol)?.[0] ?? name
}

/** Indices that some masters do not list, with the tokens of the feed: in brokers' documentation and in practice. */
export const knownIndices = {
  NIFTY: { brokerExchange: "NSE", token: "26000", brokerSymbol: "NIFTY 50" },
  BANKNIFTY: { brokerExchange: "NSE", token: "26009", brokerSymbol: "NIFTY BANK" },
  SENSEX: { brokerExchange: "BSE", token: "1", brokerSymbol: "SENSEX" },
  BANKEX: { brokerExchange: "BSE", token: "12", brokerSymbol: "BANKEX" }
} as const

export const addKnownIndex = (builder: MasterBuilder, symbol: keyof typeof knownIndices): void => {
  const known = knownIndices[symbol]
  builder.add(0, indexRow(indexExchanges[known.brokerExchange]!, { ...known, name: known.brokerSymbol }))
}

/** @throws MalformedMaster */
export const atLeastOne = (files: ReadonlyArray<MasterFile>, what: string): void => {
  if (files.length === 0)
    throw new MalformedMaster(`There is no file. Give ${what}, or a zip archive of them.`)
}
