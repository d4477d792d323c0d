/**
 * Makes parsers of rows out of tables: which column tells what, and what this broker does in its own way. The checks that
 * every row needs are here, and so is what a reject says: it names the column and quotes the field.
 */
import type { Exchange } from "../../../market/exchange.ts"
import type { Instrument, InstrumentType } from "../../../market/instrument.ts"
import type { Security } from "./cash.ts"
import { nameInSeries } from "./cash.ts"
import { contract, optionType } from "./contracts.ts"
import { dateOf, isToken, numberOf } from "./fields.ts"
import type { Row } from "./row.ts"
import { carried, cash, rejected } from "./row.ts"

export type Fields<C extends string> = Readonly<Record<C, string>>

/** Where a row trades, and what it is; `OPT` where the table's `option` tells whether it is a call. */
export interface Listing {
  readonly exchange: Exchange
  readonly brokerExchange: string
  readonly type: InstrumentType | "OPT"
}

export const listing = (exchange: Exchange, brokerExchange: string, type: Listing["type"]): Listing => ({
  exchange,
  brokerExchange,
  type
})

/** A column; of several, the first that is not empty. Rejects name the first. */
export type Columns<C extends string> = C | ReadonlyArray<C>

/** Columns, and how to read what they say, where that is not the usual way; `undefined` for what cannot be read. */
type Read<C extends string, A> =
  | Columns<C>
  | {
      readonly columns: Columns<C>
      readonly read: (text: string, f: Fields<C>, listing: Listing) => A | undefined
    }

/** What is wrong with a field. */
type Reason = (text: string, column: string, row: Identity) => string

/** What rejects say, where a broker or a family of brokers has its own words. */
export interface Reasons {
  readonly token: (text: string, column: string) => string
  readonly symbol: (token: string, column: string) => string
  readonly lotSize: Reason
  readonly tickSize: Reason
  readonly expiry: Reason
  readonly option: Reason
  readonly strike: Reason
}

const usualReasons: Reasons = {
  token: (text, column) => `${column} "${text}" is no token`,
  symbol: (_, column) => `${column} is empty`,
  lotSize: (text, column) => `${column} "${text}" is no size`,
  tickSize: (text, column) => `${column} "${text}" is no size`,
  expiry: (text, column) => `${column} "${text}" is no date`,
  option: (text, column) => `${column} "${text}" is neither CE nor PE`,
  strike: (text, column) => `${column} "${text}" is no price`
}

/** The table of a file that has nothing but indices. */
export interface IndexTable<C extends string> {
  /** Columns that only functions of this table read. */
  readonly also?: ReadonlyArray<C>
  /** Or what becomes of the row at once: it is skipped or rejected. */
  readonly listing: (f: Fields<C>) => Listing | Row
  /** The token of the wire; plain digits as a rule. */
  readonly token: Read<C, string>
  readonly brokerSymbol: Read<C, string>
  /** The company, or what people call the index; the broker's symbol as a rule. It may be empty. */
  readonly name?: Read<C, string>
  /** What an index's common symbol is made of; the broker's symbol as a rule. */
  readonly indexName?: Columns<C>
  readonly indexSymbol?: (exchange: Exchange, name: string, f: Fields<C>) => string
  readonly reasons?: Partial<Reasons>
}

/** What all instruments have. */
export type Identity = Pick<Instrument, "exchange" | "brokerExchange" | "brokerSymbol" | "token" | "name">

/** What is known of a contract before its underlying is. */
export interface Terms extends Identity {
  readonly type: "FUT" | "CE" | "PE"
  readonly expiry: string
  readonly strike: number | undefined
}

export type ContractBase = Parameters<typeof contract>[0]

