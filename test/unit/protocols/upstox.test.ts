/** Upstox' feed, as far as the SDK and the golden frames do not tell. Frames are written by protobufjs from the SDK's schema. */
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import protobuf from "protobufjs"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/upstox.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type {
  Codec,
  Frame,
  HttpAnswer,
  HttpRequest,
  Outbound,
  Want
} from "../../../src/protocols/protocol.ts"
import { protocol, serverProtocol } from "../../../src/protocols/upstox/index.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, credentials, decode, instrument, openServer, opened } from "./support.ts"

const side = { broker, protocol, serverProtocol }
const DEEP: Want = { mode: "depth", depth: 30 }
const reliance = instrument("NSE", "RELIANCE", "NSE_EQ|INE002A01018")
const twin = instrument("BSE", "RELIANCE", "BSE_EQ|INE002A01018")
const nifty = instrument("NSE_INDEX", "NIFTY", "NSE_INDEX|Nifty 50")

/** With a login, so that ids of requests have a beginning. */
const openLogged = (variant: Readonly<Record<string, unknown>> = {}): Codec =>
  protocol.open(
    { ...codecOptions(broker), variant },
    { url: "wss://x", headers: {}, secrets: { guid: "a1b2c3d4e5f6" } }
  )

const text = (frame: Outbound): string => {
  assert.instanceOf(frame, Uint8Array, "requests are binary frames")
  return new TextDecoder().decode(frame as Uint8Array)
}
interface Request {
  readonly guid: string
  readonly method: string
  readonly data: { readonly mode?: string; readonly instrumentKeys: ReadonlyArray<string> }
}
const requests = (frames: ReadonlyArray<Outbound>): ReadonlyArray<Request> =>
  frames.map((frame) => JSON.parse(text(frame)) as Request)
/** Method or mode, and the keys. */
const brief = (frames: ReadonlyArray<Outbound>): ReadonlyArray<string> =>
  requests(frames).map(({ data, method }) => `${data.mode ?? method}: ${data.instrumentKeys.join(" ")}`)

const require = createRequire(import.meta.url)
const PACKAGE = "com.upstox.marketdatafeederv3udapi.rpc.proto"
const FeedResponse = protobuf
  .loadSync(require.resolve("upstox-js-sdk/dist/feeder/proto/MarketDataFeedV3.proto"))
  .lookupType(`${PACKAGE}.FeedResponse`)

const TIME = 1_711_630_742_813
type Fields = Readonly<Record<string, unknown>>
const frame = (feeds: Readonly<Record<string, Fields>>, rest: Fields = {}): Uint8Array =>
  FeedResponse.encode(FeedResponse.fromObject({ type: 1, feeds, currentTs: TIME, ...rest })).finish()
const full = (marketFF: Fields): Fields => ({ fullFeed: { marketFF }, requestMode: 1 })
const key = reliance.token

