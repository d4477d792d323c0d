/** Fair prices of contracts on an underlying. Rough on purpose: close enough that an option chain looks right. */

/** A year in milliseconds of wall-clock time. */
export const YEAR_MS = 365 * 86_400_000
/** Cost of carry per year. */
const RATE = 0.065

export const futurePrice = (spot: number, msToExpiry: number): number =>
  spot * Math.exp((RATE * Math.max(0, msToExpiry)) / YEAR_MS)

/** The normal distribution function by a logistic fit: within 0.0002 of the true one. */
const normalCdf = (x: number): number => 1 / (1 + Math.exp(-x * (1.5976 + 0.070565992 * x * x)))

/** Black-Scholes for a European option; its intrinsic value once expired. */
export const optionPrice = (
  call: boolean,
  spot: number,
  strike: number,
  volatility: number,
  msToExpiry: number
): number => {
  const years = Math.max(0, msToExpiry) / YEAR_MS
  const intrinsic = Math.max(0, call ? spot - strike : strike - spot)
  if (years === 0) return intrinsic
  const spread = volatility * Math.sqrt(years)
  const d1 = (Math.log(spot / strike) + (RATE + (volatility * volatility) / 2) * years) / spread
  const d2 = d1 - spread
  const discounted = strike * Math.exp(-RATE * years)
  const value = call
    ? spot * normalCdf(d1) - discounted * normalCdf(d2)
    : discounted * normalCdf(-d2) - spot * normalCdf(-d1)
  return Math.max(value, 0)
}
