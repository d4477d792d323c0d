/** The golden frames, and that what they decode to passes the guard's Schema. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { runVectorFile } from "../../../src/brokers/conformance.ts"
import { Tick } from "../../../src/market/tick.ts"
import { DEEP, decode, framesOf, opened, sides, vectorsOf, wireInstruments } from "./support.ts"

const isTick = Schema.is(Tick)

describe.each([
  ["zerodha", sides.kite, 64],
  ["angel", sides.smartstream, 56]
] as const)("golden frames of %s", (name, side, cases) => {
  const vectors = vectorsOf(name)

  it(`all ${cases} cases decode to the expected ticks`, () => {
    const report = runVectorFile(vectors, side.broker, side.protocol)
    assert.deepStrictEqual(report, { stream: name, passed: cases, failed: 0, failures: [] })
  })

  it("every tick is a valid one", () => {
    const { ticks } = decode(opened(side, wireInstruments(vectors), DEEP), ...framesOf(vectors))
    assert.isAbove(ticks.length, 30)
    assert.deepStrictEqual(
      ticks.filter((t) => !isTick(t)),
      []
    )
  })
})
