/**
 * HDFC Securities' instrument master (InvestRight): one CSV of all exchanges.
 * Source: the file's columns and their use in OpenAlgo, InvestRight's developer documentation.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameInGroup, nameInSeries, nseShares } from "./kit/cash.ts"
import { contractTail, optionType, underlyingOf } from "./kit/contracts.ts"
import { csvRows } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { indexExchanges } from "./kit/exchanges.ts"
import { isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields, Listing } from "./kit/rows.ts"
import { inPaise, listing, rowParser } from "./kit/rows.ts"
import { indexSymbol } from "./hdfcsky.ts"

const columns = [
  "exchange",
  "security_id",
  "instrument_segment",
  "expiry_date",
  "strike_price",
  "option_type",
  "lot_size",
  "tick_size",
  "exch_security_id",
  "symbol_name",
  "underline_symbol"
] as const
type Column = (typeof columns)[number]

/** Contracts by exchange and segment; equities are `EQUITY`, and so are indices. */
const contracts: Exchanges = {
  "NSE FUTIDX": "NFO",
  "NSE OPTIDX": "NFO",
  "NSE FUTSTK": "NFO",
  "NSE OPTSTK": "NFO",
  "NSE FUTCUR": "CDS",
  "NSE OPTCUR": "CDS",
  "BSE FUTIDX": "BFO",
  "BSE OPTIDX": "BFO",
  "BSE FUTSTK": "BFO",
  "BSE OPTSTK": "BFO",
  "MCX FUTCOM": "MCX",
  "MCX OPTFUT": "MCX",
  "MCX FUTIDX": "MCX",
  "MCX OPTIDX": "MCX"
}

/** Names that the file spells unlike everybody else; the last three are security ids of indices without a name. */
const indexNames: Readonly<Record<string, string>> = {
  NIFTYMID50: "NIFTYMIDCAP50",
  MINIFTYEQ: "MINIFTY",
  DEFTYEQ: "DEFTY",
  CNX100EQ: "NIFTY100"
}

/** Funds have 999999999 here. */
const LARGEST_LOT = 100_000_000

const REMEDY =
  "Fetch https://developer.hdfcsec.com/oapi/v1/security-master again; a file of your own needs the same columns."

/** @throws MalformedMaster */
export const parse = (text: string): ParsedMaster => {
  const rows = [...csvRows({ title: "HDFC Securities' instrument master", text, columns, remedy: REMEDY })]
  const names = new CashNames()
  for (const [, fields] of rows) if (typeof fields !== "string") names.note(fields)
  const builder = new MasterBuilder()
  const toRow = rowParserWith(names)
  for (const [row, fields] of rows) {
    builder.add(row, typeof fields === "string" ? rejected(fields) : toRow(fields))
  }
  return builder.finish()
}

const isCash = (f: Fields<Column>): boolean => f.instrument_segment === "EQUITY"

/** Indices are cash rows with tokens of their own: 26000 to 26999 at NSE, below 1000 at BSE. */
const isIndex = (f: Fields<Column>): boolean => {
  const token = Number(f.exch_security_id)
  return f.exchange === "NSE" ? token >= 26_000 && token <= 26_999 : f.exchange === "BSE" && token < 1000
}

/**
 * Bonds and funds are listed under their issuer's name, so one name may stand on many rows. The security id ends in its
 * class: `EQNR` is an equity, `EQTT` one that is traded for delivery only, another `NR` or `TT` a bond; newer listings
 * have none, and count where no row of the name has a better one.
 */
const rankOf = (securityId: string): number => {
  if (securityId.endsWith("EQNR")) return securityId.length === 10 ? 0 : 1
  if (securityId.endsWith("EQTT")) return securityId.length === 10 ? 2 : 3
  const series = classOf(securityId)?.series
  return series === undefined || nseShares.includes(series) ? 4 : BOND
}

/** `STABANN6NR` is in the series N6; other ids than those of ten characters have no class. That `EQTT` is BE is UNCONFIRMED. */
const classOf = (securityId: string): { readonly series: string } | undefined => {
  if (securityId.length !== 10) return undefined
  const [, kind, end] = /([A-Z][A-Z0-9])(NR|TT)$/.exec(securityId) ?? []
  return kind === undefined ? undefined : { series: kind === "EQ" && end === "TT" ? "BE" : kind }
}
const BOND = 5

