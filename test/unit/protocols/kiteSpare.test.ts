/** Ticks that are written over: the same as new ones, and only where nobody else has them. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/zerodha.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { protocol } from "../../../src/protocols/kite/index.ts"

const instrument = {
  symbol: "INFY",
  exchange: "NSE",
  token: "408065",
  brokerExchange: "NSE",
  brokerSymbol: "INFY"
} as const

/** A frame with one full packet whose numbers come from these words. */
const frameOf = (words: ReadonlyArray<number>): Buffer => {
  const frame = Buffer.alloc(4 + 184)
  frame.writeUInt16BE(1, 0)
  frame.writeUInt16BE(184, 2)
  frame.writeUInt32BE(Number(instrument.token), 4)
  for (let i = 0; i < 45; i++) frame.writeUInt32BE(words[i % words.length]! >>> 0, 8 + 4 * i)
  return frame
}

const decode = (frame: Buffer, spare?: Tick): Tick => {
  const codec = protocol.open(codecOptions(broker))
  codec.request([{ instrument, to: { mode: "depth", depth: 5 } }])
  const ticks: Array<Tick> = []
  codec.decode(frame, 1_764_040_500_000, {
    tick: (_, tick) => void ticks.push(tick),
    spare: () => spare,
    reject: (cause, detail) => assert.fail(`${cause}: ${detail}`),
    event: () => assert.fail("no event"),
    send: () => assert.fail("nothing to send")
  })
  assert.lengthOf(ticks, 1)
  return ticks[0]!
}

const words = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 31 - 1 })), {
  minLength: 1,
  maxLength: 45
})

describe("a spare tick", () => {
  it("becomes the very tick that a new one would be, whatever it was", () => {
    fc.assert(
      fc.property(words, words, (before, after) => {
        const expected = decode(frameOf(after))
        const spare = decode(frameOf(before))
        const tick = decode(frameOf(after), spare)
        assert.deepStrictEqual(tick, expected)
        assert.deepStrictEqual(Object.keys(tick), Object.keys(expected))
      })
    )
  })

  it("is used where both are whole, and left alone where one is not or it is marked", () => {
    const whole = frameOf([150_000, 3, 149_900])
    const spare = decode(whole)
    assert.strictEqual(decode(whole, spare), spare)
    const untraded = decode(frameOf([0]), spare)
    assert.notStrictEqual(untraded, spare)
    assert.deepStrictEqual(spare, decode(whole))
    const marked: Tick = { ...spare, implausible: "jump" }
    const tick = decode(whole, marked)
    assert.notStrictEqual(tick, marked)
    assert.notProperty(tick, "implausible")
  })
})
