import { assert, describe, it } from "@effect/vitest"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import { NAMES, fieldsOf, readMapping, writeMapping } from "../../../src/protocols/fyers-hsm/fields.ts"
import {
  accepted,
  data,
  future,
  holding,
  lite,
  nifty,
  quote,
  reliance,
  sbin,
  snapshot,
  update
} from "./fyersFrames.ts"
import { DEPTH, NOW, decode } from "./support.ts"

describe("topics", () => {
  it("refresh what they can: a book has no price", () => {
    const found = decode(
      holding(sbin, nifty),
      data(1, snapshot(1, "sf|nse_cm|3045", quote()), snapshot(2, "dp|nse_cm|3045", [73_990])),
      data(2, snapshot(3, "if|nse_cm|Nifty 50", [2_340_435]))
    )
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, modeBit.depth, refreshes.quote])
    assert.deepStrictEqual(found.instruments, [sbin, sbin, nifty])
    assert.deepStrictEqual(found.ticks[1]!.depth?.buy[0], { price: 739.9, quantity: 0, orders: 0 })
  })

  it("of equal tokens stay apart by their segment", () => {
    const found = decode(
      holding(reliance, future),
      data(1, snapshot(1, "sf|nse_cm|2885", quote(100)), snapshot(2, "sf|nse_fo|2885", quote(200))),
      data(2, update(1, [101]), update(2, [201]))
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.exchange, t.ltp]),
      [
        ["NSE", 1],
        ["NFO", 2],
        ["NSE", 1.01],
        ["NFO", 2.01]
      ]
    )
  })

  it("end with the subscription, with what was known of them", () => {
    const codec = holding(sbin)
    assert.strictEqual(decode(codec, data(1, snapshot(1, "sf|nse_cm|3045", quote()))).ticks.length, 1)
    codec.request([{ instrument: sbin, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, data(2, update(1, [74_000]))).causes, ["not_subscribed"])
    codec.request([{ instrument: sbin, to: DEPTH }])
    const found = decode(
      codec,
      data(3, update(1, [74_001])),
      data(4, snapshot(1, "sf|nse_cm|3045", [74_002]))
    )
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
    const [tick] = found.ticks
    assert.deepStrictEqual(
      { ...tick },
      {
        symbol: "SBIN",
        exchange: "NSE",
        mode: "quote",
        received_time: NOW,
        ltp: 740.02
      }
    )
  })

  it("keep what is known of an instrument that is given up and wanted again in one go", () => {
    const codec = holding(sbin)
    decode(codec, data(1, snapshot(1, "sf|nse_cm|3045", quote())))
    const again = { ...sbin }
    codec.request([
      { instrument: sbin, from: DEPTH },
      { instrument: again, to: DEPTH }
    ])
    const found = decode(codec, data(2, update(1, [74_000])))
    assert.strictEqual(found.ticks[0]?.volume, 65_199_924)
    assert.strictEqual(found.instruments[0], again)
  })

  it("lose an id that another topic takes over", () => {
    const codec = holding(sbin, reliance)
    const found = decode(
      codec,
      data(1, snapshot(1, "sf|nse_cm|3045", quote()), snapshot(2, "sf|nse_cm|2885", quote())),
      data(2, snapshot(1, "sf|nse_cm|2885", quote(500))),
      data(3, update(1, [501]), update(2, [502]))
    )
    assert.deepStrictEqual(
      found.ticks.slice(2).map((t) => [t.symbol, t.ltp]),
      [
        ["RELIANCE", 5],
        ["RELIANCE", 5.01]
      ]
    )
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
    codec.request([{ instrument: sbin, from: DEPTH }])
    assert.strictEqual(decode(codec, data(4, update(1, [503]))).ticks.length, 1)
  })

  it("have no price without a scale that makes sense", () => {
    const codec = holding(sbin)
    const found = decode(
      codec,
      data(1, snapshot(1, "sf|nse_cm|3045", quote(), 0, 2), snapshot(2, "dp|nse_cm|3045", [1], 1, 200)),
      data(2, update(1, [1]))
    )
    assert.deepStrictEqual(found.ticks, [])
    assert.deepStrictEqual(found.causes, ["unusable_scale", "unusable_scale", "unusable_scale"])
    for (const detail of found.details) assert.include(detail, "scale")
    assert.include(found.details[2], "sf|nse_cm|3045")
    // Lite changes too, and what does not change is no news.
    assert.deepStrictEqual(decode(codec, data(3, lite(1, [2]), update(1, [2]))).causes, ["unusable_scale"])
    // A snapshot with a good scale begins it anew.
    const [tick] = decode(
      codec,
      data(4, snapshot(1, "sf|nse_cm|3045", quote(74_000)), update(1, [74_100]))
    ).ticks
    assert.strictEqual(tick?.ltp, 740)
    codec.request([{ instrument: sbin, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, data(5, update(2, [1]))).causes, ["not_subscribed"])
  })

  it("read a quantity beyond 31 bits and a negative price", () => {
    const values = [...quote(-150 >>> 0)]
    values[1] = 3_000_000_000
    const [tick] = decode(holding(sbin), data(1, snapshot(1, "sf|nse_cm|3045", values))).ticks
    assert.strictEqual(tick?.ltp, -1.5)
    assert.strictEqual(tick?.volume, 3_000_000_000)
  })

  it("take lite updates, and cannot skip those of unknown topics where the kinds differ", () => {
    const codec = holding(sbin)
    const both = data(2, lite(9, [1]), lite(1, [74_100]))
    decode(codec, data(1, snapshot(1, "sf|nse_cm|3045", quote())))
    const found = decode(codec, both)
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltp),
      [741]
    )
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
    const mapping = writeMapping({ ...NAMES, scripLite: 2 })
    const other = holding(sbin)
    decode(other, accepted(5, mapping), data(1, snapshot(1, "sf|nse_cm|3045", quote())))
    const second = decode(other, data(2, lite(1, [74_200, 65_199_925]), lite(9, [1]), lite(1, [1, 1])))
    assert.deepStrictEqual(
      second.ticks.map((t) => [t.ltp, t.volume]),
      [[742, 65_199_925]]
    )
    assert.deepStrictEqual(second.causes, ["unknown_packet"])
  })
})

