/** XTS's binary packets there and back in each layout, broken ones, and both products against the simulator's side. */
import { assert, describe, it } from "@effect/vitest"
import { deflateSync } from "fflate"
import { codecOptions, streamsOf } from "../../../src/brokers/broker.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { broker as ibulls } from "../../../src/brokers/data/ibulls.ts"
import { broker as iifl } from "../../../src/brokers/data/iifl.ts"
import { broker as jainam } from "../../../src/brokers/data/jainamxts.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import type { HttpRequest } from "../../../src/protocols/protocol.ts"
import type { ServerHttpContext } from "../../../src/protocols/serverProtocol.ts"
import { binaryPacket } from "../../../src/protocols/xts/encodeBinary.ts"
import { protocol, serverProtocol } from "../../../src/protocols/xts/index.ts"
import type { MessageCode } from "../../../src/protocols/xts/layout.ts"
import type { LayoutName } from "../../../src/protocols/xts/options.ts"
import { loginOf, demoLogin } from "../../../src/simulator/demo.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, decode, instrument } from "./support.ts"

const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")

const state: Tick = {
  symbol: "RELIANCE",
  exchange: "NFO",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_711_665_647_000,
  ltt: 1_711_665_645_000,
  ltp: 2940.05,
  ltq: 250,
  open: 2900.1,
  high: 2950,
  low: 2890.55,
  close: 2899.95,
  volume: 4_000_000_000,
  average_price: 2921.37,
  total_buy_quantity: 3_000_000_001,
  total_sell_quantity: 12,
  depth: {
    buy: [
      { price: 2940, quantity: 500, orders: 3 },
      { price: 2939.95, quantity: 2_000_000_000, orders: 65_536 }
    ],
    sell: [{ price: 2940.1, quantity: 250, orders: 1 }]
  }
}
const ANNOUNCED = '451-["xts-binary-packet",{"_placeholder":true,"num":0}]'
const attachment = (...packets: ReadonlyArray<Uint8Array>): Uint8Array =>
  Buffer.concat([Buffer.of(4), ...packets])
const packet = (code: MessageCode, layout: LayoutName = "A", id = 2885, tick: Tick = state): Uint8Array =>
  binaryPacket(code, layout, { exchangeSegment: 2, exchangeInstrumentID: id }, tick, 7, 100)
const opened = () => {
  const codec = protocol.open(codecOptions(ibulls))
  codec.request([
    { instrument: reliance, to: DEPTH },
    { instrument: future, to: DEPTH }
  ])
  return codec
}
const decoded = (...packets: ReadonlyArray<Uint8Array>) => decode(opened(), ANNOUNCED, attachment(...packets))

describe.each(["A", "B", "C"] as const)("xts: layout %s", (layout) => {
  it("comes back as it went", () => {
    const { causes, instruments, ticks } = decoded(packet(1501, layout), packet(1502, layout))
    assert.deepStrictEqual(causes, [])
    assert.isTrue(instruments.every((i) => i === future))
    const { depth, mode: _, symbol: __, ...fields } = state
    for (const tick of ticks) assert.deepInclude(tick as object, fields)
    assert.deepStrictEqual([ticks[0]!.mode, ticks[0]!.depth], ["quote", undefined])
    assert.deepStrictEqual([ticks[1]!.mode, ticks[1]!.depth], ["depth", depth])
  })

  it("leaves out what is zero", () => {
    const empty = { symbol: "X", exchange: "NFO", mode: "quote", received_time: NOW } as const
    const { ticks } = decoded(packet(1501, layout, 2885, empty), packet(1502, layout, 2885, empty))
    for (const tick of ticks) {
      assert.isUndefined(tick.ltp ?? tick.close ?? tick.ltt ?? tick.exchange_time)
      assert.strictEqual(tick.volume, 0)
    }
    assert.deepStrictEqual(ticks[1]!.depth, { buy: [], sell: [] })
  })
})

