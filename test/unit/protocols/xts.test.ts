/** XTS: what the golden frames do not cover. Requests, login, both sides of the session, changes, and packets. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { broker as binaryBroker } from "../../../src/brokers/data/jainamxts.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/iifl.ts"
import { broker as rmoney } from "../../../src/brokers/data/rmoney.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import { protocol } from "../../../src/protocols/xts/index.ts"
import type {
  Change,
  Codec,
  Handshake,
  HttpAnswer,
  HttpRequest,
  Outbound,
  Want
} from "../../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import type { Found } from "./support.ts"
import { DEPTH, LTP, NOW, QUOTE, collecting, decode, instrument } from "./support.ts"

const REST = "https://ttblaze.iifl.com/apimarketdata"
const reliance = instrument("NSE", "RELIANCE", "2885")
const infy = instrument("NSE", "INFY", "1594")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const dollar = instrument("CDS", "USDINR26APR24FUT", "1402")

const jwt = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`

const handshake = (origin: "login" | "issued" = "login"): Handshake => ({
  url: "wss://ttblaze.iifl.com/apimarketdata/socket.io/",
  headers: {},
  secrets: { token: "thetoken", rest: REST, origin }
})
const open = (variant: Readonly<Record<string, unknown>> = {}, of: Broker = broker, batch = 50): Codec =>
  protocol.open({ ...codecOptions(of), batch, variant: { ...of.variant, ...variant } }, handshake())
const requests = (outbound: ReadonlyArray<Outbound>): ReadonlyArray<HttpRequest> =>
  outbound.map((one) => {
    if (!isHttpRequest(one)) throw new Error("a request was expected")
    return one
  })
/** Method, last part of the path, and body. */
const shown = (outbound: ReadonlyArray<Outbound>): ReadonlyArray<string> =>
  requests(outbound).map(({ body, method, url }) => {
    const { instruments, xtsMessageCode } = JSON.parse(body!) as {
      readonly instruments: ReadonlyArray<Readonly<Record<string, number>>>
      readonly xtsMessageCode: number
    }
    const ids = instruments.map((i) => `${i["exchangeSegment"]}_${i["exchangeInstrumentID"]}`)
    return `${method} ${url.slice(url.lastIndexOf("/") + 1)} ${xtsMessageCode} ${ids.join(" ")}`
  })
const ask = (codec: Codec, ...changes: ReadonlyArray<Change>) => shown(codec.request(changes))
const event = (name: string, payload: unknown): string => `42${JSON.stringify([name, payload])}`
const JOINED = event("joined", { type: "success", code: "s-socket-0001" })

const answer = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: {},
  body: typeof body === "string" ? body : JSON.stringify(body)
})
const success = (result: unknown = {}) => answer(200, { type: "success", code: "s-session-0001", result })
const failure = (code: string, description: string, status = 400) =>
  answer(status, { type: "error", code, description, result: {} })
const ALREADY = failure("e-session-0002", "Instrument Already Subscribed !")
const reply = (codec: Codec, request: Outbound, to: HttpAnswer): Found => {
  const { found, sink } = collecting()
  codec.answered!(requests([request])[0]!, to, NOW, sink)
  return found
}
const failed = ({ events }: Found): string | undefined => {
  const last = events.findLast((e) => e.type === "failure")
  return last?.type === "failure" ? last.failure._tag : undefined
}

