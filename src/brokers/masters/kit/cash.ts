/**
 * Common symbols of cash securities.
 *
 * A company's share, its bonds, preference shares, warrants and rights stand in most masters under one name, and a
 * security is then told by its series (NSE) or group (BSE) beside it. Whatever the order of the rows:
 *
 * - the bare symbol (`ELECTCAST`) is the ordinary share, in the first of its series by `nseShares` or `bseShares`;
 * - every other security goes by `SYMBOL-SERIES` (`ELECTCAST-W1`, `MOTHERSON-D1`), at NSE also where no share stands
 *   beside it. At BSE a name is the security's own, so one that is alone under its name keeps it.
 *
 * Source of the series: NSE's "Legend of series", of the groups: BSE's "Groups of securities".
 */
import type { Exchange } from "../../../market/exchange.ts"
import type { Instrument } from "../../../market/instrument.ts"
import { nameOf } from "../../../market/instrument.ts"

/** A row of a cash segment, whose common symbol is known when all rows are. */
export interface Security extends Omit<Instrument, "symbol" | "type" | "series"> {
  /** The symbol without a series: what the company is called. */
  readonly root: string
  /** Empty where the master does not tell. */
  readonly series: string
  /** False where a column of kinds says that it is no ordinary share. */
  readonly ordinary?: boolean
  /** Counts where the series does not tell: at BSE, and where there is none. */
  readonly isin?: string
  /** BSE's number, where the token is another one. */
  readonly bseNumber?: string
}

/**
 * NSE's series of ordinary shares and fund units, in the order in which they take the bare symbol: normal market, trade
 * to trade, trade to trade of companies that break the listing rules; then the same three of the SME platform; last, units
 * of mutual funds.
 */
export const nseShares: ReadonlyArray<string> = ["EQ", "BE", "BZ", "SM", "ST", "SZ", "MF"]

/**
 * BSE's groups of shares, in the same sense: normal market, exclusively listed, trade to trade, of companies that break
 * the rules, SME. Groups that are in neither list come behind these.
 */
const bseShares: ReadonlyArray<string> = [
  "EQ",
  "A",
  "B",
  "X",
  "E",
  "T",
  "XT",
  "Z",
  "ZP",
  "ZY",
  "M",
  "MT",
  "MS",
  "TS"
]

/** BSE's groups of fixed income, government securities, warrants and rights. */
const bseOthers: ReadonlySet<string> = new Set(["F", "FC", "G", "GC", "W", "R"])

export const isBseGroup = (text: string): boolean => bseShares.includes(text) || bseOthers.has(text)

/** Behind all groups that are known. */
const UNKNOWN_GROUP = bseShares.length
/** Behind all groups: BSE's numbers from 5 on are shares and fund units, those from 7 on rights, partly paid and debt. */
const UNLIKELY_NUMBER = UNKNOWN_GROUP + 1

/** Its place in the order of the bare symbol, the least first; undefined for what is no ordinary share. */
const placeOf = (security: Security): number | undefined => {
  const { bseNumber = security.token, exchange, isin, ordinary, series } = security
  if (ordinary === false) return undefined
  const isTold = exchange === "NSE" && series !== ""
  if (!isTold && isin !== undefined && isOrdinaryIsin(isin) === false) return undefined
  if (exchange === "BSE") {
    if (bseOthers.has(series)) return undefined
    if (/^[6-9]\d{5}$/.test(bseNumber)) return UNLIKELY_NUMBER
  }
  // A row without a series is taken for one of the normal market, behind one that says so.
  if (series === "") return 0.5
  const place = (exchange === "BSE" ? bseShares : nseShares).indexOf(series)
  if (place >= 0) return place
  return exchange === "BSE" ? UNKNOWN_GROUP : undefined
}

/**
 * NSE's words for kinds of securities that are no ordinary shares, where a master has a column for them: preference shares,
 * debentures, and the debt of companies, states and the government. ES is an ordinary share.
 */
export const otherKinds: ReadonlySet<string> = new Set(["PS", "DEB", "DBT", "CB", "GB", "TB"])

type Named = Pick<Security, "root" | "series">

/**
 * NSE's `RELIANCE-EQ` is RELIANCE in the series EQ. A series has two characters; names may hold a hyphen themselves
 * (`BAJAJ-AUTO`). BSE's symbols tell no group.
 */