describe("xts: packets", () => {
  it.each(["A", "B"] as const)("carry open interest, layout %s", (layout) => {
    const { ticks } = decoded(packet(1510, layout, 2885, { ...state, oi: 123_450 }))
    assert.deepInclude(ticks[0]!, { mode: "quote", oi: 123_450, exchange_time: 1_711_665_647_000 })
    assert.notProperty(ticks[0]!, "ltp")
  })

  it("count 64 bits where the layout does", () => {
    const { ticks } = decoded(packet(1501, "B", 2885, { ...state, volume: 6_000_000_000 }))
    assert.strictEqual(ticks[0]!.volume, 6_000_000_000)
  })

  it("follow one another whatever is between", () => {
    const stranger = packet(1501, "A", 1)
    const candle = Buffer.from(packet(1501))
    candle.writeUInt16LE(1505, 1)
    const { causes, events, ticks } = decoded(stranger, candle, packet(1502), packet(1501, "B"))
    assert.deepStrictEqual(causes, ["not_subscribed"])
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["ignored"]
    )
    assert.strictEqual(ticks.length, 2)
  })

  it("need no mark of Engine.IO before them", () => {
    assert.strictEqual(decode(opened(), ANNOUNCED, packet(1501)).ticks.length, 1)
  })

  it("may be of the old version, or have extended properties", () => {
    const plain = Buffer.from(packet(1501))
    const head = plain.subarray(0, 15)
    const payload = plain.subarray(15)
    const withPayload = (bytes: Buffer): Buffer => {
      const whole = Buffer.concat([head, bytes])
      whole.writeUInt16LE(bytes.length, 13)
      return whole
    }
    const old = Buffer.concat([payload.subarray(0, 14), payload.subarray(26)])
    old.writeUInt16LE(3, 2)
    const extended = Buffer.concat([
      payload.subarray(0, 26),
      Buffer.of(1, 2, 0x61, 0x62, 0),
      payload.subarray(26)
    ])
    extended.writeInt32LE(1, 22)
    const { causes, ticks } = decoded(withPayload(old), withPayload(extended))
    assert.deepStrictEqual(causes, [])
    assert.deepStrictEqual(
      ticks.map((t) => t.ltp),
      [2940.05, 2940.05]
    )
    extended.writeInt32LE(-1, 22)
    assert.deepStrictEqual(decoded(withPayload(extended)).causes, ["truncated"])
    extended.writeInt32LE(60, 22)
    assert.deepStrictEqual(decoded(withPayload(extended)).causes, ["truncated"])
  })

  it("must say the same inside as outside", () => {
    for (const [at, value] of [
      [15, 1502],
      [15 + 26, 1],
      [15 + 28, 2886]
    ] as const) {
      const bytes = Buffer.from(packet(1501))
      bytes.writeUInt16LE(value, at)
      assert.deepStrictEqual(decoded(bytes).causes, ["unknown_packet"])
    }
  })

  it("of a length that no layout has are rejected, and the next ones read", () => {
    const long = Buffer.concat([packet(1501), Buffer.alloc(1)])
    long.writeUInt16LE(181, 13)
    const { causes, ticks } = decoded(long, packet(1501))
    assert.deepStrictEqual([causes, ticks.length], [["unknown_length"], 1])
    const rows = Buffer.from(packet(1501))
    rows.writeUInt16LE(1502, 1)
    rows.writeUInt16LE(1502, 15)
    assert.deepStrictEqual(decoded(rows).causes, ["unknown_length"])
  })

  it("that cannot be inflated, or to too much, end the attachment", () => {
    const bomb = (size: number): Buffer => {
      const compressed = deflateSync(new Uint8Array(size))
      const head = Buffer.from(packet(1502)).subarray(0, 17)
      head.writeUInt8(1, 0)
      head.writeUInt16LE(compressed.length, 15)
      return Buffer.concat([head, compressed])
    }
    assert.deepStrictEqual(decoded(bomb(5_000_000), packet(1501)).causes, ["truncated"])
    // Within bounds it is read, and is no message.
    assert.deepStrictEqual(decoded(bomb(200)).causes, ["unknown_packet"])
    const cut = Buffer.from(packet(1502))
    cut.fill(0xff, 17)
    const { causes, ticks } = decoded(cut, packet(1501))
    assert.deepStrictEqual([causes, ticks], [["truncated"], []])
  })

  it("that end early are truncated at any byte", () => {
    const whole = packet(1501)
    for (let length = 1; length < whole.length; length++) {
      const { causes, ticks } = decoded(whole.subarray(0, length))
      assert.deepStrictEqual([causes, ticks], [["truncated"], []], `${length} bytes`)
    }
  })

  it("with NaN and infinities have no such price", () => {
    const bytes = Buffer.from(packet(1501))
    bytes.writeDoubleLE(Number.NaN, 15 + 84)
    bytes.writeDoubleLE(Number.POSITIVE_INFINITY, 15 + 132)
    const [tick] = decoded(bytes).ticks
    assert.notProperty(tick!, "ltp")
    assert.notProperty(tick!, "open")
    assert.strictEqual(tick!.high, 2950)
  })
})

