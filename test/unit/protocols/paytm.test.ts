/** Paytm Money's broadcast beyond its golden frames: requests, what they call an instrument, refusals. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/paytm.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodePacket } from "../../../src/protocols/paytm/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/paytm/index.ts"
import type { Codec } from "../../../src/protocols/protocol.ts"
import type { FindByToken } from "../../../src/protocols/serverProtocol.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { mend } from "../../../src/session/ticks/guard.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  handshakeOf,
  instrument,
  openServer,
  opened,
  openWith,
  parsed,
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }
const EPOCH = 315_532_800

const reliance = instrument("NSE", "RELIANCE", "2885")
const bees = { ...instrument("NSE", "NIFTYBEES", "10576"), brokerExchange: "NSE:ETF" }
const abb = instrument("NSE", "ABB", "13")
const nifty = instrument("NSE_INDEX", "NIFTY", "13")
const future = { ...instrument("NFO", "RELIANCE25AUG26FUT", "51000"), brokerExchange: "NSE" }
const call = { ...instrument("NFO", "NIFTY28AUG2624500CE", "43210"), brokerExchange: "NSE" }
const put = { ...instrument("BFO", "SENSEX13AUG2680000PE", "826625"), brokerExchange: "BSE" }

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_787_031_012_000,
  ltt: 1_787_031_010_000,
  ltp: 1412.65,
  ltq: 17,
  open: 1405.1,
  high: 1419.9,
  low: 1403.05,
  close: 1401.2,
  volume: 4_875_123,
  average_price: 1410.42,
  total_buy_quantity: 512_345,
  total_sell_quantity: 734_210,
  oi: 77,
  week52_high: 1608.95,
  week52_low: 1114.85,
  depth: {
    buy: [{ price: 1412.6, quantity: 250, orders: 4 }],
    sell: [
      { price: 1412.7, quantity: 310, orders: 6 },
      { price: 1412.75, quantity: 317, orders: 7 }
    ]
  }
}

const asked = (codec: Codec, ...changes: Parameters<Codec["request"]>[0]) =>
  (parsed(requested(codec, changes)) as ReadonlyArray<ReadonlyArray<Record<string, string>>>).map((frame) =>
    frame.map((e) =>
      [e["actionType"], e["modeType"], e["scripType"], e["exchangeType"], e["scripId"]].join(" ")
    )
  )

describe("paytm: requests", () => {
  it("are JSON arrays with the documented keys", () => {
    assert.deepStrictEqual(requested(openWith(side), [{ instrument: reliance, to: DEPTH }]), [
      '[{"actionType":"ADD","modeType":"FULL","scripType":"EQUITY","exchangeType":"NSE","scripId":"2885"}]'
    ])
  })

  it("call each instrument what the master calls it", () => {
    assert.deepStrictEqual(
      asked(
        openWith(side),
        ...[reliance, bees, nifty, future, call, put].map((i) => ({ instrument: i, to: LTP }))
      ),
      [
        [
          "ADD LTP EQUITY NSE 2885",
          "ADD LTP ETF NSE 10576",
          "ADD LTP INDEX NSE 13",
          "ADD LTP FUTURE NSE 51000",
          "ADD LTP OPTION NSE 43210",
          "ADD LTP OPTION BSE 826625"
        ]
      ]
    )
  })

  it("remove the old mode before they add the new one, and give up before they ask", () => {
    const codec = opened(side, [reliance, call], LTP)
    assert.deepStrictEqual(
      asked(codec, { instrument: reliance, from: LTP, to: DEPTH }, { instrument: call, from: LTP }),
      [["REMOVE LTP EQUITY NSE 2885", "REMOVE LTP OPTION NSE 43210", "ADD FULL EQUITY NSE 2885"]]
    )
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: DEPTH, to: QUOTE }), [
      ["REMOVE FULL EQUITY NSE 2885", "ADD QUOTE EQUITY NSE 2885"]
    ])
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: QUOTE, to: QUOTE }), [])
    assert.deepStrictEqual(
      asked(codec, { instrument: call, from: LTP }),
      [["REMOVE LTP OPTION NSE 43210"]],
      "it may not have been heard"
    )
  })

  it("hold as many entries as a batch allows", () => {
    const codec = protocol.open({ ...codecOptions(broker), batch: 2 })
    const frames = asked(codec, ...[reliance, bees, call].map((i) => ({ instrument: i, to: LTP })))
    assert.deepStrictEqual(
      frames.map((f) => f.length),
      [2, 1]
    )
  })

  it("leave out what cannot be asked for, and say so with the next frame", () => {
    const codec = openWith(side)
    const strange = [
      instrument("NSE", "A", "0x1"),
      instrument("MCX", "B", "1"),
      instrument("NSE", "C", "4294967296")
    ]
    assert.deepStrictEqual(asked(codec, ...strange.map((i) => ({ instrument: i, to: LTP }))), [])
    assert.deepStrictEqual(
      decode(codec, Buffer.alloc(0)).events.map((e) => e.type),
      ["refused", "refused", "refused", "ignored"]
    )
  })

  it("keep apart what packets cannot tell apart", () => {
    const bse = instrument("BSE", "OTHER", "2885")
    assert.strictEqual(protocol.exclusive(reliance), protocol.exclusive(bse))
    assert.notStrictEqual(protocol.exclusive(abb), protocol.exclusive(nifty))
    const codec = opened(side, [reliance], LTP)
    assert.deepStrictEqual(asked(codec, { instrument: bse, to: LTP }), [])
    assert.deepStrictEqual(asked(codec, { instrument: bse, from: LTP }), [])
    const found = decode(codec, encodePacket("ltp", false, 2885, state, EPOCH))
    assert.deepStrictEqual(found.instruments, [reliance])
    assert.include(JSON.stringify(found.events), "cannot be told from NSE:RELIANCE")
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: LTP }, { instrument: bse, to: LTP }), [
      ["REMOVE LTP EQUITY NSE 2885", "ADD LTP EQUITY BSE 2885"]
    ])
    assert.deepStrictEqual(decode(codec, encodePacket("ltp", false, 2885, state, EPOCH)).instruments, [bse])
  })

  it("refuse codes and choices that are none", () => {
    assert.throws(() => protocol.open({ codes: { NSE: "NSE" }, batch: 1 }), InvalidVariant, /:CASH/)
    assert.throws(() => protocol.open({ codes: { NSE: 1 }, batch: 1 }), InvalidVariant)
    assert.throws(() => openWith(side, { indianTimes: 1 }), InvalidVariant)
  })
})

describe("paytm: packets", () => {
  const codec = (): Codec => opened(side, [abb, nifty])

  it("come back as they were written, by kind", () => {
    const own = { symbol: "ABB", exchange: "NSE", received_time: NOW }
    const { depth: _, exchange_time: __, oi: ___, ...quote } = state
    const { exchange_time: ____, ...full } = state
    const frame = (["ltp", "quote", "depth"] as const).map((mode) =>
      encodePacket(mode, false, 13, state, EPOCH)
    )
    const found = decode(codec(), Buffer.concat(frame))
    assert.deepStrictEqual(found.ticks, [
      { ...own, mode: "ltp", ltp: state.ltp, ltt: state.ltt },
      { ...quote, ...own, mode: "quote" },
      { ...full, ...own, mode: "depth" }
    ] as ReadonlyArray<Tick>)
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.quote, refreshes.depth])
    assert.isTrue(found.instruments.every((i) => i === abb))
  })

  it("of an index have its time, and the year's range or the update's time", () => {
    const own = { symbol: "NIFTY", exchange: "NSE_INDEX", received_time: NOW }
    const { close, exchange_time, high, low, ltp, open, week52_high, week52_low } = state
    const frame = (["ltp", "quote", "depth"] as const).map((mode) =>
      encodePacket(mode, true, 13, state, EPOCH)
    )
    const found = decode(codec(), Buffer.concat(frame))
    assert.deepStrictEqual(found.ticks, [
      { ...own, mode: "ltp", ltp, exchange_time },
      { ...own, mode: "quote", ltp, open, high, low, close, week52_high, week52_low },
      { ...own, mode: "quote", exchange_time, ltp, open, high, low, close }
    ] as ReadonlyArray<Tick>)
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.quote, refreshes.quote])
    assert.isTrue(found.instruments.every((i) => i === nifty))
  })

  it("are stopped at an unknown code or a missing end, with what came before", () => {
    const good = encodePacket("ltp", false, 13, state, EPOCH)
    const unknown = decode(codec(), Buffer.concat([good, Buffer.from([80]), good]))
    assert.deepStrictEqual([unknown.ticks.length, unknown.causes], [1, ["unknown_packet"]])
    const cut = decode(codec(), Buffer.concat([good, good.subarray(0, 22)]))
    assert.deepStrictEqual([cut.ticks.length, cut.causes], [1, ["truncated"]])
  })

  it("are rejected with a price that is no number; a count below zero costs the book alone", () => {
    for (const [mode, isIndex, at] of [
      ["ltp", false, 1],
      ["quote", false, 47],
      ["depth", false, 13],
      ["depth", false, 163],
      ["quote", true, 39]
    ] as const) {
      const packet = Buffer.from(encodePacket(mode, isIndex, 13, state, EPOCH))
      packet.writeFloatLE(Number.NaN, at)
      assert.deepStrictEqual(decode(codec(), packet).causes, ["unknown_packet"], `${mode} ${at}`)
    }
    const packet = Buffer.from(encodePacket("depth", false, 13, state, EPOCH))
    const [whole] = decode(codec(), packet).ticks
    packet.writeInt32LE(-1, 5)
    const { causes, ticks } = decode(codec(), packet)
    const leftOut: Array<string> = []
    const { depth: _, ...rest } = whole!
    assert.deepStrictEqual(
      mend(ticks[0]!, (field) => void leftOut.push(field)),
      { ...rest, mode: "quote" }
    )
    assert.deepStrictEqual([causes, leftOut], [[], ["depth"]])
  })

  it("have times of India's clock where the variant says so", () => {
    const indian = opened(side, [abb], LTP, { indianTimes: true })
    const [tick] = decode(indian, encodePacket("ltp", false, 13, state, EPOCH)).ticks
    assert.strictEqual(tick!.ltt, state.ltt! - 19_800_000)
  })

  it("are for nobody after an unsubscribe", () => {
    const some = codec()
    some.request([{ instrument: abb, from: DEPTH }])
    assert.deepStrictEqual(decode(some, encodePacket("ltp", false, 13, state, EPOCH)).causes, [
      "not_subscribed"
    ])
    assert.deepStrictEqual(decode(some, encodePacket("ltp", true, 13, state, EPOCH)).instruments, [nifty])
  })
})

describe("paytm: the login", () => {
  it("is the public access token in the address", () => {
    const { headers, url } = handshakeOf(protocol, "wss://h/p", {
      ...credentials,
      feedToken: secret(" a+b/c=")
    })
    assert.deepStrictEqual([url, headers], ["wss://h/p?x_jwt_token=a%2Bb%2Fc%3D", {}])
    const causes = [401, 403, 429, 500].map((status) => protocol.refusal({ status, headers: {} })._tag)
    assert.deepStrictEqual(causes, ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"])
  })

  it.each([
    ['{"error":"Invalid JWT token"}', "AuthRejected"],
    ['{"message":"Session expired"}', "AuthRejected"],
    ['{"error":"Preferences limit reached"}', "refused"],
    ['{"code":5}', "refused"]
  ])("takes %s for %s", (words, kind) => {
    const [event] = decode(openWith(side), words).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, kind)
  })

  it("is refused to another", async () => {
    const outcome = await makeLink(broker, { accepted: { feedToken: secret("other") } }).then(
      () => "accepted",
      (error: unknown) => error
    )
    assert.instanceOf(outcome, LoginFailed)
    assert.notInclude(String(outcome), "demo-feed-token")
  })
})

describe("paytm: the broker's side", () => {
  const find: FindByToken = (token, code) =>
    [
      ["NSE:CASH", bees],
      ["NSE:INDEX", nifty]
    ].find(([c, i]) => c === code && (i as typeof bees).token === token)?.[1] as typeof bees | undefined

  it("names what it does not take", () => {
    const server = openServer(side)
    const entry = {
      actionType: "ADD",
      modeType: "LTP",
      scripType: "ETF",
      exchangeType: "NSE",
      scripId: "10576"
    }
    const errors = [
      "no JSON",
      "{}",
      JSON.stringify([1]),
      JSON.stringify([{ ...entry, modeType: "DEEP" }]),
      JSON.stringify([{ ...entry, scripType: "EQUITY" }]),
      JSON.stringify([{ ...entry, scripId: "1" }]),
      JSON.stringify([{ ...entry, actionType: "KEEP" }])
    ].map((frame) => server.receive(frame, find))
    for (const { answers, touched } of errors) {
      assert.strictEqual(touched.length, 0)
      assert.isString(JSON.parse(String(answers[0])).error)
    }
    assert.deepStrictEqual(server.receive(JSON.stringify([entry]), find), { answers: [], touched: [bees] })
    assert.deepStrictEqual(server.holds(bees), [{ mode: "ltp", depth: 0 }])
  })

  it("gives an index no book", () => {
    const server = openServer(side)
    const [frame] = requested(openWith(side), [{ instrument: nifty, to: { mode: "depth", depth: 0 } }])
    server.receive(frame!, find)
    assert.deepStrictEqual(server.holds(nifty), [{ mode: "quote", depth: 0 }])
  })

  it("agrees with the client on a moving market, and on what is held", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", LTP, QUOTE, DEPTH)
    link.subscribe("NSE_INDEX:NIFTY", QUOTE)
    for (let i = 0; i < 30; i++) link.step(30)
    for (const [name, levels] of [
      ["NSE:RELIANCE", 5],
      ["NSE_INDEX:NIFTY", 0]
    ] as const) {
      const last = link.ticks.findLast((t) => `${t.tick.exchange}:${t.tick.symbol}` === name)!
      assert.deepStrictEqual(disagreements(last.tick, link.state(name), levels), [])
    }
    const scrip = link.instrument("NSE:RELIANCE")
    assert.deepStrictEqual(link.server.holds(scrip), [DEPTH])
    link.request([{ instrument: scrip, from: DEPTH, to: LTP }])
    assert.deepStrictEqual(link.server.holds(scrip), [LTP])
    link.request([{ instrument: scrip, from: LTP }])
    assert.deepStrictEqual([link.server.holds(scrip), link.rejects], [[], []])
  })
})
