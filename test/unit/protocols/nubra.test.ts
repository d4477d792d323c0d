/** Nubra's feed. Frames are written by protobufjs from the schema, so that they owe nothing to our own encoder. */
import { assert, describe, it } from "@effect/vitest"
import protobuf from "protobufjs"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/nubra.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type { Change, Codec, Frame, Want } from "../../../src/protocols/protocol.ts"
import { protocol, serverProtocol } from "../../../src/protocols/nubra/index.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { makeLink, secret } from "./link.ts"
import {
  DEEP,
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  handshakeOf,
  instrument,
  opened,
  requested
} from "./support.ts"

/** 64-bit numbers as texts, because nanoseconds outgrow a double. */
const SCHEMA = `
syntax = "proto3";
message Any { string type_url = 1; bytes value = 2; }
message Generic { string key = 1; Any data = 2; }
message Index {
  string indexname = 1; int64 timestamp = 2; int64 index_value = 3; int64 high_index_value = 4; int64 low_index_value = 5;
  int64 volume = 6; float changepercent = 7; int64 tick_volume = 8; int64 prev_close = 9; string exchange = 10;
  int64 volume_oi = 11;
}
message IndexBatch { int64 timestamp = 1; repeated Index indexes = 2; repeated Index instruments = 3; }
message Bucket {
  string indexname = 1; string exchange = 2; int32 interval = 3; int64 timestamp = 4; int64 open = 5; int64 high = 6;
  int64 low = 7; int64 close = 8; int64 bucket_volume = 9; int64 tick_volume = 10; int64 cumulative_volume = 11;
  int64 bucket_timestamp = 12;
}
message BucketBatch { int64 timestamp = 1; repeated Bucket indexes = 2; repeated Bucket instruments = 3; }
message Level { int64 price = 1; int64 quantity = 2; int64 orders = 3; }
message Book {
  uint32 inst_id = 1; int64 timestamp = 2; repeated Level bids = 3; repeated Level asks = 4; int64 ltp = 5; int64 ltq = 6;
  int64 volume = 7; int64 ref_id = 8;
}
message BookBatch { int64 timestamp = 1; repeated Book instruments = 2; }
message Greeks {
  uint32 inst_id = 1; int64 ts = 2; int64 sp = 3; int64 ls = 4; int64 ltp = 5; float ltpchg = 6; float iv = 7;
  float delta = 8; float gamma = 9; float theta = 10; float vega = 11; int64 oi = 12; int64 volume = 13; int64 ref_id = 14;
}
message GreeksBatch { int64 timestamp = 1; repeated Greeks instruments = 2; }
`
const { root } = protobuf.parse(SCHEMA, { keepCase: true })
const PACKAGE = "type.googleapis.com/protos.zanskarsecurities.nubrafrontend."

type Fields = Readonly<Record<string, unknown>>
const batches = {
  IndexBatch: "BatchWebSocketIndexMessage",
  BucketBatch: "BatchWebSocketIndexBucketMessage",
  BookBatch: "BatchWebSocketOrderbookMessage",
  GreeksBatch: "BatchWebSocketGreeksMessage"
} as const
const generic = (type_url: string, value: Uint8Array): Uint8Array => {
  const Generic = root.lookupType("Generic")
  return Generic.encode(Generic.fromObject({ key: "k", data: { type_url, value } })).finish()
}
const frame = (batch: keyof typeof batches, fields: Fields): Uint8Array => {
  const type = root.lookupType(batch)
  return generic(`${PACKAGE}${batches[batch]}`, type.encode(type.fromObject(fields)).finish())
}

const TIME = 1_787_031_012_345
/** The last nanosecond of the millisecond. */
const NANOS = `${TIME}999999`

