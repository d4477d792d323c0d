/** The broker's side: who is let in, what requests do, how bad ones are answered. */
import { assert, describe, it } from "@effect/vitest"
import type { Tick } from "../../../src/market/tick.ts"
import type { FindByToken, ServerCodec } from "../../../src/protocols/serverProtocol.ts"
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
  requested,
  seeded,
  sides,
  upTo
} from "./support.ts"

const tickOf = (symbol: string): Tick => ({
  symbol,
  exchange: "NSE",
  mode: "ltp",
  received_time: NOW,
  ltp: 1
})

describe("kite server", () => {
  const { kite } = sides
  const one = instrument("NSE", "ONE", "257")
  const two = instrument("NSE", "TWO", "513")
  const find: FindByToken = (token) => [one, two].find((i) => i.token === token)
  const send = (server: ServerCodec, request: unknown) => server.receive(JSON.stringify(request), find)

  it("admits the right key and token, in a query as the client writes it", () => {
    const { url } = handshakeOf(kite.protocol, "wss://h", credentials)
    const admit = (path: string) => kite.serverProtocol.admit({ url: path, headers: {} }, credentials)
    assert.isUndefined(admit(url.slice("wss://h".length)))
    for (const path of [
      "/",
      "/?api_key=thekey",
      "/?api_key=thekey&access_token=wrong",
      "/?access_token=thetoken",
      ""
    ]) {
      assert.strictEqual(admit(path)?.status, 403, path)
    }
  })

  it("subscribes as quote, changes modes of subscribed tokens only, and unsubscribes", () => {
    const server = openServer(kite)
    assert.deepStrictEqual(send(server, { a: "mode", v: ["full", [257]] }), { answers: [], touched: [] })
    assert.deepStrictEqual(server.holds(one), [])
    assert.deepStrictEqual(send(server, { a: "subscribe", v: [257, 999 * 256 + 1] }), {
      answers: [],
      touched: [one]
    })
    assert.deepStrictEqual(server.holds(one), [QUOTE])
    assert.strictEqual((server.encode([[one, tickOf("ONE")]])[0] as Uint8Array).length, 4 + 44)
    assert.deepStrictEqual(send(server, { a: "mode", v: ["full", [257, 513]] }).touched, [one])
    assert.deepStrictEqual([server.holds(one), server.holds(two)], [[DEPTH], []])
    assert.strictEqual(
      (
        server.encode([
          [one, tickOf("ONE")],
          [two, tickOf("TWO")]
        ])[0] as Uint8Array
      ).length,
      4 + 184
    )
    // Subscribing again keeps the mode.
    send(server, { a: "subscribe", v: [257] })
    assert.strictEqual((server.encode([[one, tickOf("ONE")]])[0] as Uint8Array).length, 4 + 184)
    assert.deepStrictEqual(send(server, { a: "unsubscribe", v: [257] }), { answers: [], touched: [] })
    assert.deepStrictEqual(server.encode([[one, tickOf("ONE")]]), [])
  })

  it.each([
    "nonsense",
    "{}",
    '{"a":"buy","v":[1]}',
    '{"a":"subscribe"}',
    '{"a":"subscribe","v":["257"]}',
    '{"a":"subscribe","v":[-1]}',
    '{"a":"mode","v":["deep",[257]]}',
    '{"a":"mode","v":["full"]}'
  ])("answers %s with an error that no client takes for a lost login", (request) => {
    const { answers, touched } = openServer(kite).receive(request, find)
    assert.deepStrictEqual([answers.length, touched.length], [1, 0])
    assert.deepStrictEqual(
      decode(opened(kite, []), ...answers).events.map((e) => e.type),
      ["refused"]
    )
  })

  it("refuses what is past the limit and keeps the rest", () => {
    const server = openServer(kite, { subscriptionLimit: 1 })
    const { answers, touched } = send(server, { a: "subscribe", v: [257, 513] })
    assert.deepStrictEqual(touched, [one])
    assert.deepStrictEqual(
      decode(opened(kite, []), ...answers).events.map((e) => e.type),
      ["refused"]
    )
    assert.deepStrictEqual(send(server, { a: "unsubscribe", v: [513] }).answers, [])
    send(server, { a: "unsubscribe", v: [257] })
    assert.deepStrictEqual(send(server, { a: "subscribe", v: [513] }), { answers: [], touched: [two] })
  })

  it("splits many states over frames that the client reads alike", () => {
    const many = Array.from({ length: 1200 }, (_, i) => instrument("NSE", `S${i}`, String((i + 1) * 256 + 1)))
    const server = openServer(kite)
    const byToken = new Map(many.map((i) => [i.token, i]))
    const codec = openWith(kite)
    for (const frame of requested(
      codec,
      many.map((i) => ({ instrument: i, to: DEPTH }))
    )) {
      server.receive(frame, (token) => byToken.get(token))
    }
    const frames = server.encode(many.map((i) => [i, tickOf(i.symbol)] as const))
    assert.strictEqual(frames.length, 3)
    assert.deepStrictEqual(
      decode(codec, ...frames).ticks.map((t) => t.symbol),
      many.map((i) => i.symbol)
    )
  })

  it("sends one byte a second when idle, which the client takes for a heartbeat", () => {
    assert.strictEqual(kite.serverProtocol.idle?.everyMs, 1000)
    assert.deepStrictEqual(decode(opened(kite, []), kite.serverProtocol.idle!.frame()).events, [
      { type: "heartbeat" }
    ])
  })
})