export interface RowTable<C extends string> extends IndexTable<C> {
  readonly lotSize: Read<C, number>
  /** In rupees. Absent: the file does not tell, and 0 stands in. */
  readonly tickSize?: Read<C, number>
  readonly expiry: Read<C, string>
  /** Of listings that are `OPT`. */
  readonly option?: Read<C, "CE" | "PE">
  /** In rupees. */
  readonly strike: Read<C, number>
  /** The series and the rest of a cash row; as a rule the series stands behind the broker's symbol. */
  readonly security?: (
    f: Fields<C>,
    row: Identity
  ) => (Pick<Security, "root" | "series"> & Partial<Security>) | Row
  /** Of a contract; its name as a rule. */
  readonly underlying?: Columns<C> | ((f: Fields<C>, terms: Terms) => string | Row)
  /** How the contract is called and sized, where that is not as usual. */
  readonly contract?: (base: ContractBase, terms: Terms) => Row
  /** The file tells how indices tick, and it is kept. */
  readonly indicesTick?: boolean
}

/** Makes a row of fields, and says which columns it needs. */
export interface RowParser<C extends string> {
  (f: Fields<C>): Row
  readonly columns: ReadonlyArray<C>
}

/** In the table's order. */
const columnsOf = <C extends string>(table: IndexTable<C>): ReadonlyArray<C> => {
  const columns = (value: unknown): ReadonlyArray<C> => {
    if (typeof value === "string") return [value as C]
    if (Array.isArray(value)) return value as ReadonlyArray<C>
    return typeof value === "object" && value !== null && "columns" in value ? columns(value.columns) : []
  }
  return [...new Set(Object.values(table).flatMap(columns))]
}

const isRow = (value: object): value is Row => "tag" in value

/** Paise to rupees. */
export const inPaise = (text: string): number | undefined => scaled(text, 100)

/** A number that the file has multiplied by this. */
export const scaled = (text: string, by: number): number | undefined => {
  const n = numberOf(text)
  return n === undefined ? undefined : n / by
}

/** A field as a table says it is read. */
interface Reader<C extends string, A> {
  /** For rejects. */
  readonly column: C
  readonly text: (f: Fields<C>) => string
  readonly read: (text: string, f: Fields<C>, listing: Listing) => A | undefined
}

const readerOf = <C extends string, A>(
  from: Read<C, A>,
  usual: (text: string) => A | undefined
): Reader<C, A> => {
  const own = typeof from === "object" && "read" in from ? from : { columns: from, read: usual }
  return { ...textOf(own.columns), read: own.read }
}

const textOf = <C extends string>(columns: Columns<C>): Pick<Reader<C, never>, "column" | "text"> => {
  if (typeof columns === "string") return { column: columns, text: (f) => f[columns] }
  const column = columns[0]!
  return { column, text: (f) => f[columns.find((c) => f[c] !== "") ?? column] }
}

const asIs = (text: string): string => text

/** Reads what every row has, whatever it is. */
const identities = <C extends string>(table: IndexTable<C>) => {
  const reasons: Reasons = { ...usualReasons, ...table.reasons }
  const token = readerOf(table.token, (text) => (isToken(text) ? text : undefined))
  const symbol = readerOf(table.brokerSymbol, asIs)
  const name = table.name === undefined ? undefined : readerOf(table.name, asIs)
  return (f: Fields<C>, at: Listing): Identity | Row => {
    const tokenText = token.text(f)
    const read = token.read(tokenText, f, at)
    if (read === undefined) return rejected(reasons.token(tokenText, token.column))
    const brokerSymbol = symbol.read(symbol.text(f), f, at) ?? ""
    if (brokerSymbol === "") return rejected(reasons.symbol(read, symbol.column))
    const { brokerExchange, exchange } = at
    const called = name === undefined ? brokerSymbol : (name.read(name.text(f), f, at) ?? "")
    return { exchange, brokerExchange, brokerSymbol, token: read, name: called }
  }
}

/** Nobody trades an index: whatever a file says of its lot, and mostly of its tick, is filling. */
export const indexRow = (
  index: Identity & Pick<Instrument, "symbol"> & Partial<Pick<Instrument, "tickSize">>
): Row => carried({ tickSize: 0, ...index, lotSize: 1, type: "INDEX" })

const indexOf = <C extends string>({ brokerSymbol, indexName, indexSymbol }: IndexTable<C>) => {
  const named = indexName === undefined ? undefined : textOf(indexName)
  const column = named?.column ?? readerOf(brokerSymbol, asIs).column
  return (f: Fields<C>, identity: Identity & { readonly tickSize?: number }): Row => {
    const name = named === undefined ? identity.brokerSymbol : named.text(f)
    const symbol = indexSymbol === undefined ? name : indexSymbol(identity.exchange, name, f)
    return symbol === "" ? rejected(`${column} is empty`) : indexRow({ ...identity, symbol })
  }
}

