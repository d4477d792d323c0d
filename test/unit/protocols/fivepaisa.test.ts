/** What 5paisa's documentation asks for beyond the golden frames: services on the wire, the server of the token, limits. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/fivepaisa.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { unsignedToken } from "../../../src/protocols/kit/jwt.ts"
import { protocol } from "../../../src/protocols/fivepaisa/index.ts"
import type { Handshake, Want } from "../../../src/protocols/protocol.ts"
import { loginOf } from "../../../src/simulator/index.ts"
import { LoginFailed, makeLink } from "./link.ts"
import { decode } from "./support.ts"

const LTP: Want = { mode: "ltp", depth: 0 }
const QUOTE: Want = { mode: "quote", depth: 0 }
const DEPTH: Want = { mode: "depth", depth: 5 }
const login = (authToken: string) =>
  loginOf({ apiKey: "", apiSecret: "", authToken, feedToken: "", clientCode: "50011110" })

const NOW = Date.UTC(2026, 7, 20, 8, 30)
const shake = (authToken: string, endpoint: string) =>
  protocol.handshake({ endpoint, credentials: login(authToken), now: NOW })
const urlOf = (authToken: string, endpoint: string) => (shake(authToken, endpoint) as Handshake).url

const asked = (sent: ReadonlyArray<unknown>) =>
  sent.map((text) => {
    const { ClientCode, MarketFeedData, Method, Operation } = JSON.parse(String(text))
    assert.strictEqual(ClientCode, "DEMO01")
    const scrips = MarketFeedData.map(
      (s: { Exch: string; ExchType: string; ScripCode: number }) => `${s.Exch}${s.ExchType}${s.ScripCode}`
    )
    return `${Operation} ${Method} ${scrips.join()}`
  })

describe("requests", () => {
  it("ask for the services of a mode, and give back what nobody needs any more", async () => {
    const link = await makeLink(broker)
    const future = link.listed.find(
      (l) => l.listing.type === "FUT" && l.listing.exchange === "NFO"
    )!.instrument
    const key = `ND${future.token}`
    link.request([{ instrument: future, to: LTP }])
    link.request([{ instrument: future, from: LTP, to: QUOTE }])
    link.request([{ instrument: future, from: QUOTE, to: DEPTH }])
    link.request([{ instrument: future, from: DEPTH, to: LTP }])
    link.request([{ instrument: future, from: LTP }])
    assert.deepStrictEqual(asked(link.outbound), [
      `Subscribe MarketFeedV3 ${key}`,
      `Subscribe GetScripInfoForFuture ${key}`,
      `Subscribe MarketDepthService ${key}`,
      `Unsubscribe MarketDepthService ${key}`,
      `Unsubscribe GetScripInfoForFuture ${key}`,
      `Unsubscribe MarketFeedV3 ${key}`
    ])
    assert.deepStrictEqual(link.server.holds(future), [])
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH].map((want) => protocol.cost(want, future)),
      [1, 2, 3]
    )
  })

  it("leave out the book of an index and the open interest of an equity, fifty scrips a frame", async () => {
    const link = await makeLink(broker)
    const nifty = link.instrument("NSE_INDEX:NIFTY")
    const reliance = link.instrument("NSE:RELIANCE")
    link.request([
      { instrument: nifty, to: DEPTH },
      { instrument: reliance, to: DEPTH }
    ])
    assert.deepStrictEqual(asked(link.outbound), [
      `Subscribe MarketFeedV3 NC${nifty.token},NC${reliance.token}`,
      `Subscribe MarketDepthService NC${reliance.token}`
    ])
    const codec = protocol.open(codecOptions(broker))
    const many = Array.from({ length: 120 }, (_, i) => ({
      instrument: { ...reliance, token: String(i + 1) },
      to: LTP
    }))
    const sizes = codec.request(many).map((f) => JSON.parse(String(f)).MarketFeedData.length)
    assert.deepStrictEqual(sizes, [50, 50, 20])
  })
})

describe("login", () => {
  it("goes to the server that the token names, on the broker's own host only", () => {
    const url = (RedirectServer: string | undefined, endpoint: string) =>
      urlOf(unsignedToken({ RedirectServer }), endpoint).split("?")[0]
    const own = broker.endpoint
    assert.strictEqual(url("A", own), "wss://aopenfeed.5paisa.com/feeds/api/chat")
    assert.strictEqual(url("B", own), "wss://bopenfeed.5paisa.com/feeds/api/chat")
    assert.strictEqual(url("C", own), own)
    assert.strictEqual(url(undefined, own), own)
    assert.strictEqual(url("A", "ws://127.0.0.1:1/feeds/api/chat"), "ws://127.0.0.1:1/feeds/api/chat")
    assert.strictEqual(urlOf("no token at all", own), `${own}?Value1=no%20token%20at%20all%7C50011110`)
  })

  it("is not tried with a token that says that it has expired", () => {
    const at = (ms: number) => shake(unsignedToken({ exp: ms / 1000 }), broker.endpoint)
    const old = at(NOW)
    assert.strictEqual("_tag" in old ? old._tag : "tried", "AuthRejected")
    assert.isFalse("_tag" in at(NOW + 1000))
  })

  it("is refused for another client", async () => {
    const failed = await makeLink(broker, { accepted: login("other") }).catch((error: unknown) => error)
    assert.instanceOf(failed, LoginFailed)
    assert.strictEqual(protocol.refusal({ status: 401, headers: {} })._tag, "AuthRejected")
    assert.strictEqual(protocol.refusal({ status: 500, headers: {} })._tag, "ConnectionRefused")
  })
})

it("a row of the book that is of neither side is left out, and the rest stays", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument("NSE:RELIANCE")
  link.codec.request([{ instrument, to: DEPTH }])
  const row = (Price: number, BbBuySellFlag?: number) => ({
    Price,
    Quantity: 5,
    NumberOfOrders: 1,
    BbBuySellFlag
  })
  const Details = [row(10, 66), row(10.25, 0), row(10.5, 83), row(11)]
  link.deliver(JSON.stringify({ Exch: "N", ExchType: "C", Token: Number(instrument.token), Details }))
  assert.deepStrictEqual(link.ticks.at(-1)!.tick.depth, {
    buy: [{ price: 10, quantity: 5, orders: 1 }],
    sell: [{ price: 10.5, quantity: 5, orders: 1 }]
  })
})

it("a zero price holds the last one; a forgotten scrip holds nothing", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument("NSE:RELIANCE")
  const frame = (rate: number) =>
    `[{"Exch":"N","ExchType":"C","Token":${instrument.token},"LastRate":${rate},"TotalQty":5}]`
  link.request([{ instrument, to: QUOTE }])
  link.deliver(frame(10.5), frame(0))
  assert.strictEqual(link.ticks.at(-1)!.tick.ltp, 10.5)
  // Past the broker's side, which would send a snapshot.
  link.codec.request([{ instrument, from: QUOTE }])
  link.codec.request([{ instrument, to: QUOTE }])
  link.deliver(frame(0))
  assert.isUndefined(link.ticks.at(-1)!.tick.ltp)
})

describe("a count that is none", () => {
  const feed = { LastRate: 10.5, LastQty: 5, TotalQty: 700, PClose: 10, TBidQ: 30, TOffQ: 40 }
  const deliver = async (...records: ReadonlyArray<object>) => {
    const link = await makeLink(broker)
    const future = link.listed.find((l) => l.listing.type === "FUT" && l.listing.exchange === "NFO")!
    const codec = protocol.open(codecOptions(broker), link.handshake)
    codec.request([{ instrument: future.instrument, to: DEPTH }])
    const name = { Exch: "N", ExchType: "D", Token: Number(future.instrument.token) }
    return decode(codec, JSON.stringify(records.map((record) => ({ ...name, ...record }))))
  }

  it.each([-5, 1.5, "30", [], 2 ** 60])("costs the feed that field alone: %j", async (value) => {
    const { causes, leftOut, ticks } = await deliver({ ...feed, TBidQ: value })
    const { total_buy_quantity: _, ...rest } = (await deliver(feed)).ticks[0]!
    assert.deepStrictEqual(ticks, [rest])
    assert.deepInclude(rest, { ltp: 10.5, ltq: 5, volume: 700, close: 10, total_sell_quantity: 40 })
    assert.deepStrictEqual([causes, leftOut], [[], [["total_buy_quantity", value]]])
  })

  it("costs open interest that field, and the message where nothing is left", async () => {
    const { causes, leftOut, ticks } = await deliver(
      { OpenInterest: 7, DayHiOI: -1, DayLoOI: null },
      { OpenInterest: -7 }
    )
    assert.deepStrictEqual(
      ticks.map(({ oi, oi_high, oi_low }) => [oi, oi_high, oi_low]),
      [[7, undefined, undefined]]
    )
    assert.deepStrictEqual(causes, ["malformed_text"])
    assert.deepStrictEqual(leftOut, [
      ["oi_high", -1],
      ["oi", -7]
    ])
  })

  it("costs the book, not its totals; a price that is none costs the message", async () => {
    const row = { BbBuySellFlag: 66, Price: 10, Quantity: 5, NumberOfOrders: 1 }
    const bad = { ...row, Quantity: -5 }
    const { causes, leftOut, ticks } = await deliver(
      { Details: [row, bad], TBidQ: 30, TOffQ: 40 },
      { Details: [row, { ...row, Price: "x" }], TBidQ: 30, TOffQ: 40 },
      { ...feed, High: "x" }
    )
    assert.strictEqual(ticks.length, 1)
    assert.deepInclude(ticks[0], { mode: "quote", total_buy_quantity: 30, total_sell_quantity: 40 })
    assert.notProperty(ticks[0], "depth")
    assert.deepStrictEqual([causes, leftOut], [["malformed_text", "malformed_text"], [["depth", bad]]])
  })
})
