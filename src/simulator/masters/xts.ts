/** The instrument master of XTS servers: an answer of the REST front per segment, and one per list of indices. */
import { monthName } from "../expiries.ts"
import type { Listed, SimulatedMaster } from "./master.ts"
import type { Listing } from "../listing.ts"
import { contractTail, yearMonth } from "./contracts.ts"

const segments: Readonly<Record<string, string>> = {
  NSE: "NSECM",
  NFO: "NSEFO",
  CDS: "NSECD",
  BSE: "BSECM",
  BFO: "BSEFO",
  BCD: "BSECD",
  MCX: "MCXFO",
  NCDEX: "NCDEX"
}

/** The real ids of the indices that are known; NSE's others count from 26000, too. */
const indexIds: Readonly<Record<string, string>> = {
  "NIFTY 50": "26000",
  "NIFTY BANK": "26001",
  SENSEX: "1"
}

const FIRST_INDEX = 26_000

const tokenOf = (l: Listing): string =>
  l.index === undefined
    ? String(l.exchangeToken)
    : (indexIds[l.index.kite] ?? String(FIRST_INDEX + l.exchangeToken))

/** `NIFTY24MAR20800CE`, and with the day where a contract is weekly: `NIFTY2432820800CE`. */
const symbolOf = (l: Listing): string => {
  if (l.index !== undefined) return `${l.index.kite}_${tokenOf(l)}`
  if (l.expiry === undefined) return l.symbol
  const { date, weekly } = l.expiry
  const month = "123456789OND"[Number(date.slice(5, 7)) - 1] ?? monthName(date)
  const when = weekly ? `${date.slice(2, 4)}${month}${date.slice(8, 10)}` : yearMonth(date)
  return `${l.title}${when}${contractTail(l)}`
}

const kindOf = ({ type }: Listing): number => (type === "EQ" ? 8 : type === "FUT" ? 1 : 2)

const seriesOf = (l: Listing): string => {
  if (l.type === "EQ") return l.exchange === "NSE" ? "EQ" : "A"
  const ofIndex = l.driver.kind !== "walk" && String(l.driver.of).includes("_INDEX:")
  const what = l.exchange === "CDS" ? "CUR" : l.exchange === "MCX" ? "COM" : ofIndex ? "IDX" : "STK"
  return `${l.type === "FUT" ? "FUT" : "OPT"}${what}`
}

const rowOf = ({ instrument: i, listing: l }: Listed): string => {
  const series = seriesOf(l)
  const name = l.type === "EQ" ? l.symbol : l.title
  const common = [
    i.brokerExchange,
    i.token,
    kindOf(l),
    name,
    l.type === "EQ" ? `${name}-${series}` : i.brokerSymbol,
    series,
    `${name}-${series}`,
    `${kindOf(l)}${i.token.padStart(12, "0")}`,
    // Price band and freeze quantity.
    0,
    0,
    0,
    i.tickSize,
    i.lotSize,
    1
  ]
  const numerators = [1, 1, i.brokerSymbol]
  if (l.expiry === undefined) return [...common, name, "INE000A00000", ...numerators, 0, -1, -1].join("|")
  const expiry = [-1, l.title, `${l.expiry.date}T14:30:00`]
  const display = `${name} ${l.expiry.date}`
  if (l.type === "FUT") return [...common, ...expiry, display, ...numerators].join("|")
  return [...common, ...expiry, l.strike, l.type === "CE" ? 3 : 4, display, ...numerators].join("|")
}

const success = (result: unknown): string =>
  JSON.stringify({
    type: "success",
    code: "s-instrument-0009",
    description: "Instrument Dump Success",
    result
  })

/** By what stands in the broker's exchange. */
const groupsOf = (listed: ReadonlyArray<Listed>): ReadonlyMap<string, ReadonlyArray<Listed>> => {
  const groups = new Map<string, Array<Listed>>()
  for (const one of listed) {
    const { brokerExchange } = one.instrument
    const group = groups.get(brokerExchange)
    if (group === undefined) groups.set(brokerExchange, [one])
    else group.push(one)
  }
  return groups
}

export const master: SimulatedMaster = {
  token: tokenOf,
  symbol: symbolOf,
  brokerExchange: (l) => segments[l.exchange] ?? l.exchange,
  write: (listed) =>
    [...groupsOf(listed)].map(([exchange, group]) =>
      group[0]!.listing.index === undefined
        ? { name: `${exchange}.json`, text: success(group.map(rowOf).join("\n")) }
        : {
            name: `indexlist-${group[0]!.code}.json`,
            text: success({
              exchangeSegment: group[0]!.code,
              indexList: group.map(({ instrument }) => instrument.brokerSymbol)
            })
          }
    )
}