describe("upstox: the login", () => {
  const login = (answers: ReadonlyArray<HttpAnswer>, authToken = "thetoken") => {
    const steps = protocol.handshake({
      endpoint: broker.endpoint,
      services: broker.services!,
      credentials: { ...credentials, authToken: secret(authToken) },
      now: NOW,
      random: Uint8Array.from({ length: 64 }, (_, i) => i),
      options: codecOptions(broker)
    })
    const asked: Array<HttpRequest> = []
    let step = steps.next()
    for (const answer of answers) {
      if (step.done === true) break
      asked.push(step.value)
      step = steps.next(answer)
    }
    return { asked, outcome: step.done === true ? step.value : undefined }
  }
  const answer = (status: number, body: unknown): HttpAnswer => ({
    status,
    headers: {},
    body: typeof body === "string" ? body : JSON.stringify(body)
  })
  const authorized = (fields: Fields): HttpAnswer => answer(200, { status: "success", data: fields })
  const tagOf = (...answers: ReadonlyArray<HttpAnswer>): string | undefined => {
    const { outcome } = login(answers)
    return outcome !== undefined && "_tag" in outcome ? outcome._tag : undefined
  }

  it("asks for the address of one connection, and opens it without headers", () => {
    const url = "wss://feed.example/market?requestId=1&code=2"
    const { asked, outcome } = login([
      authorized({ authorized_redirect_uri: url, authorizedRedirectUri: "x" })
    ])
    assert.deepStrictEqual(asked, [
      {
        method: "GET",
        url: "https://api.upstox.com/v3/feed/market-data-feed/authorize",
        headers: { accept: "application/json", authorization: "Bearer thetoken" }
      }
    ])
    assert.deepStrictEqual(outcome, { url, headers: {}, secrets: { guid: "000102030405" } })
    const again = login([authorized({ authorizedRedirectUri: url })], " Bearer thetoken ")
    assert.strictEqual(again.asked[0]?.headers["authorization"], "Bearer thetoken")
    assert.deepInclude(again.outcome, { url })
  })

  it("fails for its reason", () => {
    const error = (errorCode: string) => ({ status: "error", errors: [{ errorCode, message: "no" }] })
    assert.strictEqual(tagOf(answer(401, error("UDAPI100050"))), "AuthRejected")
    assert.strictEqual(tagOf(answer(403, "")), "AuthRejected")
    assert.strictEqual(tagOf(answer(400, error("UDAPI100050"))), "AuthRejected")
    assert.strictEqual(tagOf(answer(429, "<html>")), "RateLimited")
    assert.strictEqual(tagOf(answer(500, error("UDAPI100500"))), "ConnectionRefused")
    for (const body of ["", "[]", { data: {} }, { data: { authorized_redirect_uri: "https://x" } }]) {
      assert.strictEqual(tagOf(answer(200, body)), "ProtocolViolation")
    }
    const { outcome } = login([answer(401, error("UDAPI100050"))])
    assert.strictEqual(
      outcome !== undefined && "message" in outcome ? outcome.message : "",
      "the broker rejected the credentials (HTTP 401: UDAPI100050 no)"
    )
  })

  it("classifies a declined upgrade", () => {
    const refused = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 302].map(refused), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })

  it("goes through with the right token only", async () => {
    const link = await makeLink(broker)
    assert.match(
      link.handshake.url,
      /^wss:\/\/api\.upstox\.com\/v3\/feed\/market-data-feed\?requestId=\w+&code=\w+$/
    )
    assert.notInclude(link.handshake.url, "demo-access-token")
    const accepted = { ...credentials, authToken: secret("another") }
    const wrong = await makeLink(broker, { accepted }).catch((error: unknown) => error)
    assert.instanceOf(wrong, LoginFailed)
    assert.include(wrong.message, "UDAPI100050")
    assert.strictEqual(
      serverProtocol.admit(
        { url: link.handshake.url.slice("wss://api.upstox.com".length), headers: {} },
        accepted
      )?.status,
      401
    )
  })
})