export const indexParser = <const C extends string>(table: IndexTable<C>): RowParser<C> => {
  const identify = identities(table)
  const toIndex = indexOf(table)
  const toRow = (f: Fields<C>): Row => {
    const at = table.listing(f)
    if (isRow(at)) return at
    const identity = identify(f, at)
    return isRow(identity) ? identity : toIndex(f, identity)
  }
  return Object.assign(toRow, { columns: columnsOf(table) })
}

export const rowParser = <const C extends string>(table: RowTable<C>): RowParser<C> => {
  const reasons: Reasons = { ...usualReasons, ...table.reasons }
  const identify = identities(table)
  const toIndex = indexOf(table)
  const lots = readerOf(table.lotSize, numberOf)
  const ticks = table.tickSize === undefined ? undefined : readerOf(table.tickSize, numberOf)
  const toContract = contracts(table, reasons)
  const securityOf = table.security ?? ((_, row) => nameInSeries(row.exchange, row.brokerSymbol))
  const toRow = (f: Fields<C>): Row => {
    const at = table.listing(f)
    if (isRow(at)) return at
    const row = identify(f, at)
    if (isRow(row)) return row
    if (at.type === "INDEX" && table.indicesTick !== true) return toIndex(f, row)
    const tickSize = ticks === undefined ? 0 : ticks.read(ticks.text(f), f, at)
    if (tickSize === undefined || tickSize < 0)
      return rejected(reasons.tickSize(ticks!.text(f), ticks!.column, row))
    if (at.type === "INDEX") return toIndex(f, { ...row, tickSize })
    const lotSize = lots.read(lots.text(f), f, at)
    if (lotSize === undefined || lotSize <= 0)
      return rejected(reasons.lotSize(lots.text(f), lots.column, row))
    const base = { ...row, lotSize, tickSize }
    if (at.type !== "EQ") return toContract(f, base, at, at.type)
    const security = securityOf(f, row)
    return isRow(security) ? security : cash({ ...base, ...security })
  }
  return Object.assign(toRow, { columns: columnsOf(table) })
}

/** The rest of a future or an option. */
const contracts = <C extends string>(table: RowTable<C>, reasons: Reasons) => {
  const expiries = readerOf(table.expiry, dateOf)
  const options = table.option === undefined ? undefined : readerOf(table.option, optionType)
  const strikes = readerOf(table.strike, numberOf)
  const underlying = underlyings(table)
  const make =
    table.contract ?? ((base, { expiry, strike, type }: Terms) => contract(base, type, expiry, strike))
  return (f: Fields<C>, base: ContractBase, at: Listing, kind: Terms["type"] | "OPT"): Row => {
    const expiry = expiries.read(expiries.text(f), f, at)
    if (expiry === undefined) return rejected(reasons.expiry(expiries.text(f), expiries.column, base))
    const type = kind === "OPT" ? options?.read(options.text(f), f, at) : kind
    if (type === undefined)
      return rejected(reasons.option(options?.text(f) ?? "", options?.column ?? "", base))
    const strike = type === "FUT" ? undefined : strikes.read(strikes.text(f), f, at)
    if (type !== "FUT" && (strike === undefined || strike <= 0))
      return rejected(reasons.strike(strikes.text(f), strikes.column, base))
    const terms = { ...base, type, expiry, strike }
    const name = underlying(f, terms)
    return typeof name === "string" ? make({ ...base, name }, terms) : name
  }
}

const underlyings = <C extends string>({ name, underlying }: RowTable<C>) => {
  if (typeof underlying === "function") return underlying
  const told = underlying === undefined ? undefined : textOf(underlying)
  const column = told?.column ?? (name === undefined ? "name" : readerOf(name, asIs).column)
  return (f: Fields<C>, terms: Terms): string | Row => {
    const text = told === undefined ? terms.name : told.text(f)
    return text === "" ? rejected(`${column} is empty`) : text
  }
}