describe("xts: the login", () => {
  const begin = (
    credentials: Credentials,
    options: { readonly rest?: string; readonly variant?: object } = {}
  ) => {
    const login = protocol.handshake({
      endpoint: broker.endpoint,
      services: options.rest === "" ? {} : { rest: options.rest ?? REST },
      credentials,
      now: NOW,
      random: new Uint8Array(64),
      options: { ...codecOptions(broker), variant: { ...options.variant } }
    })
    return login
  }
  const keys = { apiKey: Redacted.make(" key "), apiSecret: Redacted.make("secret#1") }
  const finish = (to: HttpAnswer, credentials: Credentials = keys) => {
    const login = begin(credentials)
    login.next()
    const { value } = login.next(to)
    if ("method" in value) throw new Error("the login goes on")
    return value
  }

  it("posts key and secret, and goes on with the token and the user id of the answer", () => {
    const login = begin(keys, { rest: `${REST}/` })
    assert.deepStrictEqual(login.next().value, {
      method: "POST",
      url: `${REST}/auth/login`,
      headers: { "content-type": "application/json" },
      body: '{"appKey":"key","secretKey":"secret#1","source":"WebAPI"}'
    })
    const { done, value } = login.next(success({ token: "a.b+c", userID: "U 1" }))
    assert.isTrue(done)
    assert.deepStrictEqual(value as Handshake, {
      url:
        "wss://ttblaze.iifl.com/apimarketdata/socket.io/?EIO=3&transport=websocket&token=a.b%2Bc&userID=U%201" +
        "&publishFormat=JSON&broadcastMode=Full",
      headers: {},
      secrets: { token: "a.b+c", rest: REST, origin: "login" }
    })
  })

  it("reads an answer in a list of one, and the user id out of the token where the answer has none", () => {
    const token = jwt({ userID: "C1_key" })
    const value = finish(answer(200, [{ type: "success", result: { token } }]))
    assert.include((value as Handshake).url, "&userID=C1_key&")
  })

  it("skips the login for an issued token, whose own user id goes before the client code", () => {
    const feedToken = Redacted.make(jwt({ userID: "C1_key" }))
    const clientCode = Redacted.make("C1")
    const urlOf = (credentials: Credentials) => {
      const { done, value } = begin(credentials, { variant: { broadcastMode: "Partial" } }).next()
      assert.isTrue(done)
      return (value as Handshake).url
    }
    assert.include(urlOf({ feedToken }), "&userID=C1_key&")
    assert.include(urlOf({ feedToken, clientCode }), "&userID=C1_key&")
    assert.include(urlOf({ feedToken: Redacted.make("opaque"), clientCode }), "token=opaque&userID=C1&")
    assert.include(urlOf({ feedToken }), "broadcastMode=Partial")
    assert.strictEqual((begin({ feedToken }).next().value as Handshake).secrets!["origin"], "issued")
  })

  it("says what is missing, and asks nobody", () => {
    for (const credentials of [
      {},
      { apiKey: keys.apiKey },
      { feedToken: Redacted.make("opaque") },
      { clientCode: Redacted.make("C1") }
    ]) {
      const { done, value } = begin(credentials).next()
      assert.isTrue(done)
      assert.strictEqual((value as { readonly _tag: string })._tag, "AuthRejected")
      assert.include((value as Error).message, "key and secret")
    }
    const { value } = begin(keys, { rest: "" }).next()
    assert.strictEqual((value as { readonly _tag: string })._tag, "ConnectionRefused")
  })

  it.each([
    ["AuthRejected", failure("e-user-0001", "Invalid appKey", 400)],
    ["AuthRejected", failure("e-user-0001", "Invalid appKey", 200)],
    ["AuthRejected", answer(401, "")],
    ["AuthRejected", answer(403, "<html>")],
    ["RateLimited", answer(429, "")],
    ["RateLimited", failure("e-apirl-0004", "Request limit")],
    ["ConnectionRefused", answer(404, "<html>")],
    ["ConnectionRefused", answer(200, "<html>")],
    ["ConnectionRefused", answer(502, "")],
    ["ProtocolViolation", success({ userID: "U1" })],
    ["ProtocolViolation", success({ token: "opaque" })]
  ])("ends in %s", (tag, to) => {
    assert.strictEqual((finish(to) as { readonly _tag: string })._tag, tag)
  })

  it("shows no secret in a refusal", () => {
    const value = finish(
      failure("e-user-0001", "Invalid secretKey Dq5xxgh7aaF93kk2 of key c4e15efa9c97e489f80873")
    )
    assert.notInclude((value as Error).message, "Dq5xxgh7aaF93kk2")
    assert.notInclude((value as Error).message, "c4e15efa9c97e489f80873")
  })

  it.each([
    [400, "AuthRejected"],
    [401, "AuthRejected"],
    [403, "AuthRejected"],
    [429, "RateLimited"],
    [503, "ConnectionRefused"]
  ])("takes a declined upgrade with %i for %s", (status, tag) => {
    assert.strictEqual(protocol.refusal({ status, headers: {} })._tag, tag)
  })
})

