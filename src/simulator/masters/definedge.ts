/** Definedge's instrument master: one CSV without a header, prices in paise. */
import type { Listed, SimulatedMaster } from "./master.ts"
import { csvText } from "./contracts.ts"
import { contractKind, norenSymbol, norenToken } from "./norenNames.ts"

/** `28032024` */
const expiryOf = (date: string | undefined): string =>
  date === undefined ? "" : `${date.slice(8, 10)}${date.slice(5, 7)}${date.slice(0, 4)}`

/** Fractions of a paisa stay; the noise of the multiplication does not. */
const paise = (rupees: number): number => Math.round(rupees * 1_000_000) / 10_000

const fieldsOf = ({ instrument: i, listing }: Listed): ReadonlyArray<string | number> => [
  i.brokerExchange,
  i.token,
  i.type === "EQ" ? i.symbol : (listing.index?.angel ?? listing.title),
  i.brokerSymbol,
  i.type === "INDEX" ? "IDX" : i.type === "EQ" ? "EQ" : contractKind(listing),
  expiryOf(i.expiry),
  paise(i.tickSize),
  i.lotSize,
  i.type === "CE" || i.type === "PE" ? i.type : i.type === "FUT" ? "XX" : "",
  i.strike === undefined ? 0 : paise(i.strike),
  2,
  1,
  "",
  "1.000000",
  ""
]

export const master: SimulatedMaster = {
  token: norenToken,
  symbol: norenSymbol,
  write: (listed) => [{ name: "allmaster.csv", text: csvText(listed.map(fieldsOf)) }]
}
