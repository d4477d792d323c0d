import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { broker as aliceblue } from "../../../src/brokers/aliceblue.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as definedge } from "../../../src/brokers/definedge.ts"
import { broker as flattrade } from "../../../src/brokers/flattrade.ts"
import { broker as shoonya } from "../../../src/brokers/shoonya.ts"
import { broker as tradesmart } from "../../../src/brokers/tradesmart.ts"
import { broker as zebu } from "../../../src/brokers/zebu.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { refreshes } from "../../../src/market/mode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/noren/index.ts"
import type { Codec, Handshake, HttpAnswer, HttpRequest, Login } from "../../../src/protocols/protocol.ts"
import { InvalidVariant } from "../../../src/protocols/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  instrument,
  openServer,
  openWith,
  opened,
  parsed,
  requested
} from "./support.ts"

const side = { broker: shoonya, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const infosys = instrument("NSE", "INFY", "1594")
const future = instrument("NFO", "RELIANCE25APR24FUT", "2885")
const dollar = instrument("CDS", "USDINR26APR24FUT", "1281")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")
const sensex = instrument("BSE_INDEX", "SENSEX", "1")

const context = (broker: Broker) => ({
  endpoint: broker.endpoint,
  services: broker.services ?? {},
  credentials,
  now: NOW,
  random: new Uint8Array(64),
  options: codecOptions(broker)
})

const plainLogin = (broker: Broker): Handshake => {
  const outcome = protocol.handshake(context(broker))
  assert.notProperty(outcome, "next")
  return outcome as Handshake
}

/** Alice Blue's login, answered from a list; what it asked for, and how it ended. */
const restLogin = (...answers: ReadonlyArray<Partial<HttpAnswer>>) => {
  const login = protocol.handshake(context(aliceblue)) as Login
  const asked: Array<HttpRequest> = []
  let step = login.next()
  for (const answer of answers) {
    if (step.done === true) break
    asked.push(step.value)
    step = login.next({ status: 200, headers: {}, body: "", ...answer })
  }
  assert.isTrue(step.done)
  return { asked, outcome: step.value as Exclude<typeof step.value, HttpRequest> }
}

const OK = { body: '{"status":"Ok"}' }

const hello = (broker: Broker, handshake: Handshake): unknown =>
  parsed(protocol.open(codecOptions(broker), handshake).hello!() as ReadonlyArray<string>)[0]

const requests = (codec: Codec, ...changes: Parameters<Codec["request"]>[0]): ReadonlyArray<unknown> =>
  parsed(requested(codec, changes)).map((r) => Object.values(r as object).join(" "))

const frame = (t: string, of: WireInstrument, fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ t, e: of.exchange.replace("_INDEX", ""), tk: of.token, ...fields })

