import { assert, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/deltaexchange.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/deltaexchange/index.ts"
import type { Want } from "../../../src/protocols/protocol.ts"
import { chooseDepth } from "../../../src/session/subscriptions/depth.ts"
import { disagreements } from "../../support/marketState.ts"
import { makeLink } from "./link.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  decode,
  handshakeOf,
  openWith,
  opened,
  parsed,
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }
const product = (symbol: string, brokerSymbol: string, token: string): WireInstrument => ({
  symbol,
  exchange: "CRYPTO",
  token,
  brokerExchange: "DELTAIN",
  brokerSymbol
})
const bitcoin = product("BTCUSDFUT", "BTCUSD", "27")
const ether = product("ETHUSDFUT", "ETHUSD", "3136")
const put = product("BTC25SEP2680000PE", "P-BTC-80000-250926", "147880")
const FIFTEEN: Want = { mode: "depth", depth: 15 }

const request = (type: string, ...channels: ReadonlyArray<readonly [string, ReadonlyArray<string>]>) => ({
  type,
  payload: { channels: channels.map(([name, symbols]) => ({ name, symbols })) }
})
const ticker = (element: object, more: object = {}): string =>
  JSON.stringify({
    type: "ticker",
    sy: "BTCUSD",
    sp: "100.5",
    ts: 1_788_725_367_575_999,
    d: [element],
    ...more
  })

describe("deltaexchange: connection", () => {
  it("opens the public socket as it is, and asks for heartbeats", () => {
    assert.deepStrictEqual(handshakeOf(protocol, "wss://public", {}), { url: "wss://public", headers: {} })
    const codec = openWith(side)
    assert.deepStrictEqual(codec.hello!(), ['{"type":"enable_heartbeat"}'])
    assert.strictEqual(codec.heartbeat!(), '{"type":"ping"}')
    assert.isUndefined(codec.awaitsReady)
    const { events } = decode(codec, '{"type":"heartbeat"}', '{"type":"pong"}')
    assert.deepStrictEqual(events, [{ type: "heartbeat" }, { type: "heartbeat" }])
  })

  it.each([
    [401, "ConnectionRefused"],
    [403, "ConnectionRefused"],
    [429, "RateLimited"],
    [503, "ConnectionRefused"]
  ])("takes HTTP %i for %s: there are no credentials to be wrong", (status, tag) => {
    assert.strictEqual(protocol.refusal({ status, headers: {} })._tag, tag)
  })
})

