import { assert, describe, it } from "@effect/vitest"
import { modeBit, refreshes } from "../../../../src/market/mode.ts"
import type { Depth, Tick } from "../../../../src/market/tick.ts"
import { forget, forgetFields, mergeTick } from "../../../../src/session/ticks/tickMerge.ts"
import type { SubscribedInstrument } from "../../../../src/session/model.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import { RELIANCE } from "../instruments.ts"

const entryOf = (): SubscribedInstrument =>
  new Subscriptions("asha", { name: "test" }).add("r", RELIANCE, "depth", 20, 20, false).change!.instrument

const tick = (fields: Partial<Tick>): Tick => ({
  symbol: "RELIANCE",
  exchange: "NSE",
  mode: "ltp",
  received_time: 1_764_040_500_000,
  ...fields
})
const bookOf = (price: number, levels: number): Depth => {
  const side = Array.from({ length: levels }, (_, i) => ({ price: price + i, quantity: 1, orders: 1 }))
  return { buy: side, sell: side }
}

describe("a field that a packet carried wrong", () => {
  it("is forgotten, and the book's mode with it, so that nothing old stands beside the new price", () => {
    const instrument = entryOf()
    mergeTick(
      instrument,
      0,
      true,
      tick({ mode: "depth", ltp: 100, volume: 10, depth: bookOf(99, 5) }),
      modeBit.depth
    )
    forgetFields(instrument, 0, ["depth", "volume"])
    const { tick: joined } = mergeTick(
      instrument,
      0,
      true,
      tick({ mode: "quote", ltp: 150 }),
      refreshes.quote
    )
    assert.deepStrictEqual(joined, tick({ mode: "quote", ltp: 150 }))
    // What was never known cannot be forgotten.
    forgetFields(instrument, 1, ["depth"])
    assert.isUndefined(instrument.parts[1])
  })
})

describe("join, of one feed", () => {
  it("passes whole ticks on as they are", () => {
    const instrument = entryOf()
    const first = tick({ mode: "quote", ltp: 10, volume: 5 })
    assert.deepStrictEqual(mergeTick(instrument, 0, false, first, refreshes.quote), {
      tick: first,
      refreshes: refreshes.quote
    })
    const second = tick({ ltp: 11 })
    assert.strictEqual(mergeTick(instrument, 0, false, second, refreshes.ltp).tick, second)
  })

  it("keeps what a partial tick does not carry, and takes what it does", () => {
    const instrument = entryOf()
    mergeTick(instrument, 0, true, tick({ mode: "quote", ltp: 10, volume: 5, close: 9 }), refreshes.quote)
    const book = bookOf(10, 5)
    const withBook = mergeTick(instrument, 0, true, tick({ mode: "depth", depth: book }), modeBit.depth)
    assert.deepStrictEqual(withBook, {
      tick: tick({ mode: "depth", ltp: 10, volume: 5, close: 9, depth: book }),
      refreshes: modeBit.depth
    })
    const later = tick({ mode: "ltp", ltp: 11, received_time: 1_764_040_501_000 })
    assert.deepStrictEqual(mergeTick(instrument, 0, true, later, refreshes.ltp), {
      tick: { ...later, mode: "depth", volume: 5, close: 9, depth: book },
      // News of the price is news for whoever reads the whole picture.
      refreshes: modeBit.ltp | modeBit.depth
    })
  })

  it("ends an auction with the first price that tells nothing of one", () => {
    const instrument = entryOf()
    const auction = { reference_price: 9.5, imbalance: -40, market_imbalance: 0 }
    mergeTick(
      instrument,
      0,
      true,
      tick({ mode: "quote", ltp: 10, indicative_price: 11, ...auction }),
      refreshes.quote
    )
    const book = bookOf(10, 5)
    const withBook = mergeTick(instrument, 0, true, tick({ mode: "depth", depth: book }), modeBit.depth)
    assert.deepInclude(withBook.tick, { ...auction, indicative_price: 11 })
    const without = mergeTick(instrument, 0, true, tick({ ltp: 10.5, ...auction }), refreshes.ltp)
    assert.deepStrictEqual(without.tick, tick({ mode: "depth", ltp: 10.5, ...auction, depth: book }))
    const after = mergeTick(instrument, 0, true, tick({ ltp: 10.6 }), refreshes.ltp)
    assert.deepStrictEqual(after.tick, tick({ mode: "depth", ltp: 10.6, depth: book }))
  })

  it("leaves the ticks that it joined alone", () => {
    const instrument = entryOf()
    const first = Object.freeze(tick({ mode: "quote", ltp: 10, volume: 5 }))
    const second = Object.freeze(tick({ ltp: 11 }))
    mergeTick(instrument, 0, true, first, refreshes.quote)
    assert.deepStrictEqual(mergeTick(instrument, 0, true, second, refreshes.ltp).tick, { ...first, ltp: 11 })
    assert.deepStrictEqual([first.ltp, second.volume], [10, undefined])
  })

  it("begins anew once it is forgotten", () => {
    const instrument = entryOf()
    mergeTick(instrument, 0, true, tick({ mode: "quote", ltp: 10, volume: 5 }), refreshes.quote)
    forget(instrument, 0)
    const fresh = tick({ ltp: 11 })
    assert.deepStrictEqual(mergeTick(instrument, 0, true, fresh, refreshes.ltp), {
      tick: fresh,
      refreshes: refreshes.ltp
    })
  })
})