describe("xts: requests", () => {
  it("subscribes with the token as it is", () => {
    const [request, ...more] = open().request([{ instrument: reliance, to: DEPTH }])
    assert.deepStrictEqual(more, [])
    assert.deepStrictEqual(request, {
      method: "POST",
      url: `${REST}/instruments/subscription`,
      headers: { "content-type": "application/json", authorization: "thetoken" },
      body: '{"instruments":[{"exchangeSegment":1,"exchangeInstrumentID":2885}],"xtsMessageCode":1502}'
    })
  })

  it("asks for the message that serves the mode, and for open interest of derivatives", () => {
    const first = (i: typeof reliance, to: Want, codec = open()) => ask(codec, { instrument: i, to })
    assert.deepStrictEqual(first(reliance, LTP), ["POST subscription 1512 1_2885"])
    assert.deepStrictEqual(first(reliance, QUOTE), ["POST subscription 1501 1_2885"])
    assert.deepStrictEqual(first(reliance, DEPTH), ["POST subscription 1502 1_2885"])
    // An index has no book.
    assert.deepStrictEqual(first(nifty, { mode: "depth", depth: 0 }), ["POST subscription 1501 1_26000"])
    assert.deepStrictEqual(first(future, LTP), ["POST subscription 1512 2_2885"])
    assert.deepStrictEqual(first(future, QUOTE), [
      "POST subscription 1501 2_2885",
      "POST subscription 1510 2_2885"
    ])
    assert.deepStrictEqual(first(dollar, DEPTH), [
      "POST subscription 1502 3_1402",
      "POST subscription 1510 3_1402"
    ])
    assert.deepStrictEqual(first(dollar, DEPTH, open({ openInterest: false })), [
      "POST subscription 1502 3_1402"
    ])
  })

  it("serves LTP by the touchline where no LTP message is sent", () => {
    for (const codec of [open({}, binaryBroker), open({}, rmoney)]) {
      assert.deepStrictEqual(ask(codec, { instrument: reliance, to: LTP }), ["POST subscription 1501 1_2885"])
    }
  })

  it("batches by message, and gives up what nobody wants before it asks for more", () => {
    const codec = open({}, broker, 2)
    assert.deepStrictEqual(
      ask(
        codec,
        { instrument: reliance, to: QUOTE },
        { instrument: infy, to: QUOTE },
        { instrument: future, to: QUOTE }
      ),
      [
        "POST subscription 1501 1_2885 1_1594",
        "POST subscription 1501 2_2885",
        "POST subscription 1510 2_2885"
      ]
    )
    assert.deepStrictEqual(ask(codec, { instrument: nifty, to: LTP }, { instrument: infy, from: QUOTE }), [
      "PUT subscription 1501 1_1594",
      "POST subscription 1512 1_26000"
    ])
  })

  it("keeps what two modes share, and gives up the old message after the new one", () => {
    const codec = open()
    ask(codec, { instrument: future, to: QUOTE })
    assert.deepStrictEqual(ask(codec, { instrument: future, from: QUOTE, to: DEPTH }), [
      "POST subscription 1502 2_2885",
      "PUT subscription 1501 2_2885"
    ])
    assert.deepStrictEqual(ask(codec, { instrument: future, from: DEPTH, to: DEPTH }), [])
    assert.deepStrictEqual(ask(codec, { instrument: future, from: DEPTH, to: LTP }), [
      "POST subscription 1512 2_2885",
      "PUT subscription 1502 2_2885",
      "PUT subscription 1510 2_2885"
    ])
    // What is given up once more may not have been heard.
    for (const _ of ["once", "once more"]) {
      assert.deepStrictEqual(ask(codec, { instrument: future, from: LTP }), ["PUT subscription 1512 2_2885"])
    }
  })

  it("refuses what it cannot name on the wire, and says so with the next frame", () => {
    const codec = open()
    const odd = instrument("NSE", "ODD", "02885")
    const abroad = instrument("CRYPTO", "BTC", "1")
    assert.deepStrictEqual(ask(codec, { instrument: odd, to: LTP }, { instrument: abroad, to: LTP }), [])
    const { events } = decode(codec, "3")
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["refused", "refused", "heartbeat"]
    )
  })

  it("counts each kind of message", () => {
    const cost = (to: Want, of = future) => protocol.cost(to, of)
    assert.deepStrictEqual([cost(LTP), cost(QUOTE), cost(DEPTH), cost(DEPTH, reliance)], [1, 2, 2, 1])
  })
})