describe("deltaexchange: requests", () => {
  it("asks for prices of many in one frame, and for books one by one", () => {
    const codec = openWith(side)
    const changes = [
      { instrument: bitcoin, to: LTP },
      { instrument: ether, to: DEPTH },
      { instrument: put, to: FIFTEEN }
    ]
    const all = ["BTCUSD", "ETHUSD", "P-BTC-80000-250926"]
    assert.deepStrictEqual(parsed(requested(codec, changes)), [
      request("subscribe", ["ticker", all], ["trades", all]),
      request("subscribe", ["ob_l2", ["ETHUSD"]]),
      request("subscribe", ["ob_l2", ["P-BTC-80000-250926"]])
    ])
    const same = changes.map((change) => ({ ...change, from: change.to }))
    assert.deepStrictEqual(requested(codec, same), [])
    // A hundred books fill what a thousand prices do.
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH, FIFTEEN].map((want) => protocol.cost(want)),
      [1, 1, 10, 10]
    )
  })

  it("changes nothing but the book with the mode", () => {
    const codec = opened(side, [bitcoin], LTP)
    const change = (from: Want, to?: Want) =>
      parsed(requested(codec, [{ instrument: bitcoin, from, ...(to === undefined ? {} : { to }) }]))
    assert.deepStrictEqual(change(LTP, QUOTE), [])
    assert.deepStrictEqual(change(QUOTE, DEPTH), [request("subscribe", ["ob_l2", ["BTCUSD"]])])
    assert.deepStrictEqual(change(DEPTH, FIFTEEN), [])
    assert.deepStrictEqual(change(FIFTEEN, LTP), [request("unsubscribe", ["ob_l2", ["BTCUSD"]])])
    const goodbye = [request("unsubscribe", ["ticker", ["BTCUSD"]], ["trades", ["BTCUSD"]])]
    assert.deepStrictEqual(change(LTP), goodbye)
    assert.deepStrictEqual(change(LTP), goodbye, "it may not have been heard")
  })

  it("gives up before it asks for more, settles what changes twice, and keeps to the batch", () => {
    const codec = protocol.open({ ...codecOptions(broker), batch: 1, variant: { booksPerFrame: 2 } })
    codec.request([{ instrument: bitcoin, to: DEPTH }])
    assert.deepStrictEqual(
      parsed(
        requested(codec, [
          { instrument: ether, to: DEPTH },
          { instrument: put, to: LTP },
          { instrument: put, from: LTP, to: DEPTH },
          { instrument: bitcoin, from: DEPTH }
        ])
      ),
      [
        request("unsubscribe", ["ticker", ["BTCUSD"]], ["trades", ["BTCUSD"]]),
        request("unsubscribe", ["ob_l2", ["BTCUSD"]]),
        request("subscribe", ["ticker", ["ETHUSD"]], ["trades", ["ETHUSD"]]),
        request("subscribe", ["ticker", [put.brokerSymbol]], ["trades", [put.brokerSymbol]]),
        request("subscribe", ["ob_l2", ["ETHUSD", put.brokerSymbol]])
      ]
    )
    assert.throws(() => openWith(side, { booksPerFrame: 0 }), /booksPerFrame/)
  })

  it("refuses an instrument of another exchange", () => {
    const codec = openWith(side)
    assert.deepStrictEqual(requested(codec, [{ instrument: { ...bitcoin, exchange: "NSE" }, to: LTP }]), [])
    assert.strictEqual(decode(codec, '{"type":"pong"}').events[0]?.type, "refused")
  })

  it("offers five levels and what the wire has, and says so where more is asked for", () => {
    const asked = (levels: number) => {
      const choice = chooseDepth(broker, "CRYPTO", levels)
      return choice.tag === "level" ? [choice.actual, choice.fallback] : choice.tag
    }
    assert.deepStrictEqual([5, 20, 50].map(asked), [
      [5, false],
      [15, true],
      [15, true]
    ])
  })
})