describe("noren: the login", () => {
  it.each([
    [shoonya, "wss://api.shoonya.com/NorenWSAPI/"],
    [flattrade, "wss://piconnect.flattrade.in/PiConnectWSAPI/"],
    [zebu, "wss://go.mynt.in/NorenWSAPI/"],
    [tradesmart, "wss://v2api.tradesmartonline.in/NorenWSAPI/"]
  ])("is one frame with the access token at $name", (broker, url) => {
    const handshake = plainLogin(broker)
    assert.strictEqual(handshake.url, url)
    assert.deepStrictEqual(handshake.headers, {})
    assert.deepStrictEqual(hello(broker, handshake), {
      t: "a",
      uid: "A123",
      actid: "A123",
      source: "API",
      accesstoken: "thetoken"
    })
  })

  it("is one with the feed token at Definedge", () => {
    const handshake = plainLogin(definedge)
    assert.strictEqual(handshake.url, "wss://trade.definedgesecurities.com/NorenWSTRTP/")
    assert.deepStrictEqual(hello(definedge, handshake), {
      t: "c",
      uid: "A123",
      actid: "A123",
      source: "TRTP",
      susertoken: "thefeed"
    })
  })

  it("opens a session over REST at Alice Blue, and hashes the token twice", () => {
    const { asked, outcome } = restLogin({ status: 400 }, OK)
    const base = "https://a3.aliceblueonline.com/open-api/od/v1/profile"
    assert.deepStrictEqual(
      asked,
      ["invalidateWsSess", "createWsSess"].map((path) => ({
        method: "POST",
        url: `${base}/${path}`,
        headers: { authorization: "Bearer thetoken", "content-type": "application/json" },
        body: '{"source":"API","userId":"A123"}'
      }))
    )
    const hash = (text: string) => createHash("sha256").update(text).digest("hex")
    assert.strictEqual((outcome as Handshake).url, "wss://ws1.aliceblueonline.com/NorenWS/")
    assert.deepStrictEqual(hello(aliceblue, outcome as Handshake), {
      t: "c",
      uid: "A123_API",
      actid: "A123_API",
      source: "API",
      susertoken: hash(hash("thetoken"))
    })
  })

  it.each([
    [{ status: 401, body: "Unauthorized" }, "AuthRejected"],
    [{ status: 403 }, "AuthRejected"],
    [{ status: 429 }, "RateLimited"],
    [{ status: 502, body: "<html>" }, "ConnectionRefused"],
    [{ body: '{"status":"Not_Ok","message":"Invalid token"}' }, "AuthRejected"],
    [{ body: '{"status":"Not_Ok","message":"try again"}' }, "ConnectionRefused"],
    [{ body: "nonsense" }, "ConnectionRefused"]
  ] as const)("ends where no session is opened: %j", (answer, tag) => {
    const { outcome } = restLogin(OK, answer)
    assert.propertyVal(outcome, "_tag", tag)
    assert.notInclude(JSON.stringify(outcome), "thetoken")
  })

  it("names the service that is missing", () => {
    const login = protocol.handshake({ ...context(aliceblue), services: {} }) as Login
    assert.propertyVal(login.next().value, "_tag", "ConnectionRefused")
  })

  it("says nothing before the golden frames, which have no login", () => {
    assert.deepStrictEqual(openWith(side).hello!(), [])
  })

  it.each([
    ['{"t":"ak","s":"OK"}', true],
    ['{"t":"ak","uid":"A123","s":"Ok"}', true],
    ['{"t":"ck","uid":"A123","s":"Ok"}', true],
    ['{"t":"cf","k":"OK"}', true],
    ['{"t":"ak","s":"Not_Ok"}', false],
    ['{"t":"ck","s":"NOT_OK"}', false],
    ['{"t":"cf","k":"failed"}', false],
    ['{"t":"ak"}', false]
  ])("understands the answer %s", (answer, good) => {
    const codec = openWith(side)
    assert.isTrue(codec.awaitsReady)
    const [event] = decode(codec, answer).events
    if (good) assert.deepStrictEqual(event, { type: "ready" })
    else assert.propertyVal(event?.type === "failure" ? event.failure : undefined, "_tag", "AuthRejected")
  })

  it("tells the broker's reason without what looks like a token", () => {
    const answer = '{"t":"ak","s":"Not_Ok","emsg":"Session Expired abcdef0123456789abcdef"}'
    const [event] = decode(openWith(side), answer).events
    const message = event?.type === "failure" ? event.failure.message : ""
    assert.include(message, "Session Expired")
    assert.notInclude(message, "abcdef0123456789")
  })

  it("classifies a declined upgrade", () => {
    const tagOf = (status: number, headers = {}) => protocol.refusal({ status, headers })._tag
    assert.deepStrictEqual(
      [401, 403, 429, 503].map((status) => tagOf(status)),
      ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"]
    )
    const moved = protocol.refusal({ status: 301, headers: { location: "https://x/NorenWS/" } })
    assert.include(moved.message, "https://x/NorenWS/")
  })

  it("refuses a variant that does not exist", () => {
    assert.throws(() => openWith(side, { connectType: "x" }), InvalidVariant)
    assert.throws(() => openWith(side, { tokenTransform: "md5" }), InvalidVariant)
  })
})

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
    assert.deepStrictEqual(requests(codec, { instrument: reliance, to: DEPTH }), [])
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