describe("join, of a main feed and a deep one", () => {
  const depth = bookOf(100, 20)
  const deepBook = tick({ mode: "depth", depth })

  it("puts the deep book in the place of the main one's, whichever comes first", () => {
    const main = tick({ mode: "depth", ltp: 10, depth: bookOf(10, 5) })
    const expected = { ...main, depth }
    const one = entryOf()
    mergeTick(one, 0, false, main, refreshes.depth)
    const fromDeep = mergeTick(one, 1, false, deepBook, modeBit.depth)
    assert.deepStrictEqual(fromDeep, { tick: expected, refreshes: modeBit.depth })
    const other = entryOf()
    mergeTick(other, 1, false, deepBook, modeBit.depth)
    assert.deepStrictEqual(mergeTick(other, 0, false, main, refreshes.depth), {
      tick: expected,
      refreshes: refreshes.depth
    })
  })

  it("makes news of the price news for depth readers, with the deep book beside it", () => {
    const instrument = entryOf()
    mergeTick(instrument, 1, false, deepBook, modeBit.depth)
    const price = tick({ mode: "ltp", ltp: 11 })
    assert.deepStrictEqual(mergeTick(instrument, 0, false, price, refreshes.ltp), {
      tick: { ...price, mode: "depth", depth },
      refreshes: modeBit.ltp | modeBit.depth
    })
  })

  it("shows a deep book alone where the main feed has not spoken yet", () => {
    assert.deepStrictEqual(mergeTick(entryOf(), 1, false, deepBook, modeBit.depth), {
      tick: deepBook,
      refreshes: modeBit.depth
    })
  })

  it("joins the halves of a partial deep book before it stands in", () => {
    const instrument = entryOf()
    const { buy, sell } = bookOf(100, 20)
    mergeTick(instrument, 0, false, tick({ mode: "quote", ltp: 10 }), refreshes.quote)
    mergeTick(instrument, 1, true, tick({ mode: "depth", oi: 7 }), modeBit.depth)
    const { tick: joined } = mergeTick(
      instrument,
      1,
      true,
      tick({ mode: "depth", depth: { buy, sell } }),
      modeBit.depth
    )
    assert.deepInclude(joined, { mode: "depth", ltp: 10, oi: 7, depth: { buy, sell } })
  })

  it("returns to the main book when the deep feed is forgotten", () => {
    const instrument = entryOf()
    const main = tick({ mode: "depth", ltp: 10, depth: bookOf(10, 5) })
    mergeTick(instrument, 0, false, main, refreshes.depth)
    mergeTick(instrument, 1, false, deepBook, modeBit.depth)
    forget(instrument, 1)
    assert.deepStrictEqual(mergeTick(instrument, 0, false, main, refreshes.depth).tick, main)
  })
})