const side = { broker, protocol, serverProtocol }
const of = (exchange: WireInstrument["exchange"], symbol: string, token: string, brokerSymbol: string) => ({
  ...instrument(exchange, symbol, token),
  brokerExchange: exchange.replace("_INDEX", ""),
  brokerSymbol
})
const reliance = of("NSE", "RELIANCE", "72329", "RELIANCE")
const atBse = of("BSE", "RELIANCE", "1172329", "RELIANCE")
const option = of("NFO", "NIFTY28AUG2624500CE", "1120031", "NIFTY26AUG24500CE")
const nifty = of("NSE_INDEX", "NIFTY", "NIFTY", "NIFTY")

/** With a login, so that commands have a token. */
const openLogged = (variant: Readonly<Record<string, unknown>> = {}): Codec =>
  protocol.open(
    { ...codecOptions(broker), variant },
    { url: "wss://x", headers: {}, secrets: { token: "T" } }
  )

const list = (indexes: ReadonlyArray<string>): string => JSON.stringify({ instruments: [], indexes })
const refs = (instruments: ReadonlyArray<number>): string => JSON.stringify({ instruments, indexes: [] })

describe("nubra: the login", () => {
  it("is in the headers, with the device that logged in", () => {
    assert.deepStrictEqual(
      handshakeOf(protocol, broker.endpoint, { ...credentials, authToken: secret("Bearer thetoken ") }),
      {
        url: "wss://api.nubra.io/apibatch/ws",
        headers: { authorization: "Bearer thetoken", "x-device-id": "A123" },
        secrets: { token: "thetoken" }
      }
    )
  })

  it("classifies a declined upgrade", () => {
    const tagOf = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 440, 429, 500].map(tagOf), [
      "AuthRejected",
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })

  it("is checked at the upgrade and in each command", async () => {
    const admit = (headers: Readonly<Record<string, string>>) =>
      serverProtocol.admit({ url: "/apibatch/ws", headers }, credentials)?.status ?? 101
    assert.strictEqual(admit({ authorization: "Bearer thetoken", "x-device-id": "A123" }), 101)
    assert.strictEqual(admit({ authorization: "Bearer thetoken" }), 401)
    assert.strictEqual(admit({ authorization: "Bearer other", "x-device-id": "A123" }), 401)
    const link = await makeLink(broker)
    const { answers } = link.server.receive(
      `batch_subscribe other index ${list(["INFY"])} NSE`,
      () => undefined
    )
    assert.deepStrictEqual(answers, ["Invalid Token"])
    const [event] = decode(link.codec, ...answers).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : undefined, "AuthRejected")
  })

  it.each([
    ["Error: limit", "refused"],
    ["java.lang.Exception", "refused"],
    ["Failed to subscribe", "refused"],
    ["subscribed", "ignored"]
  ])("texts: %s", (text, type) => {
    assert.deepStrictEqual(
      decode(openLogged(), text).events.map((e) => e.type),
      [type]
    )
  })
})

