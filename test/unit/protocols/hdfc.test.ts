/** HDFC's feed. Frames are written by protobufjs from the schema, so that they owe nothing to our own encoder. */
import { assert, describe, it } from "@effect/vitest"
import protobuf from "protobufjs"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as securities } from "../../../src/brokers/data/hdfcsecurities.ts"
import { broker } from "../../../src/brokers/data/hdfcsky.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { protocol, serverProtocol } from "../../../src/protocols/hdfc/index.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { makeLink } from "./link.ts"
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
  openWith,
  opened,
  parsed,
  requested
} from "./support.ts"

const SCHEMA = `
syntax = "proto3";
message Level { int64 quantity = 1; double price = 2; int64 numberOfOrders = 3; bool buyFlag = 4; }
message Levels { repeated Level levels = 1; }
message Market {
  double lastTradedPrice = 1; int64 lastTradeTime = 2; string netChangeIndicator = 3;
  int32 netPriceChangeFromClosingPrice = 4; double open = 5; double high = 6; double closing = 7; double low = 8;
  int64 volumeTradedToday = 9; int64 lastTradeQuantity = 10; double averageTradePrice = 11; Levels book = 12;
  int64 totalBuyQuantity = 13; int64 totalSellQuantity = 14; double lowerCircuitLimit = 15;
  double upperCircuitLimit = 16; int64 oi = 17;
}
message Index {
  string indexName = 1; double indexValue = 2; double high = 3; double low = 4; double opening = 5; double closing = 6;
  double percentChange = 7; double yearlyHigh = 8; double yearlyLow = 9; int64 packetTimeStamp = 10;
}
message Packet {
  int64 instrumentId = 1; Market mbpData = 2; Index indexData = 3; int32 marketStatus = 4; int64 sequenceNo = 7;
  int64 packetTimestamp = 8; int32 packetType = 9;
}
message Packets { repeated Packet packets = 1; }
`
const { root } = protobuf.parse(SCHEMA)
const Packets = root.lookupType("Packets")
const Packet = root.lookupType("Packet")

type Fields = Readonly<Record<string, unknown>>
const list = (...packets: ReadonlyArray<Fields>): Uint8Array => Packets.encode({ packets }).finish()

const TIME = 1_787_031_012_345
const side = { broker, protocol, serverProtocol }
const infosys = instrument("NSE", "INFY", "1594")
const dollar = instrument("CDS", "USDINR27AUG26FUT", "1594")
const option = instrument("NFO", "NIFTY28AUG2624500CE", "43210")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")
const scrip = (scripId: string, type: string) => ({ scripId, type })

const market = (changed: Fields = {}): Fields => ({
  lastTradedPrice: 1544.1,
  lastTradeTime: TIME - 500,
  open: 1530,
  high: 1549,
  low: 1526.05,
  closing: 1529.35,
  volumeTradedToday: 2_210_045,
  lastTradeQuantity: 6,
  averageTradePrice: 1539.9,
  totalBuyQuantity: 3000,
  totalSellQuantity: 4000,
  lowerCircuitLimit: 1376.45,
  upperCircuitLimit: 1682.25,
  book: {
    levels: [
      { quantity: 10, price: 1544.05, numberOfOrders: 2, buyFlag: true },
      { quantity: 20, price: 1544, numberOfOrders: 3, buyFlag: true },
      { quantity: 30, price: 1544.1, numberOfOrders: 4 }
    ]
  },
  ...changed
})
const packet = (changed: Fields = {}): Fields => ({
  instrumentId: 1594,
  mbpData: market(),
  sequenceNo: 7,
  packetTimestamp: TIME,
  ...changed
})

describe("hdfc: the login", () => {
  it("is in the query, escaped, with the headers of a browser", () => {
    const { headers, url } = handshakeOf(protocol, broker.endpoint, credentials)
    assert.strictEqual(url, "wss://developer.hdfcsky.com/wsapi/v1/session?token=thetoken&api_key=thekey")
    assert.strictEqual(headers["authorization"], "thetoken")
    assert.match(headers["user-agent"]!, /^Mozilla/)
    assert.strictEqual(
      handshakeOf(protocol, securities.endpoint, credentials).url,
      "wss://developer.hdfcsec.com/wsapi/v1/session?token=thetoken&api_key=thekey"
    )
  })

  it("classifies a declined upgrade", () => {
    const tagOf = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 502].map(tagOf), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })

  it("needs both parts of the query at the broker's side", () => {
    const admitted = (query: string) =>
      serverProtocol.admit({ url: `/wsapi/v1/session${query}`, headers: {} }, credentials)?.status ?? 101
    assert.deepStrictEqual(
      [
        "?token=thetoken&api_key=thekey",
        "?token=thetoken",
        "?api_key=thekey",
        "",
        "?token=x&api_key=thekey"
      ].map(admitted),
      [101, 401, 401, 401, 401]
    )
  })

  it("speaks every ten seconds", () => {
    const codec = openWith(side)
    assert.strictEqual(codec.heartbeat?.(), '{"heart_beat":true}')
    assert.deepStrictEqual(
      openServer(side).receive('{"heart_beat":true}', () => undefined),
      {
        answers: [],
        touched: []
      }
    )
  })
})