describe("smartstream server", () => {
  const angel = sides.smartstream
  const one = instrument("NSE", "ONE", "101")
  const future = instrument("NFO", "FUT", "101")
  const find: FindByToken = (token, code) =>
    [one, future].find((i) => i.token === token && (i === one ? 1 : 2) === code)
  const request = (
    action: unknown,
    mode: unknown,
    exchangeType: unknown,
    ...tokens: ReadonlyArray<unknown>
  ) =>
    JSON.stringify({ correlationID: "c1", action, params: { mode, tokenList: [{ exchangeType, tokens }] } })

  it("admits the four right headers and names the first wrong one", () => {
    const { headers } = handshakeOf(angel.protocol, "wss://h", credentials)
    const admit = (changed: Readonly<Record<string, string | undefined>>) =>
      angel.serverProtocol.admit({ url: "/", headers: { ...headers, ...changed } }, credentials)
    assert.isUndefined(admit({}))
    assert.isUndefined(admit({ authorization: "Bearer thetoken" }))
    const reason = (changed: Readonly<Record<string, string | undefined>>) => {
      const refusal = admit(changed)
      assert.strictEqual(refusal?.status, 401)
      return refusal?.headers["x-error-message"]
    }
    assert.strictEqual(reason({ authorization: "old" }), "Invalid Header - Invalid Auth token")
    assert.strictEqual(reason({ "x-client-code": "" }), "Invalid Header - Invalid Client Code")
    assert.strictEqual(reason({ "x-api-key": undefined }), "Invalid Header - Invalid API Key")
    assert.strictEqual(reason({ "x-feed-token": "x" }), "Invalid Header - Invalid Feed Token")
  })

  it("answers the client's heartbeat", () => {
    const { answers } = openServer(angel).receive(String(openWith(angel).heartbeat?.()), find)
    assert.deepStrictEqual(answers, ["pong"])
  })

  it("keeps modes and segments apart", () => {
    const server = openServer(angel)
    assert.deepStrictEqual(server.receive(request(1, 1, 1, "101"), find), { answers: [], touched: [one] })
    assert.deepStrictEqual(server.receive(request(1, 3, 1, "101"), find).touched, [one])
    assert.deepStrictEqual([server.holds(one), server.holds(future)], [[LTP, DEPTH], []])
    const states = [[one, tickOf("ONE")] as const, [future, tickOf("FUT")] as const]
    const modes = () =>
      server.encode(states).map((f) => [(f as Uint8Array)[0], (f as Uint8Array)[1], f.length])
    assert.deepStrictEqual(modes(), [
      [1, 1, 51],
      [3, 1, 379]
    ])
    server.receive(request(0, 1, 1, "101"), find)
    assert.deepStrictEqual(modes(), [[3, 1, 379]])
    server.receive(request(0, 3, 1, "101"), find)
    assert.deepStrictEqual([modes(), server.holds(one)], [[], []])
  })

  it("counts each mode of a token once against the limit, and says E1002 beyond it", () => {
    const server = openServer(angel, { subscriptionLimit: 2 })
    server.receive(request(1, 1, 1, "101"), find)
    server.receive(request(1, 2, 1, "101"), find)
    assert.deepStrictEqual(server.receive(request(1, 2, 1, "101"), find).answers, [])
    const { answers, touched } = server.receive(request(1, 1, 2, "101"), find)
    assert.deepStrictEqual(touched, [])
    assert.deepStrictEqual(parsed(answers), [
      {
        correlationID: "c1",
        errorCode: "E1002",
        errorMessage: "Invalid Request. Subscription Limit Exceeded"
      }
    ])
    const [event] = decode(opened(angel, []), ...answers).events
    assert.deepInclude(event, { type: "refused", code: "E1002" })
    server.receive(request(0, 2, 1, "101"), find)
    assert.deepStrictEqual(server.receive(request(1, 1, 2, "101"), find).touched, [future])
  })

  it("takes so many deep books and no more", () => {
    const server = openServer(angel, { deepLimit: 2 })
    const many: FindByToken = (token) => instrument("NSE", token, token)
    const { answers, touched } = server.receive(request(1, 4, 1, "1", "2", "3"), many)
    assert.deepStrictEqual(
      [touched.length, (parsed(answers)[0] as { errorCode: string }).errorCode],
      [2, "E1002"]
    )
    server.receive(request(0, 4, 1, "1"), many)
    assert.deepStrictEqual(server.receive(request(1, 4, 1, "3"), many).answers, [])
  })

  it.each([
    ["no JSON", "nonsense"],
    ["no params", "{}"],
    ["an unknown action", request(2, 1, 1, "101")],
    ["an unknown mode", request(1, 5, 1, "101")],
    ["deep books of another segment", request(1, 4, 2, "101")],
    ["an unknown exchange type", request(1, 1, 6, "101")],
    ["tokens as numbers", request(1, 1, 1, 101)],
    ["an exchange type as a text", request(1, 1, "1", "101")],
    ["no groups", '{"action":1,"params":{"mode":1,"tokenList":[]}}'],
    ["a group that is none", '{"action":1,"params":{"mode":1,"tokenList":[1]}}']
  ])("answers a request with %s by E1001", (_, text) => {
    const { answers, touched } = openServer(angel).receive(text, find)
    assert.strictEqual((parsed(answers)[0] as { errorCode: string }).errorCode, "E1001")
    assert.deepStrictEqual(touched, [])
  })

  it("passes over unknown tokens and binary frames in silence", () => {
    const server = openServer(angel)
    assert.deepStrictEqual(server.receive(request(1, 1, 1, "999", "0101"), find), {
      answers: [],
      touched: []
    })
    assert.deepStrictEqual(server.receive(new Uint8Array(3), find), { answers: [], touched: [] })
  })
})

describe.each([sides.kite, sides.smartstream])("$protocol.name server: any input", (side) => {
  it("never throws on what a client sends", () => {
    const random = seeded(5)
    const server = openServer(side)
    const parts = [
      '{"a":',
      '"mode"',
      '"subscribe"',
      ',"v":',
      "[257]",
      '["full",',
      "]",
      "}",
      "null",
      "1",
      "ping"
    ]
    parts.push('{"action":1,"params":', '{"mode":1,"tokenList":', '[{"exchangeType":1,"tokens":["101"]}]')
    const one = instrument("NSE", "ONE", "257")
    for (let i = 0; i < 5000; i++) {
      const text = Array.from({ length: upTo(random, 7) }, () => parts[upTo(random, parts.length - 1)]!).join(
        ""
      )
      const { answers } = server.receive(text, () => one)
      for (const answer of answers) assert.isAbove(answer.length, 0)
    }
    server.receive("[".repeat(100_000), () => one)
    const codec = opened(side, [one], LTP)
    assert.deepStrictEqual(decode(codec, ...server.encode([[one, tickOf("ONE")]])).causes, [])
  })
})
