/**
 * The simulated market's instruments, computed for a day: contracts expire soon after it. Exchange tokens of cash
 * instruments and indices are the real ones; those of contracts are made up and steady from day to day. Prices
 * are a plausible previous close, not a quotation.
 */
import { bseEquities, indices, loadEquities, nseEquities, spots } from "./cash.ts"
import { dateExpiry, ddmmmyy, monthlyExpiries, weeklyExpiry } from "./expiries.ts"
import type { Expiry } from "./expiries.ts"
import { toRupees, toSteps } from "./listing.ts"
import type { Listing } from "./listing.ts"
import { futurePrice, optionPrice } from "./pricing.ts"
import type { Exchange } from "../market/exchange.ts"

export interface ListingsOptions {
  /** Epoch ms. */
  readonly now: number
  /** Additional NSE equities `LOAD00001`, ... for load tests; 0 when absent. */
  readonly loadEquities?: number
}

/** What all contracts on one underlying share. */
interface Family {
  readonly exchange: Exchange
  readonly title: string
  /** The listing that drives it; a future without one walks by itself. */
  readonly of?: string
  readonly spot: number
  readonly lotSize: number
  readonly quantityUnit: number
  readonly units: number
  readonly scale: number
  readonly volatility: number
}

const future = (f: Family, token: number, expiry: Expiry, now: number): Listing => {
  const symbol = `${f.title}${ddmmmyy(expiry.date)}FUT`
  const price = f.of === undefined ? f.spot : futurePrice(f.spot, expiry.at - now)
  return {
    name: `${f.exchange}:${symbol}`,
    symbol,
    exchange: f.exchange,
    type: "FUT",
    title: f.title,
    exchangeToken: token,
    expiry,
    lotSize: f.lotSize,
    quantityUnit: f.quantityUnit,
    units: f.units,
    scale: f.scale,
    close: toRupees(f, toSteps(f, price)),
    volatility: f.volatility,
    band: f.exchange === "CDS" || f.exchange === "BCD" ? 0.03 : 0.1,
    driver: f.of === undefined ? { kind: "walk" } : { kind: "future", of: f.of }
  }
}

const option = (
  f: Family & { readonly of: string },
  token: number,
  expiry: Expiry,
  strike: number,
  type: "CE" | "PE",
  now: number
): Listing => {
  const symbol = `${f.title}${ddmmmyy(expiry.date)}${strike}${type}`
  const price = optionPrice(type === "CE", f.spot, strike, f.volatility, expiry.at - now)
  return {
    name: `${f.exchange}:${symbol}`,
    symbol,
    exchange: f.exchange,
    type,
    title: f.title,
    exchangeToken: token,
    expiry,
    strike,
    lotSize: f.lotSize,
    quantityUnit: f.quantityUnit,
    units: f.units,
    scale: f.scale,
    close: toRupees(f, toSteps(f, price)),
    volatility: f.volatility,
    driver: { kind: "option", of: f.of }
  }
}

/** A future without an expiry, in dollars. It walks by itself and drives what is dated. */
const perpetual = (f: Omit<Family, "of">, token: number): Listing => ({
  name: `${f.exchange}:${f.title}USDFUT`,
  symbol: `${f.title}USDFUT`,
  exchange: f.exchange,
  type: "FUT",
  title: f.title,
  exchangeToken: token,
  lotSize: f.lotSize,
  quantityUnit: f.quantityUnit,
  units: f.units,
  scale: f.scale,
  close: toRupees(f, toSteps(f, f.spot)),
  volatility: f.volatility,
  band: 0.1,
  driver: { kind: "walk" }
})

/** Calls and puts at so many strikes around the spot, and tokens counted from `token`. */
const chain = (
  f: Family & { readonly of: string },
  token: number,
  expiry: Expiry,
  strikeStep: number,
  around: number,
  now: number
): ReadonlyArray<Listing> => {
  const middle = Math.round(f.spot / strikeStep)
  const rows: Array<Listing> = []
  for (let i = -around; i <= around; i++) {
    const strike = Math.round((middle + i) * strikeStep * 10_000) / 10_000
    rows.push(option(f, token++, expiry, strike, "CE", now), option(f, token++, expiry, strike, "PE", now))
  }
  return rows
}

const TUESDAY = 2
const WEDNESDAY = 3
const THURSDAY = 4
const FRIDAY = 5

