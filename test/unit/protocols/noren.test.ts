/** The client's side of the Noren feed: what it asks for, and what it makes of frames. */
import { assert, describe, it } from "@effect/vitest"
import { broker as aliceblue } from "../../../src/brokers/data/aliceblue.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as shoonya } from "../../../src/brokers/data/shoonya.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { refreshes } from "../../../src/market/mode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/noren/index.ts"
import type { Codec } from "../../../src/protocols/protocol.ts"
import { DEPTH, LTP, QUOTE, decode, instrument, openWith, opened, parsed, requested } from "./support.ts"

const side = { broker: shoonya, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const infosys = instrument("NSE", "INFY", "1594")
const future = instrument("NFO", "RELIANCE25APR24FUT", "2885")
const dollar = instrument("CDS", "USDINR26APR24FUT", "1281")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")
const sensex = instrument("BSE_INDEX", "SENSEX", "1")

const requests = (codec: Codec, ...changes: Parameters<Codec["request"]>[0]): ReadonlyArray<unknown> =>
  parsed(requested(codec, changes)).map((r) => Object.values(r as object).join(" "))

const frame = (t: string, of: WireInstrument, fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ t, e: of.exchange.replace("_INDEX", ""), tk: of.token, ...fields })

describe("noren: requests", () => {
  it("joins scrips, one feed a frame", () => {
    assert.deepStrictEqual(
      requests(
        openWith(side),
        { instrument: reliance, to: LTP },
        { instrument: future, to: QUOTE },
        { instrument: dollar, to: DEPTH },
        { instrument: nifty, to: { mode: "depth", depth: 0 } },
        { instrument: sensex, to: QUOTE }
      ),
      ["t NSE|2885#NFO|2885#NSE|26000#BSE|1", "d CDS|1281"]
    )
    assert.deepStrictEqual(openWith(side).request([{ instrument: reliance, to: LTP }]), [
      '{"t":"t","k":"NSE|2885"}'
    ])
  })

  it("gets the new feed before it gives up the old one, and asks for nothing twice", () => {
    const codec = opened(side, [reliance], LTP)
    assert.deepStrictEqual(requests(codec, { instrument: reliance, from: LTP, to: QUOTE }), [])
    assert.deepStrictEqual(requests(codec, { instrument: reliance, from: QUOTE, to: DEPTH }), [
      "d NSE|2885",
      "u NSE|2885"
    ])
    assert.deepStrictEqual(requests(codec, { instrument: reliance, from: DEPTH, to: DEPTH }), [])
    assert.deepStrictEqual(requests(codec, { instrument: reliance, from: DEPTH, to: LTP }), [
      "t NSE|2885",
      "ud NSE|2885"
    ])
    assert.deepStrictEqual(
      requests(codec, { instrument: infosys, to: DEPTH }, { instrument: reliance, from: LTP }),
      ["u NSE|2885", "d NSE|1594"]
    )
    assert.deepStrictEqual(requests(codec, { instrument: infosys, from: DEPTH }), ["ud NSE|1594"])
    assert.deepStrictEqual(requests(codec, { instrument: infosys }), [])
  })

  it("keeps to the batch", () => {
    const many = Array.from({ length: 250 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = parsed(
      requested(
        openWith(side),
        many.map((i) => ({ instrument: i, to: LTP }))
      )
    ) as ReadonlyArray<{ readonly k: string }>
    assert.deepStrictEqual(
      frames.map((f) => f.k.split("#").length),
      [100, 100, 50]
    )
  })

  it("uses the LTP feed where the user chooses it", () => {
    const codec = openWith(side, { ltpFeed: true })
    assert.deepStrictEqual(requests(codec, { instrument: reliance, to: LTP }), ["l NSE|2885"])
    const { ticks } = decode(
      codec,
      frame("lk", reliance, { lp: "10.50" }),
      frame("lf", reliance, { lp: "10.55" })
    )
    assert.deepStrictEqual(
      ticks.map((t) => [t.mode, t.ltp]),
      [
        ["ltp", 10.5],
        ["ltp", 10.55]
      ]
    )
    assert.deepStrictEqual(requests(codec, { instrument: reliance, from: LTP, to: QUOTE }), [
      "t NSE|2885",
      "ul NSE|2885"
    ])
  })

  it.each([
    ["NSE", "02885", "instruments anew"],
    ["NSE", "1|2#NSE", "instruments anew"],
    ["NCO", "7", "no code for NCO"]
  ] as const)("never asks for %s token %j, and says why", (exchange, token, why) => {
    const codec = openWith(side)
    assert.deepStrictEqual(codec.request([{ instrument: instrument(exchange, "BAD", token), to: LTP }]), [])
    const [event] = decode(codec, '{"t":"hk"}').events
    assert.include(event?.type === "refused" ? event.detail : "", why)
  })

  it("sends each broker's heartbeat, and takes any answer to it", () => {
    assert.strictEqual(openWith(side).heartbeat!(), '{"t":"h"}')
    assert.strictEqual(protocol.open(codecOptions(aliceblue)).heartbeat!(), '{"k":"","t":"h"}')
    const answers = ['{"t":"hk","hk":1711611413}', '{"t":"hk","ft":"1711611413"}', '{"t":"hk"}', '{"t":"h"}']
    assert.deepStrictEqual(
      decode(openWith(side), ...answers).events,
      answers.map(() => ({ type: "heartbeat" }))
    )
  })
})

describe("noren: frames", () => {
  it("hands back the very instrument, and says for whom the tick is news", () => {
    const codec = opened(side, [reliance, future], DEPTH)
    const found = decode(
      codec,
      frame("tf", reliance, { lp: "1" }),
      frame("tk", future, { lp: "2", v: "0" }),
      frame("dk", reliance, { lp: "3", bp1: "2.95" })
    )
    assert.strictEqual(found.instruments[0], reliance)
    assert.strictEqual(found.instruments[1], future)
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.quote, refreshes.depth])
    assert.strictEqual(found.ticks[1]!.volume, 0)
  })

  it("keeps what was not told absent, and a zero price too", () => {
    const codec = opened(side, [reliance])
    const [first, second] = decode(
      codec,
      frame("dk", reliance, { c: "10.00", o: "0.00", ft: "0", v: "0", bp1: "9.95", ltt: "00:00:00" }),
      frame("df", reliance, { c: "0.00", lp: null, bq1: "5" })
    ).ticks
    assert.deepStrictEqual(Object.keys(first!).sort(), [
      "close",
      "depth",
      "exchange",
      "mode",
      "received_time",
      "symbol",
      "volume"
    ])
    assert.deepStrictEqual(first!.depth!.buy[0], { price: 9.95, quantity: 0, orders: 0 })
    assert.notProperty(second, "close")
    assert.deepStrictEqual(second!.depth!.buy[0], { price: 9.95, quantity: 5, orders: 0 })
  })

  it.each([["0x10"], [" "], ["--"], ["1,200.50"], ["Infinity"], ["1e999"], [true], [{}], [[5]]])(
    "takes %j for no number",
    (lp) => {
      const codec = opened(side, [reliance])
      assert.deepStrictEqual(decode(codec, frame("tf", reliance, { lp })).causes, ["malformed_text"])
      const [tick] = decode(codec, frame("tf", reliance, { lp, c: "5" })).ticks
      assert.notProperty(tick, "ltp")
    }
  )

  it("gives no tick for a frame that says nothing", () => {
    const codec = opened(side, [reliance])
    for (const fields of [{}, { pc: "0.50" }, { toi: "5" }, { lp: "", o: "-", h: null }]) {
      const found = decode(codec, frame("tf", reliance, fields))
      assert.deepStrictEqual([found.ticks.length, found.causes.length], [0, 0])
      assert.propertyVal(found.events[0], "type", "ignored")
    }
  })

  it("dates a trade by the feed's clock", () => {
    const codec = opened(side, [reliance])
    // 2024-03-28 13:08:33 IST.
    const ft = 1_711_611_513
    const ltt = (clock: unknown, at: unknown = ft) =>
      decode(codec, frame("dk", reliance, { lp: "1", ltt: clock, ft: at })).ticks[0]!.ltt
    assert.strictEqual(ltt("13:08:30"), (ft - 3) * 1000)
    assert.strictEqual(ltt("13:09:33"), (ft + 60) * 1000)
    assert.isUndefined(ltt("13:09:34"))
    assert.isUndefined(ltt("13:08:30", ""))
    for (const clock of ["25:00:00", "13:8:30", "", "-", 130_830]) assert.isUndefined(ltt(clock))
    // After midnight in India it is still the day before in London.
    assert.strictEqual(ltt("00:10:00", 1_711_565_400), 1_711_564_800_000)
  })

  it("forgets a scrip that was given up, with all that was told of it", () => {
    const codec = opened(side, [reliance], QUOTE)
    decode(codec, frame("tk", reliance, { lp: "1", o: "2" }))
    codec.request([{ instrument: reliance, from: QUOTE }])
    assert.deepStrictEqual(decode(codec, frame("tf", reliance, { lp: "3" })).causes, ["not_subscribed"])
    codec.request([{ instrument: reliance, to: QUOTE }])
    assert.notProperty(decode(codec, frame("tf", reliance, { lp: "4" })).ticks[0], "open")
  })

  it("keeps equal tokens of two exchanges apart, and an unknown exchange out", () => {
    const codec = opened(side, [reliance, future], QUOTE)
    const found = decode(
      codec,
      frame("tk", reliance, { lp: "1", h: "7" }),
      frame("tk", future, { lp: "2" }),
      frame("tf", instrument("NCO", "X", "2885"), { lp: "3" }),
      frame("tf", instrument("BSE", "X", "2885"), { lp: "4" })
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.exchange, t.ltp, t.high]),
      [
        ["NSE", 1, 7],
        ["NFO", 2, undefined]
      ]
    )
    assert.deepStrictEqual(found.causes, ["unknown_segment", "not_subscribed"])
  })

  it("tells acknowledgements, orders and nonsense apart", () => {
    const found = decode(
      openWith(side),
      '{"t":"uk","k":"NSE|1"}',
      '{"t":"udk"}',
      '{"t":"om","status":"COMPLETE"}',
      '{"t":"ms"}',
      '{"t":"zz"}',
      '{"a":1}',
      "[]",
      "{",
      new Uint8Array(3)
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored", "ignored", "ignored", "ignored"]
    )
    assert.deepStrictEqual(found.causes, [
      "unknown_packet",
      "malformed_text",
      "malformed_text",
      "malformed_text",
      "unknown_packet"
    ])
  })
})