describe("the mapping of the fields", () => {
  it("that the server tells is the one that is read by", () => {
    const turned = { ...NAMES, scrip: [...NAMES.scrip].reverse(), depth: [...NAMES.depth].reverse() }
    const codec = holding(sbin)
    const found = decode(
      codec,
      accepted(9, writeMapping(turned)),
      data(1, snapshot(1, "sf|nse_cm|3045", [...quote()].reverse())),
      data(
        2,
        snapshot(
          2,
          "dp|nse_cm|3045",
          Array.from({ length: 30 }, (_, i) => 30 - i)
        )
      )
    )
    const plain = decode(holding(sbin), data(1, snapshot(1, "sf|nse_cm|3045", quote())))
    assert.deepStrictEqual(found.ticks[0], plain.ticks[0])
    assert.deepStrictEqual(found.ticks[1]!.depth?.buy[4], { price: 0.05, quantity: 15, orders: 25 })
    assert.deepStrictEqual(found.ticks[1]!.depth?.sell[0], { price: 0.06, quantity: 16, orders: 26 })
  })

  it("is what this side writes, too", () => {
    assert.deepStrictEqual(readMapping(writeMapping(NAMES)), NAMES)
  })

  it("that makes no sense leaves the known one", () => {
    for (const text of ["", "{", "[]", "{}", '{"fields":[],"scrip":[],"index":[],"depth":[]}']) {
      assert.isUndefined(readMapping(text))
      const found = decode(holding(sbin), accepted(9, text), data(1, snapshot(1, "sf|nse_cm|3045", quote())))
      assert.strictEqual(found.ticks[0]?.ltp, 739.95)
    }
  })

  it("may leave a field out, which is absent then", () => {
    const short = fieldsOf({ ...NAMES, scrip: ["ltp", "c"] })
    assert.strictEqual(short.sf.volume, 0)
    const codec = holding(sbin)
    const [tick] = decode(
      codec,
      accepted(9, writeMapping({ ...NAMES, scrip: ["c", "ltp"] })),
      data(1, snapshot(1, "sf|nse_cm|3045", [100, 200]))
    ).ticks
    assert.deepInclude(tick, { ltp: 2, close: 1 })
    assert.notProperty(tick, "volume")
  })
})