/** What the whole file says about the names of cash rows. */
class CashNames {
  /** Both exchanges know a company by one id, and BSE's rows often have no name. */
  readonly #atNse = new Map<string, string>()
  /** By exchange and name, the best rank of its rows. */
  readonly #best = new Map<string, number>()

  note(f: Fields<Column>): void {
    if (!isCash(f) || !isToken(f.exch_security_id) || f.symbol_name === "") return
    const known = this.#atNse.get(f.security_id)
    if (f.exchange === "NSE" && (known === undefined || f.symbol_name < known)) {
      this.#atNse.set(f.security_id, f.symbol_name)
    }
    const key = `${f.exchange} ${f.symbol_name}`
    this.#best.set(key, Math.min(rankOf(f.security_id), this.#best.get(key) ?? BOND))
  }

  of(f: Fields<Column>): string {
    return f.symbol_name || this.#atNse.get(f.security_id) || f.security_id
  }

  /** False for bonds, and for an id without a class where another of the name is known to be an equity. */
  isEquity(f: Fields<Column>): boolean {
    const rank = rankOf(f.security_id)
    const best = this.#best.get(`${f.exchange} ${this.of(f)}`) ?? rank
    return rank < BOND && (classOf(f.security_id) !== undefined || rank === best)
  }
}

const listingOf = (f: Fields<Column>): Listing | Row => {
  const kind = `${f.exchange} ${f.instrument_segment}`
  const exchange = isCash(f) ? cashExchange(f) : contracts[kind]
  if (exchange === undefined) return skipped(kind)
  if (/^DUMMY/i.test(f.exch_security_id)) return skipped("without a token")
  if (isCash(f)) return listing(exchange, f.exchange, exchange === f.exchange ? "EQ" : "INDEX")
  return listing(exchange, f.exchange, f.instrument_segment.startsWith("FUT") ? "FUT" : "OPT")
}

const cashExchange = (f: Fields<Column>): Exchange | undefined => {
  if (f.exchange !== "NSE" && f.exchange !== "BSE") return undefined
  return isIndex(f) ? indexExchanges[f.exchange] : f.exchange
}

const rowParserWith = (names: CashNames) =>
  rowParser<Column>({
    listing: listingOf,
    token: "exch_security_id",
    brokerSymbol: "security_id",
    name: { columns: "symbol_name", read: (text, f, { type }) => (type === "EQ" ? names.of(f) : text) },
    indexName: ["symbol_name", "security_id"],
    indexSymbol: (exchange, name) => {
      const symbol = indexSymbol(exchange, name)
      return indexNames[symbol] ?? symbol
    },
    lotSize: {
      columns: "lot_size",
      read: (text, _, { type }) => {
        const lot = numberOf(text)
        return type !== "EQ" || (lot !== undefined && lot > 0 && lot < LARGEST_LOT) ? lot : 1
      }
    },
    // Whole numbers are paise, others rupees: `5` is 0.05, `.0025` is what a currency contract moves by.
    tickSize: { columns: "tick_size", read: (text) => (text.includes(".") ? numberOf(text) : inPaise(text)) },
    security: (f, { exchange, name }) => ({ ...cashName(exchange, f, name), ordinary: names.isEquity(f) }),
    expiry: "expiry_date",
    option: { columns: "option_type", read: (text) => optionType(text.toUpperCase()) },
    strike: "strike_price",
    underlying: (f, { expiry, strike, type }) =>
      f.underline_symbol ||
      underlyingOf(f.symbol_name, expiry, contractTail(type, strike)) ||
      f.symbol_name ||
      rejected("underline_symbol is empty")
  })

/** Names come without a series or a group as a rule; the class of the security id tells NSE's series then. */
const cashName = (exchange: Exchange, { security_id }: Fields<Column>, name: string) => {
  if (exchange !== "NSE") return nameInGroup(name)
  const named = nameInSeries(exchange, name)
  if (named.series !== "") return named
  return { root: named.root, series: classOf(security_id)?.series ?? "" }
}