describe("hdfc: requests", () => {
  it("names scrips by prefix and token, with LTP for prices and ALL for the rest", () => {
    const codec = openWith(side)
    const frames = requested(codec, [
      { instrument: infosys, to: LTP },
      { instrument: dollar, to: QUOTE },
      { instrument: nifty, to: DEPTH }
    ])
    assert.deepStrictEqual(frames, [
      '{"heart_beat":false,"subscribe":[{"scripId":"NSE_1594","type":"LTP"},' +
        '{"scripId":"NCD_1594","type":"ALL"},{"scripId":"NSE_INDEX_26000","type":"ALL"}]}'
    ])
  })

  it("gives up the old type before it asks for the new one", () => {
    const codec = openWith(side)
    requested(codec, [{ instrument: infosys, to: LTP }])
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: infosys, from: LTP, to: DEPTH }])), [
      { heart_beat: false, unSubscribe: [scrip("NSE_1594", "LTP")] },
      { heart_beat: false, subscribe: [scrip("NSE_1594", "ALL")] }
    ])
    assert.deepStrictEqual(requested(codec, [{ instrument: infosys, from: DEPTH, to: QUOTE }]), [])
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: infosys, from: QUOTE }])), [
      { heart_beat: false, unSubscribe: [scrip("NSE_1594", "ALL")] }
    ])
    assert.deepStrictEqual(requested(codec, [{ instrument: infosys }]), [])
  })

  it("only subscribes anew where the user says so", () => {
    const codec = openWith(side, { modeChange: "resubscribe" })
    requested(codec, [{ instrument: infosys, to: LTP }])
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: infosys, from: LTP, to: DEPTH }])), [
      { heart_beat: false, subscribe: [scrip("NSE_1594", "ALL")] }
    ])
    assert.throws(() => openWith(side, { modeChange: "both" }), InvalidVariant)
  })

  it("is sent in batches", () => {
    const codec = openWith(side)
    const many = Array.from({ length: 250 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = parsed(
      requested(
        codec,
        many.map((i) => ({ instrument: i, to: LTP }))
      )
    ) as ReadonlyArray<{
      readonly subscribe: ReadonlyArray<unknown>
    }>
    assert.deepStrictEqual(
      frames.map((f) => f.subscribe.length),
      [100, 100, 50]
    )
  })

  it("tells what cannot be asked for", () => {
    const codec = openWith(side)
    const impossible = [instrument("BCD", "USDINR", "5"), instrument("NSE", "ODD", "0159A")]
    assert.deepStrictEqual(
      requested(
        codec,
        impossible.map((i) => ({ instrument: i, to: LTP }))
      ),
      []
    )
    const { events } = decode(codec, list(packet()))
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["refused", "refused"]
    )
  })
})

