/**
 * Who takes what, when several may take the same: the largest number of takers that can all be served. By augmenting
 * paths, earlier takers and earlier items first.
 */

/** @returns per taker the place of its item, or undefined */
export const assign = (
  takers: number,
  items: number,
  fits: (taker: number, item: number) => boolean
): ReadonlyArray<number | undefined> => {
  const takerOf: Array<number | undefined> = Array.from({ length: items }, () => undefined)
  const itemOf: Array<number | undefined> = Array.from({ length: takers }, () => undefined)
  const serve = (taker: number, tried: Set<number>): boolean => {
    for (let item = 0; item < items; item++) {
      if (tried.has(item) || !fits(taker, item)) continue
      tried.add(item)
      const holder = takerOf[item]
      if (holder !== undefined && !serve(holder, tried)) continue
      takerOf[item] = taker
      itemOf[taker] = item
      return true
    }
    return false
  }
  for (let taker = 0; taker < takers; taker++) serve(taker, new Set())
  return itemOf
}