const touchline = (more: object = {}) => ({
  LastTradedPrice: 100.5,
  LastTradedQunatity: 5,
  TotalBuyQuantity: 10,
  TotalSellQuantity: 11,
  TotalTradedQuantity: 12,
  AverageTradedPrice: 99.5,
  LastTradedTime: 1_396_152_645,
  LastUpdateTime: 1_396_152_647,
  Open: 99,
  High: 101,
  Low: 98,
  Close: 97,
  TotalValueTraded: null,
  ...more
})
const message = (code: number, segment: number, id: number, more: object = {}): string =>
  JSON.stringify({
    MessageCode: code,
    ExchangeSegment: segment,
    ExchangeInstrumentID: id,
    ExchangeTimeStamp: 1_396_152_647,
    ...(code === 1502
      ? {
          Bids: [
            { Size: 7, Price: 100.4, TotalOrders: 2 },
            { Size: 0, Price: 0, TotalOrders: 0 },
            { Size: 9, Price: 100.2, TotalOrders: 1 }
          ],
          Asks: []
        }
      : {}),
    ...(code === 1501 || code === 1502 ? { Touchline: touchline() } : {}),
    ...more
  })

describe("xts: answers", () => {
  const subscribed = (...instruments: ReadonlyArray<typeof reliance>) => {
    const codec = open()
    const outbound = codec.request(instruments.map((i) => ({ instrument: i, to: QUOTE })))
    return { codec, request: outbound[0]!, all: outbound }
  }

  it("take the first picture out of the answer", () => {
    const { codec, request } = subscribed(reliance, infy)
    const found = reply(
      codec,
      request,
      success({ mdp: 1501, listQuotes: [message(1501, 1, 2885), message(1501, 1, 1594)] })
    )
    assert.deepStrictEqual(found.instruments, [reliance, infy])
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, refreshes.quote])
    assert.strictEqual(found.ticks[0]!.ltp, 100.5)
    assert.deepStrictEqual(found.sent, [])
  })

  it("ask for the pictures that the answer lacks, in JSON", () => {
    const { codec, request } = subscribed(reliance, infy)
    const found = reply(codec, request, success({ listQuotes: [message(1501, 1, 2885)] }))
    assert.deepStrictEqual(shown(found.sent), ["POST quotes 1501 1_1594"])
    const [quotes] = requests(found.sent)
    assert.include(quotes!.body!, '"publishFormat":"JSON"')
    const pictures = reply(codec, quotes!, success({ listQuotes: [message(1501, 1, 1594)] }))
    assert.deepStrictEqual(pictures.instruments, [infy])
    assert.deepStrictEqual(pictures.sent, [])
    // None at all is no reason to ask for ever.
    assert.deepStrictEqual(reply(codec, quotes!, success({})).sent, [])
  })

  it("fall back to the request's kind for a picture that does not name its own", () => {
    const { codec, request } = subscribed(reliance)
    const { MessageCode: _, ...nameless } = JSON.parse(message(1501, 1, 2885)) as Record<string, unknown>
    assert.strictEqual(
      reply(codec, request, success({ listQuotes: [JSON.stringify(nameless)] })).ticks.length,
      1
    )
  })

  it("retry a batch one by one when some of it is subscribed already, then ask for those pictures", () => {
    const { codec, request } = subscribed(reliance, infy, nifty)
    const { sent } = reply(codec, request, ALREADY)
    assert.deepStrictEqual(shown(sent), [
      "POST subscription 1501 1_2885",
      "POST subscription 1501 1_1594",
      "POST subscription 1501 1_26000"
    ])
    assert.deepStrictEqual(reply(codec, sent[0]!, ALREADY).sent, [])
    assert.strictEqual(
      reply(codec, sent[1]!, success({ listQuotes: [message(1501, 1, 1594)] })).ticks.length,
      1
    )
    const last = reply(codec, sent[2]!, ALREADY)
    assert.deepStrictEqual(shown(last.sent), ["POST quotes 1501 1_2885 1_26000"])
    assert.deepStrictEqual(last.events, [{ type: "confirmed", instruments: [nifty] }])
  })

  it("ask for the picture of a single one that is subscribed already", () => {
    const { codec, request } = subscribed(reliance)
    const found = reply(codec, request, ALREADY)
    assert.deepStrictEqual(shown(found.sent), ["POST quotes 1501 1_2885"])
    assert.deepStrictEqual(found.events, [{ type: "confirmed", instruments: [reliance] }])
  })

  it("find the one that the broker refuses, and name it", () => {
    const { codec, request } = subscribed(reliance, infy)
    const { sent } = reply(codec, request, failure("e-instrument-0001", "Instrument not found"))
    reply(codec, sent[0]!, success({ listQuotes: [message(1501, 1, 2885)] }))
    const { events, sent: more } = reply(
      codec,
      sent[1]!,
      failure("e-instrument-0001", "Instrument not found")
    )
    assert.deepStrictEqual(events, [
      {
        type: "refused",
        detail: "message 1501 of instrument 1:1594: HTTP 400: Instrument not found",
        code: "e-instrument-0001",
        instruments: [infy]
      }
    ])
    assert.deepStrictEqual(more, [])
  })

  it("repeat what came too early, and give up in the end", () => {
    for (const [to, tag] of [
      [answer(429, ""), "RateLimited"],
      [failure("e-apirl-0004", "limit"), "RateLimited"],
      [answer(502, "<html>"), "ConnectionLost"]
    ] as const) {
      const { codec, request } = subscribed(reliance)
      let next = request
      for (let attempt = 1; attempt < 4; attempt++) {
        const { events, sent } = reply(codec, next, to)
        assert.deepStrictEqual(shown(sent), ["POST subscription 1501 1_2885"])
        assert.deepStrictEqual(events, [])
        next = sent[0]!
      }
      const last = reply(codec, next, to)
      assert.strictEqual(failed(last), tag)
      assert.deepStrictEqual(last.sent, [])
    }
  })

  it.each([
    failure("e-session-0007", "Invalid Token"),
    failure("e-session-0002", "Invalid Token"),
    failure("e-token-0002", "Please Provide token to Authenticate"),
    answer(401, ""),
    answer(403, "")
  ])("end the session with the token", (to) => {
    const ended = (origin: "login" | "issued", joined: boolean) => {
      const codec = protocol.open(codecOptions(broker), handshake(origin))
      if (joined) decode(codec, JOINED)
      return failed(reply(codec, codec.request([{ instrument: reliance, to: QUOTE }])[0]!, to))
    }
    assert.strictEqual(ended("issued", true), "AuthRejected")
    assert.strictEqual(ended("login", false), "AuthRejected")
    // A token of our own that was good before: somebody else logged in with the keys, or its day is over.
    assert.strictEqual(ended("login", true), "Displaced")
  })

  it("pass over refused unsubscribes and snapshots", () => {
    const { codec, request } = subscribed(reliance)
    const { sent } = reply(codec, request, success({}))
    assert.strictEqual(reply(codec, sent[0]!, failure("e-quotes-0001", "none")).events[0]!.type, "ignored")
    const [put] = codec.request([{ instrument: reliance, from: QUOTE }])
    const { events, sent: more } = reply(codec, put!, failure("e-session-0003", "not subscribed"))
    assert.deepStrictEqual([events[0]!.type, more], ["ignored", []])
  })

  it("do not let a late picture undo what came since", () => {
    const { codec, request } = subscribed(reliance, infy)
    const newer = touchline({ LastTradedPrice: 101, LastUpdateTime: 1_396_152_650 })
    decode(
      codec,
      event("1501-json-full", message(1501, 1, 2885, { Touchline: newer })),
      event("1501-json-partial", "t:1_1594,h:105,lut:1396152650")
    )
    const found = reply(
      codec,
      request,
      success({ listQuotes: [message(1501, 1, 2885), message(1501, 1, 1594)] })
    )
    assert.deepStrictEqual(found.instruments, [infy])
    // The change that came before the picture stays on top of it.
    assert.deepInclude(found.ticks[0]!, { ltp: 100.5, high: 105, exchange_time: 1_711_665_650_000 })
    assert.deepInclude(decode(codec, event("1501-json-partial", "t:1_1594,l:90")).ticks[0]!, {
      ltp: 100.5,
      high: 105,
      low: 90
    })
  })

  it("to requests that it did not make are nothing", () => {
    const { codec } = subscribed(reliance)
    const foreign: HttpRequest = { method: "GET", url: "http://x/", headers: {} }
    assert.strictEqual(reply(codec, foreign, success({})).events[0]!.type, "ignored")
  })
})

