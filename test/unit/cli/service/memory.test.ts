import { assert, describe, it } from "@effect/vitest"
import { MemoryLevel, collector } from "../../../../src/cli/service/memory.ts"

const MB = 1024 * 1024
const reading = (rss: number, heapTotal = 60) => ({
  rss: rss * MB,
  heapTotal: heapTotal * MB,
  external: 8 * MB
})

describe("memory that a burst leaves behind", () => {
  const collections = (readings: ReadonlyArray<ReturnType<typeof reading>>): ReadonlyArray<number> => {
    const level = new MemoryLevel(readings[0]!)
    return readings.flatMap((now, i) => (level.shouldCollect(now) ? [i] : []))
  }

  it("is collected once it grows no more, and not again for what remained in use", () => {
    const grown = [150, 300, 400, 400, ...Array.from({ length: 20 }, () => 320)].map((rss) => reading(rss))
    assert.deepStrictEqual(collections(grown), [3])
  })

  it("is left alone where it is little, or the heap's own", () => {
    assert.deepStrictEqual(collections([150, 240, 240, 240].map((rss) => reading(rss))), [])
    assert.deepStrictEqual(collections([reading(150), reading(400, 310), reading(400, 310)]), [])
  })

  it("is collected again after the next burst, a minute later at the earliest", () => {
    const bursts = Array.from({ length: 12 }, (_, i) => reading(i % 2 === 0 ? 150 : 400))
    assert.deepStrictEqual(collections(bursts), [])
    const waves = [150, 400, 400, 160, 400, 400, 400, 400, 400, 400, 160].map((rss) => reading(rss))
    assert.deepStrictEqual(collections(waves), [2, 8])
  })

  it("goes back to the system", () => {
    const collect = collector()
    let garbage: Array<object> = []
    for (let i = 0; i < 1_000_000; i++) garbage.push({ i, list: [i, i] })
    const full = process.memoryUsage.rss()
    garbage = []
    collect()
    assert.isBelow(process.memoryUsage.rss(), full - 40 * MB)
    assert.isEmpty(garbage)
  })
})