describe("nubra: commands", () => {
  it("one per channel and exchange, without a space in the JSON", () => {
    const codec = openLogged()
    assert.deepStrictEqual(
      requested(codec, [
        { instrument: reliance, to: LTP },
        { instrument: atBse, to: QUOTE },
        { instrument: option, to: DEPTH },
        { instrument: nifty, to: DEPTH }
      ]),
      [
        "batch_subscribe T orderbook_depth 5",
        `batch_subscribe T index ${list(["RELIANCE", "NIFTY26AUG24500CE", "NIFTY"])} NSE`,
        `batch_subscribe T index ${list(["RELIANCE"])} BSE`,
        `batch_subscribe T index_bucket ${list(["RELIANCE"])} 1d BSE`,
        `batch_subscribe T index_bucket ${list(["NIFTY26AUG24500CE", "NIFTY"])} 1d NSE`,
        `batch_subscribe T orderbook ${refs([1_120_031])}`,
        `batch_subscribe T greeks ${refs([1_120_031])}`
      ]
    )
    const spaced = of("NSE_INDEX", "NIFTYMIDCAP50", "NIFTY MIDCAP 50", "NIFTY MIDCAP 50")
    assert.deepStrictEqual(requested(codec, [{ instrument: spaced, to: LTP }]), [
      'batch_subscribe T index {"instruments":[],"indexes":["NIFTY\\u0020MIDCAP\\u002050"]} NSE'
    ])
  })

  it("take an instrument on and off the channels that a change is about", () => {
    const codec = openLogged()
    const change = (from?: Want, to?: Want): ReadonlyArray<Frame> =>
      requested(codec, [
        { instrument: option, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      ])
    const name = list(["NIFTY26AUG24500CE"])
    const ref = refs([1_120_031])
    assert.deepStrictEqual(change(undefined, LTP), [`batch_subscribe T index ${name} NSE`])
    assert.deepStrictEqual(change(LTP, LTP), [])
    assert.deepStrictEqual(change(LTP, DEPTH), [
      "batch_subscribe T orderbook_depth 5",
      `batch_subscribe T index_bucket ${name} 1d NSE`,
      `batch_subscribe T orderbook ${ref}`,
      `batch_subscribe T greeks ${ref}`
    ])
    assert.deepStrictEqual(change(DEPTH, QUOTE), [`batch_unsubscribe T orderbook ${ref}`])
    assert.deepStrictEqual(change(QUOTE, undefined), [
      `batch_unsubscribe T index ${name} NSE`,
      `batch_unsubscribe T index_bucket ${name} 1d NSE`,
      `batch_unsubscribe T greeks ${ref}`
    ])
    assert.deepStrictEqual(change(), [])
  })

  it("set the session's depth to what the deepest book needs", () => {
    const codec = openLogged()
    const depths = (changes: ReadonlyArray<Change>) =>
      requested(codec, changes).filter((f) => String(f).includes("orderbook_depth"))
    assert.deepStrictEqual(depths([{ instrument: reliance, to: DEPTH }]), [
      "batch_subscribe T orderbook_depth 5"
    ])
    assert.deepStrictEqual(
      depths([
        { instrument: option, to: DEEP },
        { instrument: atBse, to: DEEP }
      ]),
      ["batch_subscribe T orderbook_depth 20"]
    )
    assert.deepStrictEqual(depths([{ instrument: option, from: DEEP, to: DEPTH }]), [])
    assert.deepStrictEqual(depths([{ instrument: atBse, to: DEEP }]), [])
    assert.deepStrictEqual(depths([{ instrument: atBse, from: DEEP }]), [
      "batch_subscribe T orderbook_depth 5"
    ])
  })

  it("leave greeks alone where the user says so", () => {
    const codec = openLogged({ greeks: false })
    const frames = requested(codec, [{ instrument: option, to: DEPTH }])
    assert.isFalse(frames.some((f) => String(f).includes(" greeks ")))
    assert.throws(() => openLogged({ greeks: 1 }), InvalidVariant)
  })

  it("come in batches", () => {
    const many = Array.from({ length: 150 }, (_, i) => of("NSE", `S${i}`, String(i + 1), `S${i}`))
    const frames = requested(
      openLogged(),
      many.map((i) => ({ instrument: i, to: LTP }))
    )
    assert.strictEqual(frames.length, 2)
  })

  it("tell what cannot be asked for", () => {
    const codec = openLogged()
    requested(codec, [{ instrument: nifty, to: LTP }])
    const impossible = [
      instrument("CDS", "USDINR", "5"),
      of("NSE", "ODD", "A1", "ODD"),
      // The feed calls both NIFTY of NSE.
      of("NSE", "NIFTY", "99", "Nifty 50"),
      of("NSE", "TWIN", "72329", "TWIN")
    ]
    requested(codec, [{ instrument: reliance, to: LTP }])
    assert.deepStrictEqual(
      requested(
        codec,
        impossible.map((i) => ({ instrument: i, to: LTP }))
      ),
      []
    )
    const { events } = decode(codec, "hello")
    assert.deepStrictEqual(
      events.flatMap((e) => (e.type === "refused" ? [e.detail.slice(0, 40)] : [])),
      [
        "CDS:USDINR: Nubra has no word for CDS",
        'NSE:ODD has the token "A1", which is not ',
        "NSE:NIFTY cannot be told from NSE_INDEX:",
        "NSE:TWIN cannot be told from NSE:RELIANC"
      ].map((s) => s.slice(0, 40))
    )
    // The same instrument in another object is the same instrument.
    assert.deepStrictEqual(requested(codec, [{ instrument: { ...nifty }, from: LTP, to: LTP }]), [])
  })

  it("cost what the broker says", () => {
    const costs = [LTP, QUOTE, DEPTH].map((want) =>
      [reliance, option, nifty].map((i) => protocol.cost(want, i))
    )
    assert.deepStrictEqual(costs, [
      [1, 1, 1],
      [3, 4, 3],
      [8, 9, 3]
    ])
  })
})

describe("nubra: messages", () => {
  const base = { exchange_time: TIME, received_time: NOW }
  const all = [reliance, atBse, option, nifty]

  it("index values and prices, found by exchange and name", () => {
    const codec = opened(side, all)
    const value = { timestamp: NANOS, index_value: 141_265, prev_close: 140_120 }
    const found = decode(
      codec,
      frame("IndexBatch", {
        timestamp: NANOS,
        indexes: [{ ...value, indexname: "Nifty 50", exchange: "NSE", high_index_value: 141_990 }],
        instruments: [
          { ...value, indexname: "RELIANCE", exchange: "BSE", volume: 5, volume_oi: 7 },
          { ...value, indexname: "reliance" },
          { ...value, indexname: "RELIANCE", exchange: "MCX" },
          { indexname: "RELIANCE", exchange: "NSE", volume: 5 }
        ]
      })
    )
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      {
        ...base,
        symbol: "NIFTY",
        exchange: "NSE_INDEX",
        mode: "quote",
        ltp: 1412.65,
        high: 1419.9,
        close: 1401.2
      },
      {
        ...base,
        symbol: "RELIANCE",
        exchange: "BSE",
        mode: "quote",
        ltp: 1412.65,
        close: 1401.2,
        volume: 5,
        oi: 7
      },
      { ...base, symbol: "RELIANCE", exchange: "NSE", mode: "ltp", ltp: 1412.65, close: 1401.2 }
    ])
    assert.deepStrictEqual(found.instruments, [nifty, atBse, reliance])
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, refreshes.quote, refreshes.ltp])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored"]
    )
  })

  it.each([
    ["NIFTY 50", "NSE", "NSE_INDEX", "NIFTY"],
    ["Nifty Bank", "NSE", "NSE_INDEX", "BANKNIFTY"],
    ["Nifty Financial Services", "NSE", "NSE_INDEX", "FINNIFTY"],
    ["BSE SENSEX", "BSE", "BSE_INDEX", "SENSEX"],
    ["bse sensex 50", "BSE", "BSE_INDEX", "SENSEX50"]
  ] as const)("%s is %s %s:%s", (indexname, exchange, common, symbol) => {
    const index = of(common, symbol, symbol, symbol)
    const { instruments } = decode(
      opened(side, [index]),
      frame("IndexBatch", { indexes: [{ indexname, exchange, index_value: 5 }] })
    )
    assert.deepStrictEqual(instruments, [index])
  })

  it("the day's candle, whose close is the last price", () => {
    const candle = {
      indexname: "RELIANCE",
      exchange: "NSE",
      timestamp: NANOS,
      open: 140_510,
      high: 141_990,
      low: 140_305,
      close: 141_265,
      bucket_volume: 3,
      cumulative_volume: 4_875_140
    }
    const found = decode(
      opened(side, all),
      frame("BucketBatch", {
        instruments: [
          { ...candle, interval: 13 },
          { ...candle, interval: 3 },
          { ...candle, interval: 13, close: 0 }
        ]
      })
    )
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      {
        ...base,
        symbol: "RELIANCE",
        exchange: "NSE",
        mode: "quote",
        ltp: 1412.65,
        open: 1405.1,
        high: 1419.9,
        low: 1403.05,
        volume: 4_875_140
      }
    ])
  })

  it("books, by their own number", () => {
    const level = (price: number, quantity: number, orders: number) => ({ price, quantity, orders })
    const book = {
      timestamp: NANOS,
      bids: [level(141_260, 250, 4), level(0, 0, 0)],
      asks: [],
      ltp: 141_265,
      ltq: 17,
      volume: 9
    }
    const found = decode(
      opened(side, all),
      frame("BookBatch", {
        instruments: [
          { ...book, inst_id: 5, ref_id: 72_329 },
          { inst_id: 1_172_329, asks: [level(5, 0, 0)] },
          { inst_id: 72_329, ref_id: 5 }
        ]
      })
    )
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      {
        ...base,
        symbol: "RELIANCE",
        exchange: "NSE",
        mode: "depth",
        ltp: 1412.65,
        ltq: 17,
        volume: 9,
        depth: { buy: [{ price: 1412.6, quantity: 250, orders: 4 }], sell: [] }
      },
      {
        symbol: "RELIANCE",
        exchange: "BSE",
        mode: "depth",
        received_time: NOW,
        depth: { buy: [], sell: [{ price: 0.05, quantity: 0, orders: 0 }] }
      }
    ])
    assert.deepStrictEqual(found.refreshes, [refreshes.depth, refreshes.depth])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
  })

  it("books without a level are quotes, and yet tell readers of the book that it is empty", () => {
    const codec = opened(side, all)
    const found = decode(
      codec,
      frame("BookBatch", {
        instruments: [
          { timestamp: NANOS, ltp: 141_265, ltq: 17, volume: 9, ref_id: 72_329 },
          { bids: [{ price: 0, quantity: 0, orders: 0 }], asks: [], ltp: 5, ref_id: 72_329 }
        ]
      })
    )
    const depth = { buy: [], sell: [] }
    const name = { symbol: "RELIANCE", exchange: "NSE", mode: "quote" }
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...base, ...name, ltp: 1412.65, ltq: 17, volume: 9, depth },
      { ...name, received_time: NOW, ltp: 0.05, depth }
    ])
    assert.deepStrictEqual(found.refreshes, [refreshes.depth, refreshes.depth])
  })

  it("open interest with the greeks", () => {
    const found = decode(
      opened(side, all),
      frame("GreeksBatch", {
        instruments: [
          { ts: NANOS, ltp: 250, oi: 18_450_300, volume: 98_765_432, iv: 0.1, ref_id: 1_120_031 },
          { ltp: 250, inst_id: 1_120_031 },
          { oi: 5, ref_id: 1_120_031 },
          { ltp: 250, ref_id: 5 }
        ]
      })
    )
    const symbol = { symbol: option.symbol, exchange: "NFO" }
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...base, ...symbol, mode: "quote", ltp: 2.5, volume: 98_765_432, oi: 18_450_300 },
      { ...symbol, mode: "ltp", received_time: NOW, ltp: 2.5 }
    ])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
  })

  it("of other types, without one and without elements are no data", () => {
    const codec = opened(side, all)
    const frames = [
      generic(`${PACKAGE}WebSocketMsgOptionChainUpdate`, Uint8Array.of(10, 1, 65)),
      generic("", Uint8Array.of(10, 1, 65)),
      frame("BookBatch", { timestamp: NANOS }),
      new Uint8Array()
    ]
    const { causes, events, ticks } = decode(codec, ...frames)
    assert.deepStrictEqual([ticks, causes], [[], []])
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["ignored", "ignored", "ignored", "ignored"]
    )
  })

  it("that are cut anywhere deliver nothing", () => {
    const element = { index_value: 5, exchange: "NSE" }
    const good = frame("IndexBatch", {
      indexes: [{ ...element, indexname: "NIFTY" }],
      instruments: [{ ...element, indexname: "RELIANCE" }]
    })
    const codec = opened(side, all)
    // Behind the key a cut leaves a frame that is whole, and empty.
    for (let length = 1; length < good.length; length++) {
      assert.deepStrictEqual(decode(codec, good.subarray(0, length)).ticks, [], `cut at ${length}`)
    }
    assert.strictEqual(decode(codec, good).ticks.length, 2)
  })

  it("of what was given up are rejects", () => {
    const codec = opened(side, [reliance])
    codec.request([{ instrument: reliance, from: DEPTH }])
    const { causes } = decode(
      codec,
      frame("IndexBatch", { instruments: [{ indexname: "RELIANCE", index_value: 5 }] }),
      frame("BookBatch", { instruments: [{ ref_id: 72_329, ltp: 5 }] })
    )
    assert.deepStrictEqual(causes, ["not_subscribed", "not_subscribed"])
  })
})