describe("hdfc: packets", () => {
  const book = {
    buy: [
      { price: 1544.05, quantity: 10, orders: 2 },
      { price: 1544, quantity: 20, orders: 3 }
    ],
    sell: [{ price: 1544.1, quantity: 30, orders: 4 }]
  }
  const whole: Tick = {
    symbol: "INFY",
    exchange: "NSE",
    mode: "depth",
    received_time: NOW,
    exchange_time: TIME,
    ltt: TIME - 500,
    ltp: 1544.1,
    ltq: 6,
    open: 1530,
    high: 1549,
    low: 1526.05,
    close: 1529.35,
    volume: 2_210_045,
    average_price: 1539.9,
    total_buy_quantity: 3000,
    total_sell_quantity: 4000,
    upper_circuit: 1682.25,
    lower_circuit: 1376.45,
    depth: book
  }

  it("reads a complete packet", () => {
    const found = decode(opened(side, [infosys]), list(packet()))
    assert.deepStrictEqual(found.ticks, [whole])
    assert.deepStrictEqual(found.refreshes, [refreshes.depth])
    assert.strictEqual(found.instruments[0], infosys)
  })

  it.each(Object.keys(market()))("leaves %s out where it is not there", (field) => {
    const names: Readonly<Record<string, string>> = {
      lastTradedPrice: "ltp",
      lastTradeTime: "ltt",
      closing: "close",
      volumeTradedToday: "volume",
      lastTradeQuantity: "ltq",
      averageTradePrice: "average_price",
      totalBuyQuantity: "total_buy_quantity",
      totalSellQuantity: "total_sell_quantity",
      lowerCircuitLimit: "lower_circuit",
      upperCircuitLimit: "upper_circuit",
      book: "depth"
    }
    const [tick] = decode(
      opened(side, [infosys]),
      list(packet({ mbpData: market({ [field]: undefined }) }))
    ).ticks
    const { [names[field] ?? field]: _, ...rest } = whole as Fields
    assert.deepStrictEqual(tick as unknown, field === "book" ? { ...rest, mode: "quote" } : rest)
  })

  it("keeps a book of one side, and drops empty levels", () => {
    const levels = [
      { quantity: 5, price: 1544.1 },
      { buyFlag: true },
      { quantity: 7, price: 1544.2, numberOfOrders: 1 }
    ]
    const [tick] = decode(opened(side, [infosys]), list(packet({ mbpData: { book: { levels } } }))).ticks
    assert.deepStrictEqual(tick, {
      symbol: "INFY",
      exchange: "NSE",
      mode: "depth",
      received_time: NOW,
      exchange_time: TIME,
      depth: {
        buy: [],
        sell: [
          { price: 1544.1, quantity: 5, orders: 0 },
          { price: 1544.2, quantity: 7, orders: 1 }
        ]
      }
    })
    const empty = market({ book: { levels: [{ buyFlag: true }] } })
    assert.strictEqual(
      decode(opened(side, [infosys]), list(packet({ mbpData: empty }))).ticks[0]?.mode,
      "quote"
    )
  })

  it("calls a price alone a price, and a packet without price and book nothing", () => {
    const codec = opened(side, [infosys], LTP)
    const price = decode(codec, list(packet({ mbpData: { lastTradedPrice: 1544.1 }, packetTimestamp: 0 })))
    assert.deepStrictEqual(price.ticks, [
      { symbol: "INFY", exchange: "NSE", mode: "ltp", received_time: NOW, ltp: 1544.1 }
    ])
    assert.deepStrictEqual(price.refreshes, [refreshes.ltp])
    const nothing = decode(codec, list(packet({ mbpData: { open: 5 } }), packet({ mbpData: undefined })))
    assert.deepStrictEqual([nothing.ticks, nothing.events.map((e) => e.type)], [[], ["ignored", "ignored"]])
  })

  it("takes small trade times for seconds", () => {
    const codec = opened(side, [infosys])
    const ltt = (lastTradeTime: number) =>
      decode(codec, list(packet({ mbpData: market({ lastTradeTime }) }))).ticks[0]?.ltt
    assert.deepStrictEqual(
      [1_787_031_011, 1_787_031_011_845].map(ltt),
      [1_787_031_011_000, 1_787_031_011_845]
    )
  })

  it("tells equal tokens apart by the packet's type", () => {
    const codec = opened(side, [infosys, dollar])
    const { ticks } = decode(
      codec,
      list(packet(), packet({ packetType: 1, mbpData: { lastTradedPrice: 87.4325 } }))
    )
    assert.deepStrictEqual(
      ticks.map((t) => [t.exchange, t.ltp]),
      [
        ["NSE", 1544.1],
        ["CDS", 87.4325]
      ]
    )
  })

  it("finds every exchange by its packet types", () => {
    const types: ReadonlyArray<readonly [WireInstrument["exchange"], ReadonlyArray<number>]> = [
      ["NSE", [0, 10]],
      ["BSE", [4]],
      ["NFO", [3, 13, 14]],
      ["BFO", [6, 15]],
      ["CDS", [1, 11, 12]],
      ["MCX", [7]]
    ]
    const all = types.map(([exchange]) => instrument(exchange, `${exchange}1`, "5"))
    for (const [i, [exchange, [full, ...refresh]]] of types.entries()) {
      const codec = opened(side, all)
      const send = (packetType: number) =>
        decode(codec, list(packet({ instrumentId: 5, packetType, mbpData: market({ oi: 9 }) }))).ticks
      for (const packetType of refresh) assert.deepStrictEqual(send(packetType), [])
      assert.deepStrictEqual(
        send(full!).map((t) => [t.symbol, t.exchange]),
        [[all[i]!.symbol, exchange]]
      )
      for (const packetType of refresh) assert.strictEqual(send(packetType)[0]?.exchange, exchange)
    }
  })

  it("reads an index, by its own time", () => {
    const indexData = {
      indexName: "Nifty 50",
      indexValue: 24_512.35,
      high: 24_561.9,
      low: 24_455.75,
      opening: 24_480.1,
      closing: 24_466.05,
      yearlyHigh: 26_277.35,
      yearlyLow: 21_743.65,
      packetTimeStamp: TIME + 1
    }
    const codec = opened(side, [nifty])
    const at = { instrumentId: 26_000, packetType: 2, mbpData: undefined }
    assert.deepStrictEqual(decode(codec, list(packet({ ...at, indexData }))).ticks, [
      {
        symbol: "NIFTY",
        exchange: "NSE_INDEX",
        mode: "quote",
        received_time: NOW,
        exchange_time: TIME + 1,
        ltp: 24_512.35,
        open: 24_480.1,
        high: 24_561.9,
        low: 24_455.75,
        close: 24_466.05,
        week52_high: 26_277.35,
        week52_low: 21_743.65
      }
    ])
    const value = decode(codec, list(packet({ ...at, indexData: { indexValue: 24_512.35 } }))).ticks
    assert.deepStrictEqual(value, [
      {
        symbol: "NIFTY",
        exchange: "NSE_INDEX",
        mode: "ltp",
        received_time: NOW,
        exchange_time: TIME,
        ltp: 24_512.35
      }
    ])
    assert.deepStrictEqual(decode(codec, list(packet({ ...at, indexData: { high: 5 } }))).ticks, [])
  })
})