describe("xts: the Socket.IO session", () => {
  it("is ready once it has joined, whatever form the payload has", () => {
    for (const payload of [{ type: "success" }, '{"type":"success"}', "Socket joined successfully!"]) {
      const found = decode(open(), '0{"sid":"x","pingInterval":25000}', "40", event("joined", payload))
      assert.deepStrictEqual(
        found.events.map((e) => e.type),
        ["heartbeat", "heartbeat", "ready"]
      )
    }
    assert.isTrue(open().awaitsReady)
  })

  it("pings, takes pongs for life, and answers a server that pings", () => {
    const codec = open()
    assert.strictEqual(codec.heartbeat!(), "2")
    const found = decode(codec, "3", "2", "2probe", "6")
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["heartbeat", "heartbeat", "heartbeat", "heartbeat"]
    )
    assert.deepStrictEqual(found.sent, ["3", "3probe"])
  })

  it.each([
    ["AuthRejected", [event("error", { description: "Invalid Token" })]],
    ["AuthRejected", ['44"Authentication error"']],
    ["AuthRejected", [event("joined", { type: "error", description: "expired" })]],
    ["Displaced", [JOINED, event("logout", { description: "Logged out" })]],
    ["Displaced", [JOINED, event("error", "Session expired")]],
    ["Displaced", [JOINED, '44/,"Session expired"']],
    ["ConnectionLost", [JOINED, "41"]],
    ["ConnectionLost", [JOINED, "1"]]
  ])("ends in %s", (tag, frames) => {
    assert.strictEqual(failed(decode(open(), ...frames)), tag)
  })

  it("survives an error that is not about the session", () => {
    const { events } = decode(open(), JOINED, event("error", "Something went wrong"))
    assert.deepStrictEqual(events.at(-1), { type: "refused", detail: "Something went wrong" })
  })

  it("reads events with a namespace and an acknowledgement's number, and NaN for no value", () => {
    const codec = open()
    codec.request([{ instrument: reliance, to: QUOTE }])
    const text = message(1501, 1, 2885).replace('"TotalValueTraded":null', '"TotalValueTraded":NaN')
    const payload = JSON.stringify(["1501-json-full", text])
    const { causes, ticks } = decode(codec, `42/,12${payload}`, `42${payload}`)
    assert.deepStrictEqual([ticks.length, causes], [2, []])
  })

  it("passes over other events with their attachments, and misses announced ones", () => {
    const codec = open()
    codec.request([{ instrument: reliance, to: QUOTE }])
    const found = decode(
      codec,
      '452-["1501-binary-full",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Uint8Array.of(4, 1, 2),
      Uint8Array.of(4, 1, 2),
      '451-["xts-binary-packet",{"_placeholder":true,"num":0}]',
      "3",
      event("1501-json-full", message(1501, 1, 2885)),
      Uint8Array.of(4, 0)
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored", "ignored", "heartbeat"]
    )
    assert.deepStrictEqual(found.causes, ["truncated", "unknown_packet"])
    assert.strictEqual(found.ticks.length, 1)
  })

  it.each([
    "",
    "7",
    "4",
    "49",
    "42",
    '42{"a":1}',
    "42[1]",
    "45",
    "45-[]",
    "45999999-[]",
    "1x",
    "6x",
    '42/x["a"]'
  ])("rejects %j", (frame) => {
    assert.deepStrictEqual(decode(open(), frame).causes, ["malformed_text"])
  })
})

