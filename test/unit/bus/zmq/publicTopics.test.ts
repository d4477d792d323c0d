import { assert, describe, it } from "@effect/vitest"
import type { MarketFrame, View } from "../../../../src/frame/marketFrame.ts"
import { topicOf } from "../../../../src/frame/marketFrame.ts"
import { makeDeepestOnly, publicTopic } from "../../../../src/bus/zmq/publisher.ts"
import type { Mode } from "../../../../src/market/mode.ts"

const frame = (symbol: string, mode: Mode, asked = 0, levels = asked, user = "asha"): MarketFrame => {
  const view: View = {
    topic: topicOf(user, "NSE", symbol, mode, asked),
    user,
    broker: "zerodha",
    symbol,
    exchange: "NSE",
    mode,
    levels
  }
  return {
    view,
    payload: Buffer.from("{}"),
    dataStart: 0,
    dataEnd: 2,
    received: 0,
    exchanged: 0,
    published: 0
  }
}

const collect = () => {
  const out: Array<string> = []
  const publish = makeDeepestOnly(({ view }, topic) => out.push(`${topic} ${view.topic}`))
  return (frames: ReadonlyArray<MarketFrame>) => {
    publish(frames)
    return out.splice(0)
  }
}

describe("public topics", () => {
  it("name symbol, exchange and the mode by its number, depth being 4", () => {
    const names = (["ltp", "quote", "depth"] as const).map((mode) => publicTopic(frame("M&M", mode).view))
    assert.deepStrictEqual(names, ["M&M.NSE.1", "M&M.NSE.2", "M&M.NSE.4"])
  })

  it("carry the deepest book that is read, whatever the order, for as long as it is read", () => {
    const publish = collect()
    const [five, twenty] = [frame("INFY", "depth", 5), frame("INFY", "depth", 20)]
    const deep = ["INFY.NSE.4 asha/NSE:INFY/depth/20"]
    assert.deepStrictEqual(publish([five, twenty]), deep)
    assert.deepStrictEqual(publish([twenty, five]), deep)
    assert.deepStrictEqual(publish([five, twenty, five, twenty]), [...deep, ...deep])
    assert.deepStrictEqual(publish([five]), ["INFY.NSE.4 asha/NSE:INFY/depth/5"])
    assert.deepStrictEqual(publish([five, twenty]), deep)
  })

  it("carry one of two views that were given the same levels, and leave other modes and users alone", () => {
    const publish = collect()
    const out = publish([
      frame("INFY", "ltp"),
      frame("INFY", "depth", 30, 20),
      frame("INFY", "quote"),
      frame("INFY", "depth", 20),
      frame("INFY", "depth", 5, 5, "ravi"),
      frame("TCS", "depth", 5)
    ])
    assert.deepStrictEqual(out, [
      "INFY.NSE.1 asha/NSE:INFY/ltp",
      "INFY.NSE.4 asha/NSE:INFY/depth/30",
      "INFY.NSE.2 asha/NSE:INFY/quote",
      "INFY.NSE.4 ravi/NSE:INFY/depth/5",
      "TCS.NSE.4 asha/NSE:TCS/depth/5"
    ])
  })
})