describe("nubra: the broker's side", () => {
  it("tells the whole picture over its channels", async () => {
    const link = await makeLink(broker)
    const contract = link.listed.find(
      (l) => l.instrument.exchange === "NFO" && l.listing.type === "CE"
    )!.instrument
    const name = nameOf(contract)
    link.subscribe(name, LTP, DEPTH, DEEP)
    assert.deepStrictEqual(link.server.holds(contract), [
      { mode: "ltp", depth: 0 },
      { mode: "quote", depth: 0 },
      { mode: "depth", depth: 20 },
      { mode: "quote", depth: 0 }
    ])
    const state = link.state(name)
    const { depth, high, close, ltp, ltq, low, oi, open, volume } = state
    const picture = link.ticks.reduce((known, { tick }) => ({ ...known, ...tick }), {})
    assert.deepInclude(picture, { depth, high, close, ltp, ltq, low, oi, open, volume })
    link.request([{ instrument: contract, from: DEEP, to: LTP }])
    assert.deepStrictEqual(link.server.holds(contract), [{ mode: "ltp", depth: 0 }])
    link.request([{ instrument: contract, from: LTP }])
    assert.deepStrictEqual(link.server.holds(contract), [])
    assert.deepStrictEqual([link.events, link.rejects], [[], []])
  })

  it("keeps the budget, and gives back what is given up", async () => {
    const link = await makeLink({ ...broker, variant: { weightLimit: 9 } })
    const [a, b] = link.listed.map((l) => l.instrument).filter((i) => i.exchange === "NSE")
    link.request([{ instrument: a!, to: DEPTH }])
    link.request([{ instrument: b!, to: QUOTE }])
    assert.deepStrictEqual(
      link.events.map((e) => e.type),
      ["refused"]
    )
    assert.deepStrictEqual(link.server.holds(b!), [{ mode: "ltp", depth: 0 }])
    link.request([{ instrument: a!, from: DEPTH, to: LTP }])
    link.request([{ instrument: b!, from: QUOTE }])
    link.request([{ instrument: b!, to: DEPTH }])
    assert.strictEqual(link.server.holds(b!).length, 3)
  })

  it("says what is wrong with a command", async () => {
    const { server } = await makeLink(broker)
    const token = "demo-access-token"
    for (const bad of [
      "hello",
      `batch_subscribe ${token} nothing ${list([])} NSE`,
      `batch_subscribe ${token} index [] NSE`,
      `batch_subscribe ${token} index ${list(["INFY"])}`,
      `batch_subscribe ${token} index_bucket ${list(["INFY"])} 1m NSE`,
      `batch_subscribe ${token} orderbook_depth 21`,
      new Uint8Array(3)
    ]) {
      const { answers, touched } = server.receive(bad, () => undefined)
      assert.match(String(answers[0]), /^Error/)
      assert.deepStrictEqual(touched, [])
    }
    const unknown = server.receive(`batch_subscribe ${token} index ${list(["NOBODY"])} NSE`, () => undefined)
    assert.deepStrictEqual(unknown, { answers: [], touched: [] })
  })
})