describe("xts: messages", () => {
  const opened = (...instruments: ReadonlyArray<typeof reliance>) => {
    const codec = open()
    codec.request(instruments.map((i) => ({ instrument: i, to: DEPTH })))
    return codec
  }

  it("hand back the instrument that was asked for, with what the message is news for", () => {
    const codec = opened(reliance, future)
    const found = decode(
      codec,
      event("1502-json-full", message(1502, 1, 2885)),
      event("1501-json-full", message(1501, 2, 2885)),
      event("1512-json-full", message(1512, 1, 2885, { LastTradedPrice: 1, ExchangeTimeStamp: 0 })),
      event("1510-json-full", message(1510, 2, 2885, { OpenInterest: 77 }))
    )
    assert.isTrue(found.instruments[0] === reliance && found.instruments[1] === future)
    assert.deepStrictEqual(found.refreshes, [refreshes.depth, refreshes.quote, refreshes.ltp, modeBit.quote])
    assert.notProperty(found.ticks[2]!, "exchange_time")
    assert.deepInclude(found.ticks[3]!, { oi: 77, mode: "quote" })
    assert.notProperty(found.ticks[3]!, "ltp")
  })

  it("leave out what is not there, and take the message's time for a touchline without one", () => {
    const { ticks } = decode(
      opened(reliance),
      event(
        "1501-json-full",
        message(1501, 1, 2885, { Touchline: { LastTradedPrice: 5, LastTradedQuantity: 0, Close: 0 } })
      )
    )
    assert.deepStrictEqual(ticks, [
      {
        symbol: "RELIANCE",
        exchange: "NSE",
        mode: "quote",
        received_time: NOW,
        exchange_time: 1_711_665_647_000,
        ltq: 0,
        ltp: 5
      }
    ])
  })

  it("serve depth readers alone with a book without prices", () => {
    const found = decode(opened(reliance), event("1502-json-full", message(1502, 1, 2885, { Touchline: {} })))
    assert.deepStrictEqual(found.refreshes, [modeBit.depth])
    assert.deepStrictEqual(
      found.ticks[0]!.depth!.buy.map((l) => l.price),
      [100.4, 100.2]
    )
  })

  it.each([
    ["unknown_segment", message(1501, 99, 2885)],
    ["unknown_segment", message(1501, -1, 2885)],
    ["not_subscribed", message(1501, 11, 2885)],
    ["malformed_text", message(1501, 1, 2885, { Touchline: {} })],
    ["malformed_text", message(1501, 1.5, 2885)],
    ["malformed_text", '{"MessageCode":1501}'],
    ["malformed_text", "[]"],
    ["malformed_text", "nonsense"]
  ])("reject as %s", (cause, text) => {
    assert.deepStrictEqual(decode(opened(reliance), event("1501-json-full", text)).causes, [cause])
  })

  it("stop with the subscription, and forget what they told", () => {
    const codec = opened(reliance)
    decode(codec, event("1502-json-full", message(1502, 1, 2885)))
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, event("1502-json-full", message(1502, 1, 2885))).causes, [
      "not_subscribed"
    ])
    codec.request([{ instrument: reliance, to: DEPTH }])
    assert.notProperty(decode(codec, event("1502-json-partial", "t:1_2885,ltp:9")).ticks[0]!, "open")
  })

  it("tell the time of each exchange's clock", () => {
    const bse = instrument("BSE", "RELIANCE", "500325")
    const timed = (time: number) => ({ Touchline: touchline({ LastUpdateTime: time, LastTradedTime: 0 }) })
    const times = decode(
      opened(dollar, bse),
      event("1501-json-full", message(1501, 3, 1402, timed(1_396_152_647))),
      event("1501-json-full", message(1501, 11, 500_325, timed(1_711_685_447))),
      // A clock that would show the years before 2000 counts from 1980.
      event("1501-json-full", message(1501, 11, 500_325, timed(900_000_000)))
    ).ticks.map((t) => t.exchange_time)
    assert.deepStrictEqual(times, [1_711_665_647_000, 1_711_665_647_000, 1_215_513_000_000])
  })
})