describe("upstox: requests", () => {
  it("are JSON in binary frames, to the byte", () => {
    const codec = openLogged()
    const frames = codec.request([
      { instrument: reliance, to: LTP },
      { instrument: nifty, to: QUOTE }
    ])
    assert.deepStrictEqual(frames.map(text), [
      '{"guid":"a1b2c3d4e5f600000000","method":"sub","data":{"mode":"ltpc","instrumentKeys":["NSE_EQ|INE002A01018"]}}',
      '{"guid":"a1b2c3d4e5f600000001","method":"sub","data":{"mode":"full","instrumentKeys":["NSE_INDEX|Nifty 50"]}}'
    ])
    assert.deepStrictEqual(codec.request([{ instrument: nifty, from: QUOTE }]).map(text), [
      '{"guid":"a1b2c3d4e5f600000002","method":"unsub","data":{"instrumentKeys":["NSE_INDEX|Nifty 50"]}}'
    ])
  })

  it("change a mode by another sub, and say nothing where nothing changes", () => {
    const codec = openLogged()
    codec.request([{ instrument: reliance, to: LTP }])
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, from: LTP, to: QUOTE }])), [
      `full: ${key}`
    ])
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: QUOTE, to: DEPTH }]), [])
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: DEPTH, to: DEPTH }]), [])
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, from: DEPTH, to: LTP }])), [
      `ltpc: ${key}`
    ])
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, from: LTP }])), [`unsub: ${key}`])
    assert.deepStrictEqual(codec.request([{ instrument: reliance }]), [])
  })

  it("give up and poorer modes first, which makes room", () => {
    const codec = openLogged()
    codec.request([
      { instrument: reliance, to: DEPTH },
      { instrument: twin, to: LTP }
    ])
    const frames = codec.request([
      { instrument: nifty, to: LTP },
      { instrument: twin, from: LTP, to: DEPTH },
      { instrument: reliance, from: DEPTH }
    ])
    assert.deepStrictEqual(brief(frames), [`unsub: ${key}`, `ltpc: ${nifty.token}`, `full: ${twin.token}`])
  })

  it("come in batches", () => {
    const codec = openLogged()
    const many = Array.from({ length: 1200 }, (_, i) => instrument("NSE", `S${i}`, `NSE_EQ|INE${i}`))
    const sizes = requests(codec.request(many.map((i) => ({ instrument: i, to: LTP })))).map(
      (r) => r.data.instrumentKeys.length
    )
    assert.deepStrictEqual(sizes, [500, 500, 200])
  })
})

describe("upstox: thirty levels", () => {
  it("are asked for on top of five, so that five remain whatever the answer", () => {
    const codec = openLogged()
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, to: DEEP }])), [
      `full: ${key}`,
      `full_d30: ${key}`
    ])
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, from: DEEP, to: DEPTH }])), [
      `full: ${key}`
    ])
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, from: DEPTH, to: DEEP }])), [
      `full_d30: ${key}`
    ])
  })

  it("are not asked for without Plus", () => {
    const codec = openLogged({ plus: false })
    assert.deepStrictEqual(brief(codec.request([{ instrument: reliance, to: DEEP }])), [`full: ${key}`])
    assert.throws(() => openLogged({ plus: "yes" }), InvalidVariant)
  })

  const refusal = (guid: string): string =>
    JSON.stringify({ guid, method: "sub", status: "failed", error: { code: "1107", message: "Not allowed" } })

  it("give way to five when they are refused, for what still wants them", () => {
    const codec = openLogged()
    const frames = codec.request([
      { instrument: reliance, to: DEEP },
      { instrument: twin, to: DEEP }
    ])
    const { guid } = requests(frames).at(-1)!
    codec.request([{ instrument: twin, from: DEEP, to: LTP }])
    const { events, sent } = decode(codec, refusal(guid))
    assert.deepStrictEqual(events, [
      {
        type: "refused",
        code: "1107",
        detail: "Not allowed (30 levels are for Plus accounts; 5 are served instead)"
      }
    ])
    assert.deepStrictEqual(brief(sent), [`full: ${key}`])
    // The refusal is dealt with, and five levels are what is there.
    assert.deepStrictEqual(decode(codec, refusal(guid)).sent, [])
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: DEEP, to: DEPTH }]), [])
  })

  it("reach a reader as five from a standard account, and ticks go on", async () => {
    const link = await makeLink(broker)
    const standard = serverProtocol.open({ ...codecOptions(broker), variant: { plus: false } })
    const name = "NSE:RELIANCE"
    const find = (token: string) => link.listed.find((l) => l.instrument.token === token)?.instrument
    const frames: Array<Frame> = []
    const send = (all: ReadonlyArray<Outbound>): void => {
      for (const one of all) frames.push(...standard.receive(one as Frame, find).answers)
    }
    send(link.codec.request([{ instrument: link.instrument(name), to: DEEP }]))
    const { events, sent } = decode(link.codec, ...frames)
    send(sent)
    assert.strictEqual(events[0]?.type, "refused")
    assert.deepStrictEqual(standard.holds(link.instrument(name)), [{ mode: "depth", depth: 5 }])
    const { ticks } = decode(link.codec, ...standard.encode([[link.instrument(name), link.state(name)]]))
    assert.deepStrictEqual(disagreements(ticks[0]!, link.state(name), 5), [])
    assert.strictEqual(ticks[0]?.depth?.buy.length, 5)
  })

  it("are fifty at most at the broker's side", async () => {
    const link = await makeLink({ ...broker, variant: { deepLimit: 1 } })
    const [a, b] = link.listed.map((l) => l.instrument)
    link.request([{ instrument: a!, to: DEEP }])
    link.request([{ instrument: b!, to: DEEP }])
    assert.deepStrictEqual(
      [a, b].map((i) => link.server.holds(i!)[0]?.depth),
      [30, 5]
    )
    assert.strictEqual(link.events.at(-1)?.type, "refused")
  })
})