export const nameInSeries = (exchange: Exchange, tradingSymbol: string): Named => {
  const parts = exchange === "NSE" ? /^(.+)-([A-Z][A-Z0-9])$/.exec(tradingSymbol) : null
  return parts === null ? { root: tradingSymbol, series: "" } : { root: parts[1]!, series: parts[2]! }
}

/**
 * Where a column tells the series or group, and the trading symbol may repeat it: `RELIANCE-EQ`, `SBIN-A`. Where the column
 * is empty, or the symbol ends in another series of shares, the symbol tells.
 */
export const nameOfSeries = (exchange: Exchange, tradingSymbol: string, series: string): Named => {
  const spelled = nameInSeries(exchange, tradingSymbol)
  if (series === "" || (spelled.series !== series && nseShares.includes(spelled.series))) return spelled
  const ending = `-${series}`
  const isRepeated = tradingSymbol.length > ending.length && tradingSymbol.endsWith(ending)
  return { root: isRepeated ? tradingSymbol.slice(0, -ending.length) : tradingSymbol, series }
}

/** `SBIN-A` is SBIN in BSE's group A; `MCDOWELL-N` is a name, since there is no such group. */
export const nameInGroup = (tradingSymbol: string): Named => {
  const [, root, group = ""] = /^(.+)-([A-Z]{1,2})$/.exec(tradingSymbol) ?? []
  return root !== undefined && isBseGroup(group)
    ? { root, series: group }
    : { root: tradingSymbol, series: "" }
}

/** A series as the exchanges write it; empty for the words with which masters say that there is none. */
export const plainSeries = (text: string): string => {
  const series = text.trim().toUpperCase()
  return noSeries.has(series) ? "" : series
}
// Not NA, which is a series of debentures.
const noSeries: ReadonlySet<string> = new Set(["XX", "-", "N/A", "NAN", "NULL", "NONE"])

/**
 * Whether an ISIN is that of an ordinary share or of fund units; undefined for a text that is no Indian ISIN. `INE`, four
 * characters of the issuer, then the kind: 01 is equity. `INF` are fund units, `IN9` shares that are partly paid or have
 * other votes, and the rest government paper. Source: NSDL's numbering of ISINs.
 */
export const isOrdinaryIsin = (isin: string): boolean | undefined => {
  if (!/^IN[A-Z0-9]{10}$/.test(isin)) return undefined
  return isin.startsWith("INF") || (isin.startsWith("INE") && isin.slice(7, 9) === "01")
}

/** NSE's series of trusts' units, by the kind in their ISINs: of real estate (REIT), of infrastructure (InvIT). */
const trusts: Readonly<Record<string, string>> = { "25": "RR", "23": "IV" }

const seriesOf = ({ exchange, isin = "", series }: Security): string =>
  series !== "" || exchange !== "NSE" || !isin.startsWith("INE") ? series : (trusts[isin.slice(7, 9)] ?? "")

/**
 * The securities of one name on one exchange, under their common symbols. Undefined for one that has no name of its own:
 * `SYMBOL-EQ` means the share, so what else is in that series, by another column, cannot be called that.
 */
export const namedSecurities = (
  same: ReadonlyArray<Security>
): ReadonlyArray<Omit<Instrument, "type"> | undefined> => {
  const places = same.map(placeOf)
  const best = Math.min(...places.map((place) => place ?? Infinity))
  const alone = new Set(same.map(({ brokerExchange, token }) => `${brokerExchange} ${token}`)).size === 1
  const isBare = (i: number): boolean =>
    best === Infinity ? alone && same[i]!.exchange !== "NSE" : places[i] === best
  const ofShare = new Set(same.filter((_, i) => isBare(i)).map(({ series }) => series))
  return same.map((security, i) => {
    const { bseNumber: _, isin: __, ordinary: ___, root, series: ____, ...rest } = security
    const series = seriesOf(security)
    const told = series === "" ? {} : { series }
    if (isBare(i)) return { ...rest, symbol: root, ...told }
    const isTaken =
      ofShare.has(series) ||
      (security.exchange === "NSE" && places[i] === undefined && nseShares.includes(series))
    return series === "" || isTaken ? undefined : { ...rest, symbol: `${root}-${series}`, ...told }
  })
}

/** What groups the securities of one name. */
export const rootOf = ({ exchange, root }: { readonly exchange: Exchange; readonly root: string }): string =>
  nameOf({ exchange, symbol: root })
