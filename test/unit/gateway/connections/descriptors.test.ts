import { assert, describe, it } from "@effect/vitest"
import { descriptorsOfProcess, freePlaces, setAside } from "../../../../src/bus/descriptors.ts"
import { Descriptors } from "../../../../src/gateway/connections/descriptors.ts"

/** A process whose open files are what the test says. */
const setUp = (limit: number, reserve: number) => {
  const at = { used: 0, now: 0, looks: 0 }
  const source = {
    limit,
    used: () => {
      at.looks++
      return at.used
    }
  }
  return { at, descriptors: new Descriptors(source, reserve, () => at.now) }
}

describe("descriptors", () => {
  it("are scarce when the reserve is what is left, counting what has come since the last look", () => {
    const { at, descriptors } = setUp(1000, 100)
    assert.strictEqual(descriptors.most, 900)
    at.used = 895
    descriptors.read()
    for (let i = 0; i < 4; i++) descriptors.opened()
    assert.isFalse(descriptors.scarce)
    descriptors.opened()
    assert.isTrue(descriptors.scarce)
    assert.isTrue(descriptors.takeScarcity())
    assert.isFalse(descriptors.takeScarcity(), "it is told once")
  })

  it("are looked at again when they seem scarce, ten times a second at most", () => {
    const { at, descriptors } = setUp(1000, 100)
    at.used = 899
    descriptors.read()
    descriptors.opened()
    at.used = 500
    for (let i = 0; i < 100; i++) assert.isTrue(descriptors.scarce)
    assert.strictEqual(at.looks, 1)
    at.now += 100
    assert.isFalse(descriptors.scarce)
    assert.strictEqual(at.looks, 2)
  })

  it("keep a quarter of a low limit, and none where there is no limit", () => {
    assert.strictEqual(setUp(256, 128).descriptors.most, 192)
    const { at, descriptors } = setUp(Infinity, 128)
    at.used = 1e6
    descriptors.read()
    assert.isFalse(descriptors.scarce)
    assert.isFalse(descriptors.exhausted)
  })

  it("are exhausted when the reserve is all but gone", () => {
    const { at, descriptors } = setUp(1000, 100)
    at.used = 970
    descriptors.read()
    assert.isFalse(descriptors.exhausted)
    at.used = 976
    descriptors.read()
    assert.isTrue(descriptors.exhausted)
  })

  it("are scarce as soon as what others may still take is all that is left beside the reserve", () => {
    const at = { used: 850, elsewhere: 40 }
    const descriptors = new Descriptors(
      { limit: 1000, used: () => at.used },
      100,
      () => 0,
      () => at.elsewhere
    )
    descriptors.read()
    assert.isFalse(descriptors.scarce)
    at.used = 860
    descriptors.read()
    assert.isTrue(descriptors.scarce)
    at.elsewhere = 20
    assert.isFalse(descriptors.scarce)
  })

  it("that are set aside count until they are taken, and never below none", () => {
    const before = freePlaces()
    const places = setAside(10)
    assert.strictEqual(freePlaces(), before + 10)
    places.taken(4)
    assert.strictEqual(freePlaces(), before + 6)
    places.taken(25)
    assert.strictEqual(freePlaces(), before)
    places.taken(0)
    places.release()
    assert.strictEqual(freePlaces(), before)
  })

  it("of this process are counted", () => {
    const source = descriptorsOfProcess()
    if (source.limit === Infinity) return
    assert.isAbove(source.used(), 2)
    assert.isBelow(source.used(), source.limit)
  })
})