describe("upstox: messages", () => {
  const ltpc = { ltp: 2947.85, ltt: TIME - 200, ltq: 165, cp: 2924.55 }
  const bidAskQuote = [
    { bidQ: 10, bidP: 2947.8, askQ: 20, askP: 2947.9 },
    { bidQ: 30, bidP: 2947.75 }
  ]
  const depth = {
    buy: [
      { price: 2947.8, quantity: 10, orders: 0 },
      { price: 2947.75, quantity: 30, orders: 0 }
    ],
    sell: [
      { price: 2947.9, quantity: 20, orders: 0 },
      { price: 0, quantity: 0, orders: 0 }
    ]
  }
  const price = { ltp: 2947.85, ltt: TIME - 200, ltq: 165, close: 2924.55 }
  const base = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW, exchange_time: TIME }

  it("a whole one, of everyday and of what is not there", () => {
    const ohlc = [
      { interval: "I1", open: 1, high: 2, low: 3, close: 4 },
      { interval: "1d", open: 2930, high: 2950, low: 2920, close: 2947.85, vol: 5, ts: TIME }
    ]
    const whole = {
      ltpc,
      marketLevel: { bidAskQuote },
      marketOHLC: { ohlc },
      vtt: 5_000_000_000,
      atp: 2940.1,
      tbq: 7,
      tsq: 8
    }
    const expected = {
      ...base,
      ...price,
      mode: "depth",
      open: 2930,
      high: 2950,
      low: 2920,
      volume: 5_000_000_000,
      average_price: 2940.1,
      total_buy_quantity: 7,
      total_sell_quantity: 8,
      depth
    }
    const found = decode(opened(side, [reliance]), frame({ [key]: full(whole) }))
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [expected])
    assert.deepStrictEqual(found.refreshes, [refreshes.depth])
    assert.strictEqual(found.instruments[0], reliance)
    const contract = decode(opened(side, [reliance]), frame({ [key]: full({ ...whole, oi: 1200 }) })).ticks
    assert.deepStrictEqual(contract as ReadonlyArray<unknown>, [{ ...expected, oi: 1200 }])
    const untraded = decode(
      opened(side, [reliance]),
      frame({ [key]: full({ ltpc: { cp: 5 } }) }, { currentTs: 0 })
    )
    assert.deepStrictEqual(untraded.ticks as ReadonlyArray<unknown>, [
      { symbol: "RELIANCE", exchange: "NSE", mode: "quote", received_time: NOW, close: 5 }
    ])
  })

  it("of the full mode are a quote until there is a book, and news for readers of the book all the same", () => {
    const codec = opened(side, [reliance])
    const before = decode(codec, frame({ [key]: full({ ltpc, vtt: 7 }) }))
    assert.deepStrictEqual(before.ticks as ReadonlyArray<unknown>, [
      { ...base, ...price, mode: "quote", volume: 7 }
    ])
    assert.deepStrictEqual(before.refreshes, [refreshes.depth])
    const after = decode(codec, frame({ [key]: full({ marketLevel: { bidAskQuote } }) }))
    assert.deepStrictEqual(after.ticks as ReadonlyArray<unknown>, [
      { ...base, ...price, mode: "depth", volume: 7, depth }
    ])
    // An emptied book is one.
    const [empty] = decode(codec, frame({ [key]: full({ marketLevel: {} }) })).ticks
    assert.deepStrictEqual([empty?.mode, empty?.depth], ["depth", { buy: [], sell: [] }])
  })

  it("are joined with what was told before, and forgotten with the instrument", () => {
    const codec = opened(side, [reliance])
    decode(codec, frame({ [key]: full({ ltpc, marketLevel: { bidAskQuote }, vtt: 100 }) }))
    const [joined] = decode(codec, frame({ [key]: full({ vtt: 120, oi: 3 }) }, { currentTs: TIME + 5 })).ticks
    assert.deepStrictEqual(joined as unknown, {
      ...base,
      ...price,
      exchange_time: TIME + 5,
      mode: "depth",
      volume: 120,
      oi: 3,
      depth
    })
    // A book that is there replaces the whole one.
    const [bare] = decode(codec, frame({ [key]: full({ marketLevel: {} }) })).ticks
    assert.deepStrictEqual(bare?.depth, { buy: [], sell: [] })
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, frame({ [key]: full({ vtt: 5 }) })).causes, ["not_subscribed"])
    codec.request([{ instrument: reliance, to: DEPTH }])
    assert.deepStrictEqual(
      decode(codec, frame({ [key]: full({ vtt: 130 }) })).ticks as ReadonlyArray<unknown>,
      [{ ...base, mode: "quote", volume: 130 }]
    )
  })

  /** Fields of the newer schema, which the SDK's does not have: written behind the SDK's own bytes. */
  const auctionFrame = (marketFF: Fields, more: Readonly<Record<number, number>>, indicative?: number) => {
    const market = FeedResponse.root.lookupType(`${PACKAGE}.MarketFullFeed`)
    const writer = protobuf.Writer.create()
    for (const [field, value] of Object.entries(more)) {
      if (Number(field) < 13) writer.uint32(Number(field) * 8 + 1).double(value)
      else writer.uint32(Number(field) * 8).int64(value)
    }
    if (indicative !== undefined) {
      // A second LTPC message is merged with the first; its fifth field is a message with a double.
      writer.uint32(10).fork().uint32(42).fork()
      if (indicative !== 0) writer.uint32(9).double(indicative)
      writer.ldelim().ldelim()
    }
    const bytes = Buffer.concat([market.encode(market.fromObject(marketFF)).finish(), writer.finish()])
    const outer = protobuf.Writer.create()
    outer.uint32(8).int32(1).uint32(18).fork().uint32(10).string(key)
    outer.uint32(18).fork().uint32(18).fork().uint32(10).bytes(bytes).ldelim().ldelim().ldelim()
    return outer.uint32(24).int64(TIME).finish()
  }

  it("tell of an auction, and are believed until the next one", () => {
    const codec = opened(side, [reliance])
    const whole = { ltpc, vtt: 100 }
    const plain = { ...base, ...price, mode: "quote", volume: 100 }
    const ticks = (bytes: Uint8Array) => decode(codec, bytes).ticks as ReadonlyArray<unknown>
    assert.deepStrictEqual(
      ticks(auctionFrame(whole, { 11: 2951.5, 12: 2948.1, 13: 12_400, 14: -3_500_000_000, 15: -250 })),
      [
        {
          ...plain,
          indicative_price: 2951.5,
          indicative_quantity: 12_400,
          reference_price: 2948.1,
          imbalance: -3_500_000_000,
          market_imbalance: -250
        }
      ]
    )
    // Zeros are not on the wire: what is not told any more is not so any more.
    assert.deepStrictEqual(ticks(auctionFrame({}, { 12: 2948.1, 14: 70 })), [
      { ...plain, reference_price: 2948.1, imbalance: 70 }
    ])
    assert.deepStrictEqual(ticks(frame({ [key]: full({ vtt: 120 }) })), [{ ...plain, volume: 120 }])
    assert.deepStrictEqual(ticks(auctionFrame({}, { 11: 0, 12: 0, 13: 0, 14: 0, 15: 0, 16: 1 })), [
      { ...plain, volume: 120 }
    ])
  })

  it("tell an auction's price beside the last one too, as a value that may be absent", () => {
    const codec = opened(side, [reliance])
    const [tick] = decode(codec, auctionFrame({ ltpc }, {}, 2951.5)).ticks
    assert.deepStrictEqual(tick as unknown, {
      ...base,
      ...price,
      mode: "quote",
      indicative_price: 2951.5
    })
    assert.notProperty(decode(codec, auctionFrame({ ltpc }, {}, 0)).ticks[0], "indicative_price")
  })

  it("of an auction go there and back", async () => {
    const auction = {
      indicative_price: 2951.5,
      indicative_quantity: 12_400,
      reference_price: 2948.1,
      imbalance: -3500,
      market_imbalance: 250
    }
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", DEPTH)
    const held = link.state("NSE:RELIANCE")
    const frames = link.server.encode([[link.instrument("NSE:RELIANCE"), { ...held, ...auction }]])
    const before = link.ticks.length
    for (const bytes of frames) link.deliver(bytes)
    assert.deepInclude(link.ticks.slice(before)[0]?.tick, auction)
  })

  it("of a richer mode leave nothing behind in a poorer one", () => {
    const codec = opened(side, [reliance])
    const rich = frame({ [key]: full({ ltpc, marketLevel: { bidAskQuote }, vtt: 100 }) })
    decode(codec, rich)
    codec.request([{ instrument: reliance, from: DEPTH, to: LTP }])
    const poor = frame({ [key]: { ltpc } })
    const only = [{ ...base, ...price, mode: "ltp" }] as ReadonlyArray<unknown>
    assert.deepStrictEqual(decode(codec, poor).ticks, only)
    // Late ones too, which still are what they are.
    assert.strictEqual(decode(codec, rich).ticks[0]?.mode, "depth")
    const found = decode(codec, poor)
    assert.deepStrictEqual([found.ticks, found.refreshes], [only, [refreshes.ltp]])
  })

  it("keep what is known when a mode grows", () => {
    const codec = opened(side, [reliance], LTP)
    decode(codec, frame({ [key]: { ltpc } }))
    codec.request([{ instrument: reliance, from: LTP, to: DEPTH }])
    const [tick] = decode(codec, frame({ [key]: full({ marketLevel: { bidAskQuote } }) })).ticks
    assert.deepStrictEqual(tick as unknown, { ...base, ...price, mode: "depth", depth })
  })

  it("of twins in two segments stay apart", () => {
    const codec = opened(side, [reliance, twin])
    const { instruments, ticks } = decode(
      codec,
      frame({ [twin.token]: { ltpc: { ltp: 1 } }, [key]: { ltpc: { ltp: 2 } } })
    )
    assert.deepStrictEqual(
      ticks.map((t, i) => [t.exchange, t.ltp, instruments[i] === (i === 0 ? twin : reliance)]),
      [
        ["BSE", 1, true],
        ["NSE", 2, true]
      ]
    )
  })

  it("of the market's state are no data, whatever else they carry", () => {
    const codec = opened(side, [reliance])
    const info = { type: 2, marketInfo: { segmentStatus: { NSE_EQ: 2 }, casMarketStatus: { NSE_EQ: {} } } }
    for (const feeds of [{}, { [key]: { ltpc } }]) {
      const { events, ticks } = decode(codec, frame(feeds, info))
      assert.deepStrictEqual([ticks, events.map((e) => e.type)], [[], ["ignored"]])
    }
  })

  it("that are cut anywhere change nothing", () => {
    const codec = opened(side, [reliance, twin])
    const good = frame({ [twin.token]: { ltpc }, [key]: full({ ltpc, marketLevel: { bidAskQuote } }) })
    const between = new Set<number>()
    for (let length = 1; length < good.length; length++) {
      const { causes, ticks } = decode(codec, good.subarray(0, length))
      // A cut between two fields leaves a frame that is whole.
      if (causes.length === 0) between.add(length)
      else assert.deepStrictEqual(ticks, [], `cut at ${length}`)
    }
    assert.isAtMost(between.size, 3)
    const [tick] = decode(opened(side, [twin]), good).ticks
    assert.strictEqual(tick?.ltp, ltpc.ltp)
  })

  it.each([
    [
      '{"status":"failed","method":"sub","error":"Subscription limit exceeded"}',
      "refused",
      "Subscription limit exceeded"
    ],
    ['{"status":"failed"}', "refused", '{"status":"failed"}'],
    [
      '{"status":"failed","error":{"code":"UDAPI100050","message":"Invalid token"}}',
      "failure",
      "Invalid token"
    ],
    [
      '{"status":"failed","error":{"errorCode":"UDAPI100050","message":"Invalid token"}}',
      "failure",
      "Invalid token"
    ],
    ['{"status":"success"}', "ignored", '{"status":"success"}']
  ])("texts: %s", (said, type, detail) => {
    const [event] = decode(openLogged(), said).events
    assert.strictEqual(event?.type, type)
    const told =
      event?.type === "refused"
        ? event.detail
        : event?.type === "failure"
          ? event.failure.detail
          : (event as Fields)["what"]
    assert.strictEqual(told, detail)
    assert.deepStrictEqual(decode(openLogged(), "no JSON").causes, ["malformed_text"])
  })
})