describe("hdfc: refreshes of circuit limits and open interest", () => {
  const full = packet({ instrumentId: 43_210, packetType: 3, mbpData: market({ oi: 500 }) })
  const circuit = packet({
    instrumentId: 43_210,
    packetType: 13,
    packetTimestamp: TIME + 10,
    mbpData: { upperCircuitLimit: 31.2 }
  })
  const interest = packet({
    instrumentId: 43_210,
    packetType: 14,
    packetTimestamp: TIME + 20,
    mbpData: { oi: 777 }
  })

  it("renew the last complete packet, in frames of their own or in one", () => {
    for (const frames of [[list(full), list(circuit), list(interest)], [list(full, circuit, interest)]]) {
      const { refreshes: bits, ticks } = decode(opened(side, [option]), ...frames)
      assert.deepStrictEqual(
        ticks.map((t) => [t.ltp, t.oi, t.upper_circuit, t.lower_circuit, t.exchange_time]),
        [
          [1544.1, 500, 1682.25, 1376.45, TIME],
          [1544.1, 500, 31.2, 1376.45, TIME + 10],
          [1544.1, 777, 31.2, 1376.45, TIME + 20]
        ]
      )
      assert.deepStrictEqual(bits, [refreshes.depth, refreshes.depth, refreshes.depth])
      assert.strictEqual(ticks[2]?.depth?.buy.length, 2)
    }
  })

  it("are nothing before it, nor after the instrument was given up or its type changed", () => {
    const codec = opened(side, [option])
    assert.deepStrictEqual(decode(codec, list(circuit)).ticks, [])
    decode(codec, list(full))
    codec.request([{ instrument: option, from: DEPTH, to: LTP }])
    assert.deepStrictEqual(decode(codec, list(interest)).ticks, [])
    decode(codec, list(full))
    codec.request([{ instrument: option, from: LTP }])
    assert.deepStrictEqual(decode(codec, list(interest)).causes, ["not_subscribed"])
    codec.request([{ instrument: option, to: DEPTH }])
    assert.deepStrictEqual(decode(codec, list(interest)).ticks, [])
  })

  it("a repeated request does not forget the last packet", () => {
    const codec = opened(side, [option])
    decode(codec, list(full))
    codec.request([{ instrument: option, to: QUOTE }])
    assert.strictEqual(decode(codec, list(interest)).ticks[0]?.oi, 777)
  })
})

