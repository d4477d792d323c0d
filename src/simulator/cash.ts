/**
 * The simulated market's cash side: equities on NSE and BSE, and the indices made of them. Exchange tokens and
 * index tokens are the real ones; prices are a plausible previous close, not a quotation.
 */
import { toRupees, toSteps } from "./listing.ts"
import type { Driver, Listing } from "./listing.ts"
import { makeRandom } from "./random.ts"
import type { Exchange } from "../market/exchange.ts"

type Row = readonly [
  symbol: string,
  title: string,
  nse: number,
  bse: number | undefined,
  close: number,
  vol: number
]

const equities: ReadonlyArray<Row> = [
  ["RELIANCE", "RELIANCE INDUSTRIES", 2885, 500325, 1428.6, 0.24],
  ["INFY", "INFOSYS", 1594, 500209, 1573.7, 0.25],
  ["TCS", "TATA CONSULTANCY SERV LT", 11536, 532540, 3462.4, 0.22],
  ["SBIN", "STATE BANK OF INDIA", 3045, 500112, 812.35, 0.26],
  ["HDFCBANK", "HDFC BANK", 1333, 500180, 1648.5, 0.2],
  ["ICICIBANK", "ICICI BANK", 4963, 532174, 1262.1, 0.21],
  ["AXISBANK", "AXIS BANK", 5900, undefined, 1141.8, 0.26],
  ["KOTAKBANK", "KOTAK MAHINDRA BANK", 1922, undefined, 1763.2, 0.23],
  ["ITC", "ITC", 1660, 500875, 463.45, 0.19],
  ["LT", "LARSEN & TOUBRO", 11483, undefined, 3617.9, 0.24],
  ["BHARTIARTL", "BHARTI AIRTEL", 10604, undefined, 1604.3, 0.23],
  ["IDEA", "VODAFONE IDEA", 14366, undefined, 7.36, 0.55],
  ["MRF", "MRF", 2277, undefined, 124_850, 0.24]
]

const banks = ["SBIN", "HDFCBANK", "ICICIBANK", "AXISBANK", "KOTAKBANK"]
const largeNse = ["RELIANCE", "INFY", "TCS", "SBIN", "HDFCBANK", "ICICIBANK", "ITC", "LT", "BHARTIARTL"]
const largeBse = equities.flatMap(([symbol, , , bse]) => (bse === undefined ? [] : [`BSE:${symbol}`]))
const nse = (symbols: ReadonlyArray<string>): ReadonlyArray<string> => symbols.map((s) => `NSE:${s}`)

/** Price steps in paise as NSE sets them by price. */
const paiseStep = (price: number): number =>
  price < 250 ? 1 : price < 1000 ? 5 : price < 5000 ? 10 : price < 10_000 ? 50 : price < 20_000 ? 100 : 500

const cash = (exchange: "NSE" | "BSE", row: Row, exchangeToken: number): Listing => {
  const [symbol, title, , , close, volatility] = row
  const grid = { units: paiseStep(close), scale: 100 }
  return {
    name: `${exchange}:${symbol}`,
    symbol,
    exchange,
    type: "EQ",
    title,
    exchangeToken,
    lotSize: 1,
    quantityUnit: 1,
    ...grid,
    close: toRupees(grid, toSteps(grid, close)),
    volatility,
    band: 0.1,
    driver: exchange === "NSE" ? { kind: "walk" } : { kind: "mirror", of: `NSE:${symbol}` }
  }
}

/** Made-up equities with prices from 20 to 5000 rupees, equal in every run. */
export const loadEquities = (count: number): ReadonlyArray<Listing> => {
  const random = makeRandom(20_000)
  return Array.from({ length: count }, (_, i) => {
    const symbol = `LOAD${String(i + 1).padStart(5, "0")}`
    const price = 20 * Math.exp(random.unit() * 5.5)
    return cash("NSE", [symbol, `LOAD TEST ${i + 1}`, 0, undefined, price, 0.3], 100_001 + i)
  })
}

/** Kite's names are in upper case; at Angel the instrument's name is spelt for people. */
const indexRow = (
  exchange: Exchange,
  symbol: string,
  [kite, exchangeToken]: readonly [string, number],
  [angel, angelToken]: readonly [string, string],
  close: number,
  volatility: number,
  driver: Driver
): Listing => ({
  name: `${exchange}:${symbol}`,
  symbol,
  exchange,
  type: "INDEX",
  title: kite,
  exchangeToken,
  index: { kite, angel, angelToken },
  lotSize: 1,
  quantityUnit: 1,
  units: exchange === "NSE_INDEX" && close > 1000 ? 5 : 1,
  scale: 100,
  close,
  volatility,
  driver
})

export const nseEquities: ReadonlyArray<Listing> = equities.map((row) => cash("NSE", row, row[2]))

export const bseEquities: ReadonlyArray<Listing> = equities.flatMap((row) =>
  row[3] === undefined ? [] : [cash("BSE", row, row[3])]
)

export const spots = { NIFTY: 24_812.35, BANKNIFTY: 54_236.8, SENSEX: 81_463.09, RELIANCE: 1428.6 } as const

export const indices: ReadonlyArray<Listing> = [
  indexRow("NSE_INDEX", "NIFTY", ["NIFTY 50", 1001], ["Nifty 50", "99926000"], spots.NIFTY, 0.14, {
    kind: "basket",
    of: nse(largeNse)
  }),
  indexRow(
    "NSE_INDEX",
    "BANKNIFTY",
    ["NIFTY BANK", 1016],
    ["Nifty Bank", "99926009"],
    spots.BANKNIFTY,
    0.16,
    {
      kind: "basket",
      of: nse(banks)
    }
  ),
  indexRow("BSE_INDEX", "SENSEX", ["SENSEX", 1], ["SENSEX", "99919000"], spots.SENSEX, 0.14, {
    kind: "basket",
    of: largeBse
  }),
  indexRow("NSE_INDEX", "INDIAVIX", ["INDIA VIX", 1032], ["India VIX", "99926017"], 13.42, 0.9, {
    kind: "inverse",
    of: "NSE_INDEX:NIFTY"
  })
]
