/**
 * Prices that travel as 32-bit floats. Such a number is the one nearest to the printed price, not the price: 1412.65
 * arrives as 1412.6500244140625. Some seven digits survive, so the exchange's decimals bring the price back.
 */

/**
 * Rounds to the decimals that the exchange prints. Exact halves go to the even number, as in the brokers' own SDKs.
 * NaN and the infinities stay what they are.
 *
 * @param scale ten to the number of decimals
 */
export const printed = (value: number, scale: number): number => {
  // Exact: the product of 24 bits and a few more fits a double.
  const scaled = value * scale
  const rounded = Math.round(scaled)
  return (rounded - scaled === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded) / scale
}

/** False for NaN and the infinities, and so for a sum of prices with one of them in it. */
export const isNumber = (sum: number): boolean => sum - sum === 0