describe("hdfc: what is no market data", () => {
  it("heartbeats, orders, trades and greeks", () => {
    const types = [16, 8, 9, 17, 18]
    const { events, ticks } = decode(
      opened(side, [infosys]),
      list(...types.map((packetType) => packet({ packetType })))
    )
    assert.deepStrictEqual(ticks, [])
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["heartbeat", "ignored", "ignored", "ignored", "ignored"]
    )
  })

  it("packets of unknown types and of other instruments are rejects", () => {
    const found = decode(
      opened(side, [infosys]),
      list(packet({ packetType: 19 }), packet({ instrumentId: 5 }), packet({ packetType: 3 }))
    )
    assert.deepStrictEqual(found.causes, ["unknown_packet", "not_subscribed", "not_subscribed"])
    const { exchanges } = broker
    const few = protocol.open({ ...codecOptions(broker), codes: { NSE: String(exchanges.NSE?.code) } })
    assert.deepStrictEqual(decode(few, list(packet({ packetType: 3 }))).causes, ["unknown_segment"])
  })

  it("a frame with a broken packet delivers none of its good ones", () => {
    const good = list(packet())
    const codec = opened(side, [infosys])
    for (let length = 1; length < good.length; length++) {
      const { causes, ticks } = decode(codec, Buffer.concat([good, good.subarray(0, length)]))
      assert.deepStrictEqual([ticks, causes.length], [[], 1], `cut at ${length}`)
    }
  })

  it("a bare packet is read too", () => {
    const { ticks } = decode(opened(side, [infosys]), Packet.encode(packet()).finish())
    assert.strictEqual(ticks[0]?.ltp, 1544.1)
  })

  it.each([
    ['{"status":"error","message":"Invalid scripId","code":"E5"}', "refused"],
    ['{"status":"FAILURE"}', "refused"],
    ['{"status":"error","message":"401 Unauthorized"}', "AuthRejected"],
    ['{"status":"error","code":403}', "AuthRejected"],
    ['{"status":"failure","message":"The access token has expired"}', "AuthRejected"],
    ['{"status":"success","message":"subscribed"}', "ignored"],
    ["[1]", "ignored"],
    ["pong", "ignored"]
  ])("texts: %s", (text, outcome) => {
    const { causes, events } = decode(openWith(side), text)
    const [event] = events
    assert.deepStrictEqual(causes, [])
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, outcome)
  })
})

describe("hdfc: the broker's side", () => {
  it("protobufjs reads what it writes", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", DEPTH)
    const frame = link.inbound.find((f): f is Uint8Array => typeof f !== "string")!
    const [one] = (
      Packets.toObject(Packets.decode(frame), { longs: Number }) as { packets: ReadonlyArray<Fields> }
    ).packets
    const state = link.state("NSE:RELIANCE")
    assert.deepInclude(one, { instrumentId: 2885, packetTimestamp: state.exchange_time })
    assert.deepInclude(one!["mbpData"], {
      lastTradedPrice: state.ltp,
      closing: state.close,
      low: state.low,
      volumeTradedToday: state.volume
    })
  })

  it.each([broker, securities])("$name: a life of mode changes in memory", async (at) => {
    const link = await makeLink(at)
    const future = link.listed.find(
      ({ instrument: i }) => i.exchange === "NFO" && i.token === "2885"
    )!.instrument
    const name = nameOf(future)
    link.subscribe(name, LTP, DEPTH, LTP, QUOTE)
    assert.deepStrictEqual(link.server.holds(future), [{ mode: "depth", depth: 5 }])
    link.step(500)
    assert.deepStrictEqual(disagreements(link.ticks.at(-1)!.tick, link.state(name), 5), [])
    link.request([{ instrument: future, from: QUOTE }])
    assert.deepStrictEqual(link.server.holds(future), [])
    const before = link.ticks.length
    link.step(500)
    assert.strictEqual(link.ticks.length, before)
    assert.deepStrictEqual(link.rejects, [])
    assert.isTrue(link.events.every((e) => e.type === "ignored"))
  })

  it("refuses what it does not know and what is too much", async () => {
    const link = await makeLink({ ...broker, variant: { subscriptionLimit: 2 } })
    const [a, b, c] = link.listed.map((l) => l.instrument)
    link.request([a, b, c].map((i) => ({ instrument: i!, to: LTP })))
    link.request([{ instrument: instrument("NSE", "NONE", "999999"), to: LTP }])
    assert.deepStrictEqual(
      link.events.map((e) => (e.type === "refused" ? e.detail : e.type)),
      ["The limit of 2 instruments is reached", "Unknown scripId NSE_999999"]
    )
    const { server } = link
    for (const bad of ["x", "[]", '{"subscribe":5}', '{"subscribe":[{"scripId":"NSE_1","type":"ODD"}]}']) {
      const [answer] = server.receive(bad, () => undefined).answers
      assert.deepInclude(JSON.parse(String(answer)), { status: "error" })
    }
  })
})