const partial = { ...iifl, variant: { ...iifl.variant, broadcastMode: "Partial" } } satisfies Broker

describe.each([
  ["JSON", iifl],
  ["changes", partial],
  ["binary, layout A", ibulls],
  ["binary, layout B", jainam]
] as const)("xts in %s against the simulator's side", (_, of) => {
  const [feed] = streamsOf(of)
  it("shows the market's state at once and in every step, joined over the kinds of messages", async () => {
    const link = await makeLink(feed!)
    const names = ["NSE:RELIANCE", "NSE_INDEX:NIFTY"]
    const derivative = nameOf(
      link.listed.find((l) => l.instrument.exchange === "NFO" && l.instrument.token === "2885")!.instrument
    )
    for (const name of [...names, derivative]) link.subscribe(name, LTP, QUOTE, DEPTH)
    for (let i = 0; i < 40; i++) link.step(40)
    assert.deepStrictEqual(link.rejects, [])
    for (const name of [...names, derivative]) {
      const own = link.ticks.filter((t) => nameOf(t.instrument) === name).map((t) => t.tick)
      const quote = own.findLast((t) => t.ltp !== undefined)!
      const levels = name.includes("INDEX") ? 0 : 5
      assert.deepStrictEqual(disagreements(quote, link.state(name), levels), [], name)
      const oi = own.findLast((t) => t.oi !== undefined)?.oi
      assert.strictEqual(oi, name === derivative ? link.state(name).oi : undefined)
    }
    const held = (name: string) => link.server.holds(link.instrument(name)).map((w) => w.mode)
    assert.deepStrictEqual(held(derivative), ["depth", "quote"])
    link.request([{ instrument: link.instrument(derivative), from: DEPTH, to: LTP }])
    assert.strictEqual(held(derivative).length, 1)
    link.request([{ instrument: link.instrument(derivative), from: LTP }])
    assert.deepStrictEqual(held(derivative), [])
    const before = link.ticks.length
    link.step(2000)
    assert.isFalse(link.ticks.slice(before).some((t) => nameOf(t.instrument) === derivative))
  })

  it("logs in with an issued token, and not with another login", async () => {
    const { codec } = await makeLink(feed!)
    assert.isTrue(codec.awaitsReady)
    const accepted = loginOf({ ...demoLogin, apiSecret: "another" })
    const refused = await makeLink(feed!, { accepted }).then(
      () => undefined,
      (error: unknown) => error
    )
    assert.instanceOf(refused, LoginFailed)
    assert.include(String(refused), "rejected the credentials")
  })
})

describe("xts: changes on the wire", () => {
  it("are text after the first picture", async () => {
    const link = await makeLink(partial)
    link.subscribe("NSE:RELIANCE", DEPTH)
    for (let i = 0; i < 10; i++) link.step(200)
    const events = link.inbound.filter((f) => typeof f === "string" && f.startsWith('42["1502'))
    assert.isAbove(events.length, 1)
    assert.isTrue(events.every((f) => String(f).startsWith('42["1502-json-partial","t:1_2885,')))
  })
})

