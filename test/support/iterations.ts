/** Counts instead of clocks: how many items of maps and sets were looked at one after the other. */

const prototypes = [new Map().values(), new Set().values()].map(
  (iterator) => Object.getPrototypeOf(iterator) as { next: () => unknown }
)

/** Steps of all iterators over maps and sets while `act` runs. */
export const stepsOf = (act: () => void): number => {
  let steps = 0
  const originals = prototypes.map(({ next }) => next)
  for (const [i, prototype] of prototypes.entries()) {
    prototype.next = function (this: unknown) {
      steps++
      return originals[i]!.call(this)
    }
  }
  try {
    act()
  } finally {
    for (const [i, prototype] of prototypes.entries()) prototype.next = originals[i]!
  }
  return steps
}