/** In an order in which every driver comes before what it drives. Names and (exchange, token) are unique. */
export const makeListings = ({ now, loadEquities: load = 0 }: ListingsOptions): ReadonlyArray<Listing> => {
  const [near, next] = monthlyExpiries(now, TUESDAY, 2) as [Expiry, Expiry]
  const [bseNear] = monthlyExpiries(now, THURSDAY, 1) as [Expiry]
  const [currency] = monthlyExpiries(now, WEDNESDAY, 1) as [Expiry]
  const [bseCurrency] = monthlyExpiries(now, FRIDAY, 1) as [Expiry]
  const week = weeklyExpiry(now, TUESDAY)

  const paise = { units: 5, scale: 100 }
  const nifty = {
    exchange: "NFO",
    title: "NIFTY",
    of: "NSE_INDEX:NIFTY",
    spot: spots.NIFTY,
    lotSize: 75,
    quantityUnit: 75,
    ...paise,
    volatility: 0.14
  } as const
  const bankNifty = {
    exchange: "NFO",
    title: "BANKNIFTY",
    of: "NSE_INDEX:BANKNIFTY",
    spot: spots.BANKNIFTY,
    lotSize: 35,
    quantityUnit: 35,
    ...paise,
    volatility: 0.16
  } as const
  const reliance = {
    exchange: "NFO",
    title: "RELIANCE",
    of: "NSE:RELIANCE",
    spot: spots.RELIANCE,
    lotSize: 500,
    quantityUnit: 500,
    units: 10,
    scale: 100,
    volatility: 0.24
  } as const
  const sensex = {
    exchange: "BFO",
    title: "SENSEX",
    of: "BSE_INDEX:SENSEX",
    spot: spots.SENSEX,
    lotSize: 20,
    quantityUnit: 20,
    ...paise,
    volatility: 0.14
  } as const
  // Currency contracts move in quarters of a paisa and count in lots of 1000 dollars.
  const usdInr = {
    exchange: "CDS",
    title: "USDINR",
    spot: 84.2575,
    lotSize: 1000,
    quantityUnit: 1,
    units: 25,
    scale: 10_000,
    volatility: 0.04
  } as const
  const crude = {
    exchange: "MCX",
    title: "CRUDEOIL",
    spot: 6218,
    lotSize: 100,
    quantityUnit: 1,
    units: 100,
    scale: 100,
    volatility: 0.35
  } as const
  const gold = {
    exchange: "MCX",
    title: "GOLD",
    spot: 78_540,
    lotSize: 100,
    quantityUnit: 1,
    units: 100,
    scale: 100,
    volatility: 0.14
  } as const
  // Contracts of a thousandth of a coin and of a hundredth, in half dollars and in twentieths.
  const bitcoin = {
    exchange: "CRYPTO",
    title: "BTC",
    spot: 79_750,
    lotSize: 0.001,
    quantityUnit: 1,
    units: 5,
    scale: 10,
    volatility: 0.5
  } as const
  const ether = {
    ...bitcoin,
    title: "ETH",
    spot: 2510.25,
    lotSize: 0.01,
    scale: 100,
    volatility: 0.65
  } as const
  const [crypto] = monthlyExpiries(now, FRIDAY, 1) as [Expiry]
  const usdInrFuture = future(usdInr, 9821, currency, now)
  const crudeFuture = future(crude, 428_701, dateExpiry(now, 19), now)
  const niftyChain = [
    ...chain(nifty, 43_801, near, 50, 3, now),
    ...(week.weekly ? chain(nifty, 43_901, week, 50, 1, now) : [])
  ]

  return [
    ...nseEquities,
    ...loadEquities(load),
    ...bseEquities,
    ...indices,
    future(nifty, 35_001, near, now),
    future(nifty, 35_002, next, now),
    ...niftyChain,
    // Far out of the money, not traded yet today.
    { ...option(nifty, 43_999, near, 20_000, "PE", now), untraded: true },
    future(bankNifty, 35_003, near, now),
    ...chain(bankNifty, 44_001, near, 100, 2, now),
    // The number of RELIANCE on NSE once more: a token identifies nothing without its segment.
    future(reliance, 2885, near, now),
    ...chain({ ...reliance, units: 5 }, 45_001, near, 20, 1, now),
    future(sensex, 874_211, bseNear, now),
    ...chain(sensex, 874_301, bseNear, 100, 1, now),
    usdInrFuture,
    option({ ...usdInr, of: usdInrFuture.name }, 9822, currency, 84.25, "CE", now),
    future({ ...usdInr, exchange: "BCD", of: usdInrFuture.name }, 1_150_041, bseCurrency, now),
    crudeFuture,
    option({ ...crude, of: crudeFuture.name, units: 10 }, 428_801, crudeFuture.expiry!, 6200, "CE", now),
    future(gold, 428_702, dateExpiry(now, 5), now),
    perpetual(bitcoin, 27),
    perpetual(ether, 3136),
    future({ ...ether, of: "CRYPTO:ETHUSDFUT" }, 150_111, crypto, now),
    ...chain({ ...bitcoin, of: "CRYPTO:BTCUSDFUT", units: 1 }, 147_880, crypto, 10_000, 0, now)
  ]
}