describe("xts: the REST front", () => {
  const login = loginOf({ ...demoLogin, ...serverProtocol.demo })
  const context: ServerHttpContext = {
    accepted: login,
    options: codecOptions(iifl),
    endpoint: "ws://127.0.0.1/apimarketdata/socket.io",
    find: () => reliance,
    stateOf: () => state,
    connections: []
  }
  const post = (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    method = "POST"
  ) => {
    const answer = serverProtocol.http(
      { method, url: `/apimarketdata${path}`, headers, body: JSON.stringify(body) },
      context
    )
    return answer === undefined
      ? undefined
      : {
          status: answer.status,
          ...(JSON.parse(answer.body) as { readonly code: string; readonly result: never })
        }
  }
  const authorization = serverProtocol.demo.feedToken
  const request = {
    instruments: [{ exchangeSegment: 1, exchangeInstrumentID: "2885" }],
    xtsMessageCode: 1501
  }

  it("asks for the token and for a request that makes sense", () => {
    assert.deepInclude(post("/instruments/subscription", request)!, { status: 400, code: "e-session-0007" })
    const wrong = { authorization: "yesterday's" }
    assert.strictEqual(post("/instruments/quotes", request, wrong)!.code, "e-session-0007")
    for (const body of [
      {},
      { ...request, xtsMessageCode: 1505 },
      { ...request, instruments: [] },
      "nonsense"
    ]) {
      assert.strictEqual(post("/instruments/subscription", body, { authorization })!.status, 400)
    }
    assert.strictEqual(post("/instruments/quotes", request, { authorization })!.status, 400)
    assert.isUndefined(post("/instruments/master", {}))
    assert.isUndefined(post("/instruments/subscription", request, { authorization }, "GET"))
  })

  it("refuses a whole request when one instrument is subscribed already", () => {
    const url = `/apimarketdata/socket.io/?EIO=3&transport=websocket&token=${authorization}&userID=DEMO01_demo`
    const upgrade = { url, headers: {} }
    assert.isUndefined(serverProtocol.admit(upgrade, login))
    assert.strictEqual(serverProtocol.admit({ ...upgrade, url: `${url}x` }, login)?.status, 401)
    assert.strictEqual(
      serverProtocol.admit({ ...upgrade, url: url.replace("websocket", "polling") }, login)?.status,
      400
    )
    const socket = serverProtocol.open(codecOptions(iifl), { request: upgrade, accepted: () => login })
    const own = { ...context, connections: [socket] }
    const send = (): { readonly status: number; readonly body: string } =>
      serverProtocol.http(
        {
          method: "POST",
          url: "/apimarketdata/instruments/subscription",
          headers: { authorization },
          body: JSON.stringify(request)
        },
        own
      )!
    const first = JSON.parse(send().body) as { readonly result: Readonly<Record<string, unknown>> }
    assert.strictEqual(first.result["Remaining_Subscription_Count"], 999)
    assert.strictEqual((first.result["listQuotes"] as ReadonlyArray<string>).length, 1)
    const again = send()
    assert.strictEqual(again.status, 400)
    assert.include(again.body, "e-session-0002")
    assert.deepStrictEqual(socket.holds(reliance), [{ mode: "quote", depth: 0 }])
  })

  it("lets in who logs in with keys alone", () => {
    const accepted = { apiKey: secret("k"), apiSecret: secret("s") }
    const answer = serverProtocol.http(
      {
        method: "POST",
        url: "/apimarketdata/auth/login",
        headers: {},
        body: JSON.stringify({ appKey: "k", secretKey: "s", source: "WebAPI" })
      },
      { ...context, accepted }
    )!
    const { result } = JSON.parse(answer.body) as {
      readonly result: { readonly token: string; readonly userID: string }
    }
    const url = `/?transport=websocket&token=${result.token}&userID=${result.userID}`
    assert.isUndefined(serverProtocol.admit({ url, headers: {} }, accepted))
  })

  it("tells no picture with the answer in the binary product, where the client asks for it", async () => {
    const link = await makeLink(jainam)
    link.subscribe("NSE:RELIANCE", QUOTE)
    const urls = link.outbound.filter((o): o is HttpRequest => isHttpRequest(o)).map((r) => r.url)
    assert.deepStrictEqual(
      urls.map((url) => url.slice(url.lastIndexOf("/"))),
      ["/subscription", "/quotes"]
    )
    assert.strictEqual(link.ticks.length, 1)
  })
})