describe("deltaexchange: messages", () => {
  it("tells which modes a message is news for", () => {
    const codec = opened(side, [bitcoin], FIFTEEN)
    const found = decode(
      codec,
      ticker({ s: "BTCUSD", ohlc: [1, 2, 0.5, 1.5] }),
      '{"type":"trades","sy":"BTCUSD","p":"1.6","s":"3","t":1788725367575999,"ts":1788725367575999}',
      '{"type":"ob_l2","sy":"BTCUSD","a":[["2","1"]],"b":[],"ts":1788725367575999}'
    )
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, refreshes.quote, modeBit.depth])
    assert.deepStrictEqual(found.ticks[1], {
      symbol: "BTCUSDFUT",
      exchange: "CRYPTO",
      mode: "ltp",
      received_time: NOW,
      ltp: 1.6,
      ltq: 3,
      exchange_time: 1_788_725_367_575,
      ltt: 1_788_725_367_575
    })
    for (const i of found.instruments) assert.strictEqual(i, bitcoin)
  })

  it("takes a contract by its own symbol, whatever the message was asked for as", () => {
    const codec = opened(side, [bitcoin, put])
    const { instruments, causes } = decode(
      codec,
      ticker({ s: put.brokerSymbol, m: "5" }, { sy: "BTC-250926" }),
      ticker({ s: "XRPUSD", m: "5" }),
      ticker({ m: "5" })
    )
    assert.deepStrictEqual(instruments, [put])
    assert.deepStrictEqual(causes, ["not_subscribed", "not_subscribed"])
    codec.request([{ instrument: put, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, ticker({ s: put.brokerSymbol, m: "5" })).causes, ["not_subscribed"])
  })

  it.each<readonly [string, object, object]>([
    ["the last price", { ohlc: ["1", "2", "0.5", "1.5"], m: "9" }, { ltp: 1.5, open: 1, high: 2, low: 0.5 }],
    ["the mark price before any trade", { ohlc: [null, null, null, null], m: 9 }, { ltp: 9 }],
    ["the spot price at the last", { ohlc: "oops", m: "" }, { ltp: 100.5 }],
    ["no open interest that is none", { m: 1, oi: [null, "0"] }, { ltp: 1 }],
    ["an open interest of 0", { m: 1, oi: ["0"] }, { ltp: 1, oi: 0 }],
    ["one half of a band", { m: 1, pb: [null, "3"] }, { ltp: 1, upper_circuit: 3 }]
  ])("reads %s", (_, element, expected) => {
    const [tick] = decode(opened(side, [bitcoin]), ticker({ s: "BTCUSD", ...element })).ticks
    const {
      exchange: _exchange,
      exchange_time,
      mode,
      received_time: _received,
      symbol: _symbol,
      ...rest
    } = tick!
    assert.deepStrictEqual(rest, expected)
    assert.strictEqual(exchange_time, 1_788_725_367_575)
    assert.strictEqual(mode, "open" in expected ? "quote" : "ltp")
  })

  it("reads a best bid and ask with an empty side, and drops levels of nothing", () => {
    const { ticks } = decode(
      opened(side, [bitcoin]),
      '{"type":"ob_l1","sy":"BTCUSD","ap":null,"as":null,"bp":"5","bs":7}',
      '{"type":"ob_l2","sy":"BTCUSD","a":[["0","0"],["6.5",2]],"b":null}'
    )
    assert.deepStrictEqual(
      ticks.map((t) => t.depth),
      [
        { buy: [{ price: 5, quantity: 7, orders: 0 }], sell: [] },
        { buy: [], sell: [{ price: 6.5, quantity: 2, orders: 0 }] }
      ]
    )
    assert.notProperty(ticks[0], "exchange_time")
  })

  it.each([
    ["a price that is none", '{"type":"ob_l2","sy":"BTCUSD","a":[["x","1"]],"b":[]}'],
    ["a size that is none", '{"type":"ob_l2","sy":"BTCUSD","a":[],"b":[["1",null]]}'],
    ["a level that is none", '{"type":"ob_l2","sy":"BTCUSD","a":[5],"b":[]}'],
    ["a side that is none", '{"type":"ob_l2","sy":"BTCUSD","a":"x","b":[]}'],
    ["a trade without a price", '{"type":"trades","sy":"BTCUSD","s":1}'],
    ["a contract that is none", '{"type":"ticker","d":[5]}'],
    ["a text that is no JSON", '{"type":"ticker","d":['],
    ["nothing", ""]
  ])("rejects %s", (_, text) => {
    const { causes, ticks } = decode(opened(side, [bitcoin]), text, ticker({ s: "BTCUSD", m: 1 }))
    assert.deepStrictEqual([causes, ticks.length], [["malformed_text"], 1])
  })

  it("reads bytes as text, where they are UTF-8", () => {
    const good = Buffer.from(ticker({ s: "BTCUSD", m: 1 }))
    const bad = Buffer.concat([good.subarray(0, 10), Buffer.from([0xc3, 0x28]), good.subarray(10)])
    const { causes, ticks } = decode(opened(side, [bitcoin]), good, bad)
    assert.deepStrictEqual([ticks.length, causes], [1, ["malformed_text"]])
  })

  it("sees what is refused inside an acknowledgement", () => {
    const { events } = decode(
      openWith(side),
      '{"type":"subscriptions","channels":[{"name":"ticker","symbols":["BTCUSD"]},{"name":"ob_l2","error":"too many"}]}',
      '{"type":"error","message":"invalid payload"}',
      '{"type":"key-auth","success":false,"status":"invalid_signature"}',
      '{"type":"key-auth","success":true}',
      '{"type":"system_status"}',
      "[1]"
    )
    assert.deepStrictEqual(
      events.map((e) => (e.type === "failure" ? e.failure._tag : e.type === "refused" ? e.detail : e.type)),
      ["ob_l2: too many", "ignored", "invalid payload", "AuthRejected", "ignored", "ignored", "ignored"]
    )
  })
})