describe.each([shoonya, definedge, aliceblue])("noren: both sides at $name", (broker) => {
  it("log in, and carry a moving market", async () => {
    const link = await makeLink(broker)
    assert.deepStrictEqual(link.events, [{ type: "ready" }])
    link.subscribe("NSE:RELIANCE", LTP)
    link.subscribe("NSE:INFY", QUOTE, DEPTH)
    link.subscribe("NSE_INDEX:NIFTY", { mode: "depth", depth: 0 })
    const contract = link.listed.find((l) => l.instrument.exchange === "CDS")!.instrument
    link.subscribe(`CDS:${contract.symbol}`, DEPTH)
    for (let i = 0; i < 30; i++) link.step(30)
    assert.deepStrictEqual(link.rejects, [])
    for (const name of ["NSE:RELIANCE", "NSE:INFY", "NSE_INDEX:NIFTY", `CDS:${contract.symbol}`]) {
      const tick = link.ticks.findLast((t) => t.instrument === link.instrument(name))!.tick
      const hasBook = name === "NSE:INFY" || name.startsWith("CDS")
      assert.deepStrictEqual(disagreements(tick, link.state(name), hasBook ? 5 : 0), [], name)
      assert.strictEqual(tick.mode, hasBook ? "depth" : "quote")
    }
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:INFY")), [DEPTH])
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [QUOTE])
    link.request([{ instrument: link.instrument("NSE:INFY"), from: DEPTH }])
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:INFY")), [])
    assert.propertyVal(link.events.at(-1), "type", "ignored")
  })

  it("refuse another token", async () => {
    const accepted = { ...credentials, clientCode: secret("DEMO01") }
    if (broker === aliceblue) {
      const failed = await makeLink(broker, { accepted }).catch((error: unknown) => error)
      assert.instanceOf(failed, LoginFailed)
      assert.include((failed as LoginFailed).message, "401")
      return
    }
    const link = await makeLink(broker, { accepted })
    const [event] = link.events
    assert.propertyVal(event?.type === "failure" ? event.failure : undefined, "_tag", "AuthRejected")
    link.subscribe("NSE:INFY", QUOTE)
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:INFY")), [])
  })
})

describe("noren: the broker's side", () => {
  const find = (token: string, code?: unknown) =>
    token === "2885" && code === "NSE" ? reliance : token === "1594" && code === "NSE" ? infosys : undefined
  const good = '{"t":"a","uid":"A123","actid":"A123","source":"API","accesstoken":"thetoken"}'

  it("ends the connection after a wrong login, and hears nothing before a right one", () => {
    const server = openServer(side)
    assert.deepStrictEqual(server.receive('{"t":"t","k":"NSE|2885"}', find).touched, [])
    const { answers, close } = server.receive(good.replace("thetoken", "other"), find)
    assert.deepStrictEqual(parsed(answers as ReadonlyArray<string>), [{ t: "ak", uid: "A123", s: "NOT_OK" }])
    assert.deepStrictEqual(close, { code: 1000, reason: "" })
    assert.deepStrictEqual(parsed(server.receive(good, find).answers as ReadonlyArray<string>), [
      { t: "ak", uid: "A123", s: "OK" }
    ])
  })

  it("answers a subscription with everything and goes on with what changed", () => {
    const server = openServer(side)
    server.receive(good, find)
    const request = '{"t":"t","k":"NSE|2885#NSE|777"}'
    assert.deepStrictEqual(server.receive(request, find).touched, [reliance])
    const state = {
      symbol: "",
      exchange: "",
      mode: "quote",
      received_time: NOW,
      ltp: 10.5,
      open: 10
    } as const
    const sent = (next: Parameters<typeof server.encode>[0][number][1]) =>
      parsed(server.encode([[reliance, next]]) as ReadonlyArray<string>)
    const head = { e: "NSE", tk: "2885" }
    assert.deepStrictEqual(sent(state), [
      { t: "tk", ...head, ts: "RELIANCE", pp: "2", lp: "10.50", o: "10.00" }
    ])
    assert.deepStrictEqual(sent(state), [])
    assert.deepStrictEqual(sent({ ...state, ltp: 10.55 }), [{ t: "tf", ...head, lp: "10.55" }])
    // A new day has no open yet.
    const { open: _, ...fresh } = state
    assert.deepStrictEqual(sent({ ...fresh, ltp: 10.55 }), [{ t: "tf", ...head, o: "0.00" }])
    server.receive(request, find)
    assert.propertyVal(sent(state)[0], "t", "tk")
  })

  it("answers heartbeats where the broker does", () => {
    for (const [broker, answers] of [
      [shoonya, 1],
      [definedge, 0]
    ] as const) {
      const server = openServer({ ...side, broker }, broker.variant ?? {})
      server.receive(JSON.stringify(hello(broker, plainLogin(broker))), find)
      assert.strictEqual(server.receive('{"t":"h"}', find).answers.length, answers)
    }
  })

  it("passes over what it does not understand", () => {
    const server = openServer(side)
    for (const bad of ["", "[]", '{"t":"q"}', '{"t":"t"}', '{"t":"t","k":5}', new Uint8Array(2)]) {
      assert.deepStrictEqual(server.receive(bad, find), { answers: [], touched: [] })
      server.receive(good, find)
    }
  })
})
