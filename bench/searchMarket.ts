/** Instruments as a large broker has them, made up: always the same, some 25 000 shares and all the rest contracts. */
import { expiryLabel } from "../src/market/expiry.ts"
import type { Exchange } from "../src/market/exchange.ts"
import type { Instrument, InstrumentType } from "../src/market/instrument.ts"

const SYLLABLES =
  "TA RE LI HD FC BA NK IN FO SUN PHA MA RU TI KO AX IS JI O VE DA GO DR EJ MOT ORS STE EL POW ER CEM ENT GAS OIL".split(
    " "
  )

/** Numbers from 0 to 1, the same ones every time (a linear congruential generator). */
const numbers = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x7fff_ffff
  }
}

const MONTHLY = ["2099-12-29", "2100-01-27", "2100-02-23"]
const WEEKLY = [
  "2099-12-01",
  "2099-12-08",
  "2099-12-15",
  "2099-12-22",
  ...MONTHLY,
  "2100-06-29",
  "2101-12-28"
]
const SERIES = ["BE", "GS", "N1", "SM"]

export const marketOf = (size: number): ReadonlyArray<Instrument> => {
  const next = numbers(7)
  const all = new Map<string, Instrument>()
  const add = (
    exchange: Exchange,
    symbol: string,
    name: string,
    type: InstrumentType,
    more: Partial<Instrument> = {}
  ) => {
    const key = `${exchange}:${symbol}`
    if (all.size >= size || all.has(key)) return
    const token = String(all.size + 1)
    all.set(key, {
      symbol,
      exchange,
      brokerSymbol: symbol,
      brokerExchange: exchange,
      token,
      name,
      lotSize: 1,
      tickSize: 0.05,
      type,
      ...more
    })
  }
  const word = (): string =>
    Array.from(
      { length: 2 + Math.floor(next() * 3) },
      () => SYLLABLES[Math.floor(next() * SYLLABLES.length)]
    ).join("")
  const chain = (
    exchange: Exchange,
    underlying: string,
    expiries: ReadonlyArray<string>,
    low: number,
    step: number,
    strikes: number
  ) => {
    for (const expiry of expiries) {
      const start = `${underlying}${expiryLabel(expiry)}`
      add(exchange, `${start}FUT`, underlying, "FUT", { expiry })
      for (let i = 0; i < strikes; i++) {
        const strike = low + i * step
        add(exchange, `${start}${strike}CE`, underlying, "CE", { expiry, strike })
        add(exchange, `${start}${strike}PE`, underlying, "PE", { expiry, strike })
      }
    }
  }

  const shares = ["RELIANCE", "HDFCBANK", "BAJAJ-AUTO", "M&M", "CESC", "MARUTI"]
  while (shares.length < 2300) shares.push(word())
  for (const symbol of shares) {
    const name = `${symbol.slice(0, 4)} ${word()} LIMITED`
    add("NSE", symbol, name, "EQ")
    add("BSE", symbol, name, "EQ")
  }
  for (let i = 0; i < 5000; i++) add("NSE", `${word()}-${SERIES[i % SERIES.length]}`, `${word()} LOAN`, "EQ")
  for (let i = 0; i < 9000; i++) add("BSE", `${word()}${i % 7}`, `${word()} ${word()} LTD`, "EQ")
  for (const symbol of ["NIFTY", "BANKNIFTY", "FINNIFTY", "NIFTYNXT50"])
    add("NSE_INDEX", symbol, symbol, "INDEX")
  chain("NFO", "NIFTY", WEEKLY, 20_000, 50, 220)
  chain("NFO", "BANKNIFTY", MONTHLY, 40_000, 100, 250)
  chain("NFO", "FINNIFTY", MONTHLY, 20_000, 50, 150)
  chain("NFO", "NIFTYNXT50", MONTHLY, 60_000, 100, 100)
  chain("BFO", "SENSEX", WEEKLY, 70_000, 100, 250)
  for (const commodity of ["GOLD", "SILVER", "CRUDEOIL"]) chain("MCX", commodity, MONTHLY, 1000, 10, 200)
  for (const currency of ["USDINR", "EURINR"]) chain("CDS", currency, WEEKLY, 80, 0.25, 120)
  for (let i = 0; all.size < size; i++) {
    chain("NFO", shares[i] ?? word(), MONTHLY, Math.floor(100 + next() * 2000), 5, 90)
  }
  return [...all.values()]
}