describe("deltaexchange: both ends", () => {
  it("serves prices, trades and fifteen levels, and nothing after the unsubscribe", async () => {
    const link = await makeLink(broker)
    const names = link.listed.map((l) => `CRYPTO:${l.instrument.symbol}`)
    assert.strictEqual(names.length, 5)
    for (const name of names) {
      const before = link.ticks.length
      link.subscribe(name, LTP, QUOTE, FIFTEEN)
      for (const { tick } of link.ticks.slice(before)) {
        const found = disagreements(tick, link.state(name), 0).filter((f) => f !== "no ltp")
        assert.deepStrictEqual(found, [], name)
      }
      assert.deepStrictEqual(
        link.server.holds(link.instrument(name)).map((w) => [w.mode, w.depth]),
        [
          ["ltp", 0],
          ["quote", 0],
          ["depth", 15]
        ]
      )
    }
    const book = link.ticks.findLast((t) => t.tick.depth !== undefined && t.tick.symbol === "BTCUSDFUT")
    assert.strictEqual(book?.tick.depth?.buy.length, 15)
    link.request(names.map((name) => ({ instrument: link.instrument(name), from: FIFTEEN })))
    const before = link.ticks.length
    link.step(500)
    assert.strictEqual(link.ticks.length, before)
    assert.deepStrictEqual(link.rejects, [])
  })

  it("tells a trade once", async () => {
    const link = await makeLink(broker)
    link.subscribe("CRYPTO:BTCUSDFUT", LTP)
    const trades = () =>
      link.inbound.filter((f) => String(f).includes('"trades"') && String(f).includes('"p"')).length
    const first = trades()
    for (let i = 0; i < 40; i++) link.step(50)
    const tickers = link.inbound.filter((f) => String(f).includes('"ticker"')).length
    assert.isAbove(trades(), first)
    assert.isBelow(trades(), tickers, "orders that come and go are no trades")
  })

  it("refuses as the broker does", () => {
    const server = serverProtocol.open(codecOptions(broker), {
      request: { url: "/", headers: {} },
      accepted: () => ({}),
      instruments: Array.from({ length: 101 }, (_, i) => product(`S${i}`, `S${i}`, String(i + 1)))
    })
    const ask = (type: string, name: string, symbols?: ReadonlyArray<string>) =>
      decode(
        openWith(side),
        ...server.receive(JSON.stringify({ type, payload: { channels: [{ name, symbols }] } })).answers
      ).events.map((e) => (e.type === "refused" ? "refused" : e.type))
    assert.deepStrictEqual(ask("subscribe", "ob_l2", ["S1", "S2"]), ["refused", "ignored"])
    assert.deepStrictEqual(ask("subscribe", "nothing", ["S1"]), ["refused", "ignored"])
    assert.deepStrictEqual(ask("subscribe", "ticker", ["S1", "UNKNOWN"]), ["ignored"])
    for (let i = 0; i < 100; i++) assert.deepStrictEqual(ask("subscribe", "ob_l2", [`S${i}`]), ["ignored"])
    assert.deepStrictEqual(ask("subscribe", "ob_l2", ["S100"]), ["refused", "ignored"])
    assert.deepStrictEqual(ask("unsubscribe", "ob_l2"), [])
    assert.deepStrictEqual(
      server.holds(product("S1", "S1", "2")).map((w) => w.mode),
      ["quote"]
    )
    for (const text of [
      "",
      "[]",
      '{"type":"buy"}',
      '{"type":"subscribe"}',
      '{"type":"subscribe","payload":{"channels":[{"name":"ticker","symbols":[5]}]}}'
    ]) {
      assert.deepStrictEqual(
        decode(openWith(side), ...server.receive(text).answers).events[0]?.type,
        "refused"
      )
    }
    assert.deepStrictEqual(server.receive('{"type":"ping"}').answers, ['{"type":"pong"}'])
    assert.deepStrictEqual(server.receive('{"type":"enable_heartbeat"}').answers, ['{"type":"heartbeat"}'])
  })
})
