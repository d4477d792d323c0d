/** The hostile-client and the slow-reader suite at a small size; `make soak` runs them at full size. */
import { describe, expect, it } from "vitest"
import { runHostile, smallHostile } from "../../soak/hostile.ts"
import { runSlowReaders, smallSlow } from "../../soak/slowReaders.ts"

describe("a gateway", () => {
  it("lets no hostile client disturb another", { timeout: 300_000 }, async () => {
    const { acts, violations } = await runHostile(smallHostile)
    expect(violations).toEqual([])
    expect(acts.every(({ frames, lost }) => frames > 0 && lost === 0)).toBe(true)
  })

  it(
    "gives slow readers the last value of everything, within a bound of memory",
    { timeout: 120_000 },
    async () => {
      const { conflated, violations } = await runSlowReaders(smallSlow)
      expect(violations).toEqual([])
      expect(conflated).toBeGreaterThan(0)
    }
  )
})