describe("xts: changes", () => {
  const full = event("1502-json-full", message(1502, 1, 2885))
  const change = (text: string) => event("1502-json-partial", text)
  const opened = () => {
    const codec = open()
    codec.request([
      { instrument: reliance, to: DEPTH },
      { instrument: future, to: DEPTH }
    ])
    return codec
  }

  it("count rows as the wire does, empty ones included", () => {
    const { ticks } = decode(opened(), full, change("t:1_2885,bi:2|4||3|0||100.5||1,ai:1|6|100.7|2"))
    assert.deepStrictEqual(ticks[1]!.depth, {
      buy: [
        { price: 100.5, quantity: 7, orders: 2 },
        { price: 100.2, quantity: 4, orders: 3 }
      ],
      sell: [{ price: 100.7, quantity: 6, orders: 2 }]
    })
    // What the picture before showed stays as it was.
    assert.strictEqual(ticks[0]!.depth!.buy[0]!.price, 100.4)
  })

  it("take rows away, and leave out rows whose price nobody told", () => {
    const codec = opened()
    const { ticks } = decode(codec, full, change("t:1_2885,bi:0|0|0|0"), change("t:1_2885,bi:3|5||"))
    assert.deepStrictEqual(
      ticks.map((t) => t.depth!.buy.length),
      [2, 1, 1]
    )
  })

  it("read the documentation's sample", () => {
    const sample =
      "t:1_2885,ltp:1567.95,ltq:20,tb:1428,ts:0,v:253453,ap:1576.2,ltt:1205682110,lut:1205682251,pc:0,o:1599.9," +
      "h:1607.25,l:1552.7,c:1567.95,vp:177838490,ai:0|1428|1567.95|10,bi:0|0|0|0|1"
    const { ticks } = decode(opened(), event("1501-json-partial", sample), change(sample))
    assert.deepInclude(ticks[0]!, {
      mode: "quote",
      ltp: 1567.95,
      ltq: 20,
      total_buy_quantity: 1428,
      total_sell_quantity: 0,
      volume: 253_453,
      average_price: 1576.2,
      open: 1599.9,
      close: 1567.95
    })
    assert.notProperty(ticks[0]!, "depth")
    assert.deepStrictEqual(ticks[1]!.depth, {
      buy: [],
      sell: [{ price: 1567.95, quantity: 1428, orders: 10 }]
    })
  })

  it("of each kind are joined with their own kind only", () => {
    const codec = opened()
    const { ticks } = decode(codec, full, event("1501-json-partial", "t:1_2885,ltp:7"))
    assert.deepStrictEqual(ticks[1], {
      symbol: "RELIANCE",
      exchange: "NSE",
      mode: "ltp",
      received_time: NOW,
      ltp: 7
    })
    const oi = decode(codec, event("1510-json-partial", "t:2_2885,oi:5"))
    assert.deepInclude(oi.ticks[0]!, { oi: 5, mode: "quote" })
    assert.deepStrictEqual(oi.refreshes, [modeBit.quote])
  })

  it("that say nothing are no ticks", () => {
    const { causes, events, ticks } = decode(
      opened(),
      event("1501-json-partial", "t:1_2885,bt:1,mt:1,bi:0|1|2|3")
    )
    assert.deepStrictEqual([ticks, causes, events.map((e) => e.type)], [[], [], ["ignored"]])
  })

  it("go on without a count or a time that is none, and do not remember it", () => {
    const codec = opened()
    const before = decode(codec, full).ticks[0]!
    const { causes, leftOut, ticks } = decode(
      codec,
      change("t:1_2885,ltp:101,v:-1,tb:1.5,ts:x,lut:99999999999,ltq:6")
    )
    assert.deepStrictEqual(ticks[0], { ...before, ltp: 101, ltq: 6 })
    assert.deepStrictEqual(leftOut, [
      ["volume", "-1"],
      ["total_buy_quantity", "1.5"],
      ["total_sell_quantity", "x"],
      ["exchange_time", "99999999999"]
    ])
    assert.deepStrictEqual(causes, [])
  })

  it("take a level whose counts are none out of the book, until it is told again", () => {
    const codec = opened()
    const found = decode(
      codec,
      full,
      change("t:1_2885,ltp:101,bi:0|-5|100.3|2"),
      change("t:1_2885,bi:0|5|100.35|2")
    )
    const [whole, without, again] = found.ticks.map((t) => t.depth!)
    assert.deepStrictEqual(without, { buy: whole!.buy.slice(1), sell: whole!.sell })
    assert.deepStrictEqual(again!.buy, [{ price: 100.35, quantity: 5, orders: 2 }, ...whole!.buy.slice(1)])
    assert.deepStrictEqual([found.causes, found.leftOut], [[], [["depth", "0|-5|100.3|2"]]])
  })

  it.each([
    "t:1_2885,ltp",
    "t:1_2885,ltp:0x10",
    "t:1_2885,ltp:1e999",
    "t:1_2885,v:-1",
    "t:1_2885,v:1.5",
    "t:1_2885,bi:x|1|2|3",
    "t:1_2885,bi:-1|1|2|3",
    "t:1_2885,bi:999|1|2|3",
    "t:1_2885,bi:0|one|2|3",
    "t:1_2885,bi:0|1.5|2|3",
    "t:1,ltp:1",
    "ltp:1,t:1_2885",
    ""
  ])("that are malformed change nothing: %s", (text) => {
    const codec = opened()
    decode(codec, full)
    assert.deepStrictEqual(decode(codec, change(text)).causes, ["malformed_text"])
    assert.strictEqual(decode(codec, change("t:1_2885,ltq:6")).ticks[0]!.ltp, 100.5)
  })

  it("name what nobody wants", () => {
    assert.deepStrictEqual(decode(opened(), change("t:11_2885,ltp:1"), change("t:99_1,ltp:1")).causes, [
      "not_subscribed",
      "unknown_segment"
    ])
  })
})
