/**
 * Prices that travel as 32-bit floats. Such a number is the one nearest to the printed price, not the price: 1412.65
 * arrives as 1412.6500244140625. Some seven digits survive, so the exchange's decimals bring the price back.
 */

/** Rounds to the decimals that the exchange prints. @param scale ten to the number of decimals */
export const printed = (value: number, scale: number): number => Math.round(value * scale) / scale

/** False for NaN and the infinities, and so for a sum of prices with one of them in it. */
export const isNumber = (sum: number): boolean => sum - sum === 0