describe("upstox: the broker's side", () => {
  const find = () => reliance
  const ask = (request: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(request))

  it("passes over texts, and refuses what it does not understand", () => {
    const server = openServer(side)
    assert.deepStrictEqual(server.receive('{"method":"sub"}', find), { answers: [], touched: [] })
    const instrumentKeys = [key]
    for (const bad of [
      5,
      { method: "sub" },
      { method: "sub", data: { instrumentKeys: [5] } },
      { method: "sub", data: { mode: "all", instrumentKeys } },
      { method: "subscribe", data: { mode: "full", instrumentKeys } }
    ]) {
      const { answers, touched } = server.receive(ask(bad), find)
      assert.deepInclude(JSON.parse(String(answers[0])), { status: "failed" })
      assert.deepStrictEqual(touched, [])
    }
    // A mode can be changed where there is one.
    const change = { method: "change_mode", data: { mode: "full", instrumentKeys } }
    assert.deepStrictEqual(server.receive(ask(change), find).touched, [])
    assert.deepStrictEqual(server.holds(reliance), [])
  })

  it("has room for so many", async () => {
    const link = await makeLink({ ...broker, variant: { subscriptionLimit: 1 } })
    const [a, b] = link.listed.map((l) => l.instrument)
    link.request([{ instrument: a!, to: LTP }])
    link.request([{ instrument: a!, from: LTP, to: DEPTH }])
    assert.isTrue(link.events.every((e) => e.type === "ignored"))
    link.request([{ instrument: b!, to: LTP }])
    assert.deepInclude(link.events.at(-1), { type: "refused", code: "1108" })
  })
})
