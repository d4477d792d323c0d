import { assert, describe, it } from "@effect/vitest"
import { Prefix, fromPublic, fromSeed } from "@nats-io/nkeys"
import { broker } from "../../../src/brokers/data/groww.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodePayload } from "../../../src/protocols/groww/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/groww/index.ts"
import { fromBase64, keyPairOf, seedOf } from "../../../src/protocols/groww/nkey.ts"
import type { Kind } from "../../../src/protocols/groww/subjects.ts"
import { Writer } from "../../../src/protocols/kit/protobuf.ts"
import type { Change, Handshake, HttpAnswer, HttpRequest, Login } from "../../../src/protocols/protocol.ts"
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
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const infosys = instrument("BSE", "INFY", "500209")
const future = instrument("NFO", "RELIANCE28AUG26FUT", "2885")
const nifty = instrument("NSE_INDEX", "NIFTY", "NIFTY")

const text = (frame: unknown): string =>
  typeof frame === "string" ? frame : new TextDecoder().decode(frame as Uint8Array)
const texts = (frames: ReadonlyArray<unknown>): ReadonlyArray<string> => frames.map(text)

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_787_031_012_345,
  ltp: 1412.65,
  open: 1405.1,
  high: 1419.9,
  low: 1403.05,
  close: 1401.2,
  volume: 4_875_123,
  average_price: 1410.42,
  oi: 1200,
  upper_circuit: 1543.45,
  lower_circuit: 1262.85,
  depth: {
    buy: [
      { price: 1412.6, quantity: 250, orders: 0 },
      { price: 1412.55, quantity: 261, orders: 0 }
    ],
    sell: [{ price: 1412.7, quantity: 310, orders: 0 }]
  }
}
const paths: Readonly<Record<string, string>> = {
  NSE: "eq/nse",
  BSE: "eq/bse",
  NFO: "fo/nse",
  NSE_INDEX: "indices/nse"
}
const message = (
  of: typeof reliance,
  kind: Kind,
  payload: Uint8Array = encodePayload(paths[of.exchange]!, kind, of, state, 1),
  sid = 77
): Buffer =>
  Buffer.concat([
    Buffer.from(`MSG /ld/${paths[of.exchange]!}/${kind}.${of.token} ${sid} ${payload.length}\r\n`),
    payload,
    Buffer.from("\r\n")
  ])

/** Runs a login with this answer to its one request. */
const logIn = (answer: HttpAnswer) => {
  const login = protocol.handshake({
    endpoint: "wss://feed",
    services: { api: "https://api" },
    credentials,
    now: NOW,
    random: Uint8Array.from({ length: 64 }, (_, i) => 3 * i),
    options: codecOptions(broker)
  }) as Login
  const request = login.next().value as HttpRequest
  const end = login.next(answer)
  assert.isTrue(end.done)
  return { request, outcome: end.value as Handshake | Error }
}
const granted: HttpAnswer = { status: 200, headers: {}, body: `{"token":"a.b.c","subscriptionId":"7"}` }

describe("groww: login", () => {
  it("makes the library's own seeds out of given bytes", () => {
    for (const role of [Prefix.User, Prefix.Account]) {
      const random = Uint8Array.from({ length: 32 }, (_, i) => 255 - 7 * i)
      const seed = seedOf(role, random)
      assert.deepStrictEqual(fromSeed(seed).getSeed(), seed)
      assert.match(keyPairOf(role, random).getPublicKey(), role === Prefix.User ? /^U.{55}$/ : /^A.{55}$/)
    }
  })

  it("asks for a socket token for the public key of this connection", () => {
    const { outcome, request } = logIn(granted)
    const { headers, ...rest } = request
    const { "x-request-id": id, ...others } = headers
    assert.match(id!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepStrictEqual(others, {
      authorization: "Bearer thetoken",
      "content-type": "application/json",
      "x-api-version": "1.0",
      "x-client-id": "growwapi",
      "x-client-platform": "growwapi-python-client",
      "x-client-platform-version": "1.5.0"
    })
    const { secrets, url } = outcome as Handshake
    assert.deepStrictEqual(
      [rest.method, rest.url, url],
      ["POST", "https://api/v1/api/apex/v1/socket/token/create/", "wss://feed"]
    )
    const { socketKey } = JSON.parse(rest.body!) as { readonly socketKey: string }
    assert.strictEqual(fromSeed(Buffer.from(secrets!["seed"]!)).getPublicKey(), socketKey)
    assert.strictEqual(secrets!["jwt"], "a.b.c")
  })

  it("takes a token inside a payload", () => {
    const { outcome } = logIn({ ...granted, body: `{"status":"SUCCESS","payload":{"token":"d.e.f"}}` })
    assert.strictEqual((outcome as Handshake).secrets!["jwt"], "d.e.f")
  })

  it.each<readonly [number, string]>([
    [401, "AuthRejected"],
    [403, "AuthRejected"],
    [429, "RateLimited"],
    [500, "ConnectionRefused"],
    [200, "ConnectionRefused"]
  ])("tells why status %i brings no token: %s", (status, tag) => {
    const body = `{"error":{"code":"GA005","message":"bad token eyJhbGciOiJIUzI1NiJ9"}}`
    const { outcome } = logIn({ status, headers: {}, body })
    assert.strictEqual((outcome as unknown as { readonly _tag: string })._tag, tag)
    assert.notInclude((outcome as Error).message, "eyJhbGciOiJIUzI1NiJ9")
    if (status !== 200) assert.strictEqual(protocol.refusal({ status, headers: {} })._tag, tag)
  })

  it("signs the server's nonce, and is ready when the server answers its first ping", () => {
    const handshake = logIn(granted).outcome as Handshake
    const codec = protocol.open(codecOptions(broker), handshake)
    assert.isTrue(codec.awaitsReady)
    const { events, sent } = decode(codec, Buffer.from(`INFO {"nonce":"AbC-12_x","headers":true}\r\n`))
    assert.deepStrictEqual(events, [{ type: "ignored", what: "INFO" }])
    const [connect, ping] = texts(sent)
    assert.strictEqual(ping, "PING\r\n")
    const { jwt, nkey, sig, ...options } = JSON.parse(connect!.replace(/^CONNECT /, "")) as {
      readonly [option: string]: unknown
      readonly jwt: string
      readonly nkey: string
      readonly sig: string
    }
    assert.strictEqual(jwt, "a.b.c")
    assert.isTrue(fromPublic(nkey).verify(Buffer.from("AbC-12_x"), fromBase64(sig)!))
    assert.match(sig, /^[\w-]{86}$/)
    assert.deepInclude(options, {
      verbose: false,
      pedantic: false,
      tls_required: false,
      protocol: 1,
      headers: true
    })
    assert.deepStrictEqual(decode(codec, Buffer.from("PONG\r\n")).events, [{ type: "ready" }])
    assert.deepStrictEqual(decode(codec, Buffer.from("PONG\r\n")).events, [{ type: "heartbeat" }])
    // News of the cluster later on is no second login.
    assert.deepStrictEqual(decode(codec, Buffer.from(`INFO {"nonce":"other"}\r\n`)).sent, [])
  })

  it("answers pings, and pings itself", () => {
    const codec = openWith(side)
    const { events, sent } = decode(codec, Buffer.from("PING\r\nping\r\n"))
    assert.deepStrictEqual(texts(sent), ["PONG\r\n", "PONG\r\n"])
    assert.deepStrictEqual(events, [{ type: "heartbeat" }, { type: "heartbeat" }])
    assert.strictEqual(text(codec.heartbeat!()), "PING\r\n")
  })

  it.each<readonly [string, string]>([
    ["Authorization Violation", "AuthRejected"],
    ["User Authentication Revoked", "AuthRejected"],
    ["User Authentication Expired", "ConnectionLost"],
    ["Authentication Expired", "ConnectionLost"],
    ["Stale Connection", "ConnectionLost"],
    ["Slow Consumer", "ConnectionLost"],
    ["Maximum Connections Exceeded", "RateLimited"],
    ["maximum account active connections exceeded", "RateLimited"],
    ["Permissions Violation for Subscription to /ld/eq/nse/price.1", "refused"],
    ["Invalid Subject", "refused"]
  ])("-ERR '%s': %s", (error, what) => {
    const [event] = decode(openWith(side), Buffer.from(`-ERR '${error}'\r\n`)).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, what)
  })
})

describe("groww: requests", () => {
  it("subscribes a subject for each feed that a mode takes, several in one frame", () => {
    const codec = openWith(side)
    const changes: ReadonlyArray<Change> = [
      { instrument: reliance, to: LTP },
      { instrument: infosys, to: QUOTE },
      { instrument: future, to: DEPTH },
      { instrument: nifty, to: DEPTH }
    ]
    assert.deepStrictEqual(texts(requested(codec, changes)), [
      "SUB /ld/eq/nse/price.2885 1\r\n" +
        "SUB /ld/eq/bse/price_detailed.500209 2\r\n" +
        "SUB /ld/fo/nse/price_detailed.2885 3\r\n" +
        "SUB /ld/fo/nse/book.2885 4\r\n" +
        "SUB /ld/indices/nse/price.NIFTY 5\r\n"
    ])
    const same = changes.map((change) => ({ ...change, from: change.to! }))
    assert.deepStrictEqual(requested(codec, same), [], "no change asks for nothing")
    assert.deepStrictEqual(
      changes.map(({ instrument: i, to }) => protocol.cost(to!, i)),
      [1, 1, 2, 1]
    )
  })

  it("changes a mode by subscribing the new before it drops the old", () => {
    const codec = opened(side, [reliance], LTP)
    const change = (from: typeof LTP, to?: typeof LTP) =>
      texts(requested(codec, [{ instrument: reliance, from, ...(to === undefined ? {} : { to }) }]))
    assert.deepStrictEqual(change(LTP, DEPTH), [
      "SUB /ld/eq/nse/price_detailed.2885 2\r\nSUB /ld/eq/nse/book.2885 3\r\n",
      "UNSUB 1\r\n"
    ])
    assert.deepStrictEqual(change(DEPTH, QUOTE), ["UNSUB 3\r\n"])
    assert.deepStrictEqual(change(QUOTE, LTP), ["SUB /ld/eq/nse/price.2885 4\r\n", "UNSUB 2\r\n"])
    assert.deepStrictEqual(change(LTP), ["UNSUB 4\r\n"])
    // What is given up once more may not have been heard, of whichever kind.
    assert.deepStrictEqual(change(LTP), ["UNSUB 4\r\nUNSUB 2\r\nUNSUB 3\r\n"])
  })

  it("makes room first, settles an instrument that changes twice, and keeps to the batch", () => {
    const codec = protocol.open({ ...codecOptions(broker), batch: 2 })
    codec.request([{ instrument: infosys, to: LTP }])
    assert.deepStrictEqual(
      texts(
        requested(codec, [
          { instrument: reliance, to: DEPTH },
          { instrument: reliance, from: DEPTH, to: LTP },
          { instrument: future, to: DEPTH },
          { instrument: infosys, from: LTP },
          { instrument: nifty, to: LTP },
          { instrument: nifty, from: LTP }
        ])
      ),
      [
        "UNSUB 1\r\n",
        "SUB /ld/eq/nse/price.2885 2\r\nSUB /ld/fo/nse/price_detailed.2885 3\r\n",
        "SUB /ld/fo/nse/book.2885 4\r\n"
      ]
    )
  })

  it.each(["", "28 85", "2885\r\nPUB x 0", "*", "a.>"])("refuses the token %j", (token) => {
    const codec = openWith(side)
    assert.deepStrictEqual(requested(codec, [{ instrument: { ...reliance, token }, to: LTP }]), [])
    const [event] = decode(codec, Buffer.from("+OK\r\n")).events
    assert.strictEqual(event?.type, "refused")
  })
})

describe("groww: messages", () => {
  it("tells which modes a message is news for", () => {
    const codec = opened(side, [reliance, nifty], DEPTH)
    const found = decode(
      codec,
      message(reliance, "price"),
      message(reliance, "price_detailed"),
      message(reliance, "book"),
      message(nifty, "price")
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.mode),
      ["ltp", "quote", "depth", "ltp"]
    )
    // An index's value is all that its quote readers get.
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.quote, modeBit.depth, refreshes.quote])
    assert.strictEqual(found.instruments[0], reliance)
    assert.strictEqual(found.instruments[3], nifty)
  })

  it("goes by the subject, whatever the number says", () => {
    const codec = openWith(side)
    codec.request([
      { instrument: reliance, to: LTP },
      { instrument: future, to: LTP }
    ])
    const { instruments } = decode(
      codec,
      message(reliance, "price", undefined, 1),
      message(future, "price", undefined, 1),
      message(reliance, "price", undefined, 2)
    )
    assert.deepStrictEqual(instruments.map(nameOf), [reliance, future, reliance].map(nameOf))
    codec.request([{ instrument: reliance, from: LTP }])
    assert.deepStrictEqual(decode(codec, message(reliance, "price", undefined, 1)).causes, ["not_subscribed"])
  })

  it("reads a stream that is cut anywhere, in any pieces", () => {
    const stream = Buffer.concat([
      message(reliance, "price_detailed"),
      Buffer.from("PING\r\n"),
      message(nifty, "price"),
      message(reliance, "book")
    ])
    const whole = decode(opened(side, [reliance, nifty]), stream)
    assert.strictEqual(whole.ticks.length, 3)
    for (const size of [1, 2, 3, 7, 50, 199]) {
      const codec = opened(side, [reliance, nifty])
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
        // Copies, since a transport may use its memory again.
        Buffer.from(stream.subarray(i * size, (i + 1) * size))
      )
      const found = decode(codec, ...pieces)
      assert.deepStrictEqual([found.ticks, found.causes], [whole.ticks, []], `pieces of ${size}`)
      assert.deepStrictEqual(texts(found.sent), ["PONG\r\n"])
    }
  })

  it("skips the headers of a message that has some", () => {
    const payload = encodePayload("eq/nse", "price", reliance, state, 1)
    const headers = "NATS/1.0\r\nA: b\r\n\r\n"
    const size = headers.length + payload.length
    for (const reply of ["", "_INBOX.1 "]) {
      const head = `hmsg /ld/eq/nse/price.2885 1 ${reply}${headers.length} ${size}\r\n`
      const { ticks } = decode(
        opened(side, [reliance]),
        Buffer.concat([Buffer.from(head), Buffer.from(headers), payload, Buffer.from("\r\n")])
      )
      assert.strictEqual(ticks[0]?.ltp, 1412.65)
    }
  })

  it("keeps the later of two entries for one level", () => {
    const level = (number: number, price: number) => (w: Writer) => {
      w.uint32(18).fork().uint32(8).int32(number).uint32(18).fork()
      w.uint32(9).double(price).uint32(17).double(1).ldelim().ldelim()
    }
    const writer = new Writer().uint32(42).fork()
    for (const put of [level(2, 98), level(1, 100), level(1, 99)]) put(writer)
    const { ticks } = decode(opened(side, [reliance]), message(reliance, "book", writer.ldelim().finish()))
    assert.deepStrictEqual(
      ticks[0]?.depth?.buy.map((l) => l.price),
      [99, 98]
    )
  })

  it("rejects numbers that are none, and fields that end in their neighbour", () => {
    const price = (value: number) =>
      new Writer().uint32(34).fork().uint32(105).double(value).ldelim().finish()
    const short = price(100)
    short[1] = 8
    const { causes, ticks } = decode(
      opened(side, [reliance]),
      message(reliance, "price", price(Number.NaN)),
      message(reliance, "price", price(Number.POSITIVE_INFINITY)),
      message(reliance, "price", short),
      message(reliance, "price", price(100))
    )
    assert.deepStrictEqual(causes, ["truncated", "truncated", "truncated"])
    assert.deepStrictEqual(
      ticks.map((t) => t.ltp),
      [100]
    )
  })

  it.each([
    ["a message of another size", "MSG /ld/eq/nse/price.2885 1 3\r\nabcdefg\r\n"],
    ["a size that is none", "MSG /ld/eq/nse/price.2885 1 x\r\n"],
    ["a message beyond any size", "MSG /ld/eq/nse/price.2885 1 99999999\r\n"],
    ["headers longer than their message", "HMSG /ld/eq/nse/price.2885 1 9 8\r\n"],
    ["too few fields", "MSG a 1\r\n"],
    ["another operation", "HELLO\r\n"],
    ["an INFO that is no JSON", "INFO {\r\n"],
    ["a line without an end", `INFO ${"x".repeat(70_000)}`]
  ])("gives up a stream with %s, and takes the next frame afresh", (_, broken) => {
    const codec = opened(side, [reliance])
    const { events } = decode(codec, Buffer.concat([Buffer.from(broken), message(reliance, "price")]))
    assert.deepStrictEqual(
      events.map((e) => (e.type === "failure" ? e.failure._tag : e.type)),
      ["ProtocolViolation"]
    )
    assert.strictEqual(decode(codec, message(reliance, "price")).ticks.length, 1)
  })

  it("divides the detailed prices where it is told to", () => {
    const variant = { detailedDivisor: 100 }
    const codec = opened(side, [reliance], DEPTH, variant)
    const payload = encodePayload("eq/nse", "price_detailed", reliance, state, 100)
    const { ticks } = decode(codec, message(reliance, "price_detailed", payload), message(reliance, "price"))
    assert.deepInclude(ticks[0], { ltp: 1412.65, upper_circuit: 1543.45, volume: 4_875_123 })
    assert.strictEqual(ticks[1]?.ltp, 1412.65)
    assert.throws(() => openWith(side, { detailedDivisor: 0 }), /detailedDivisor/)
  })
})

describe("groww: both ends", () => {
  it("logs in, serves what each mode takes, and nothing after the unsubscribe", async () => {
    const link = await makeLink(broker)
    assert.isTrue(link.events.some((e) => e.type === "ready"))
    link.subscribe("NSE:RELIANCE", LTP, QUOTE, DEPTH)
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [
      { mode: "quote", depth: 0 },
      { mode: "depth", depth: 5 }
    ])
    assert.deepStrictEqual([...new Set(link.ticks.map((t) => t.tick.mode))], ["ltp", "quote", "depth"])
    for (const { tick } of link.ticks) {
      const found = disagreements(tick, link.state("NSE:RELIANCE"), 0).filter((f) => f !== "no ltp")
      assert.deepStrictEqual(found, [])
    }
    const book = link.ticks.at(-1)?.tick.depth
    assert.deepStrictEqual([book?.buy.length, book?.sell.length], [5, 5])
    link.request([{ instrument: link.instrument("NSE:RELIANCE"), from: DEPTH }])
    const before = link.ticks.length
    link.step(500)
    assert.strictEqual(link.ticks.length, before)
    assert.deepStrictEqual(link.rejects, [])
  })

  it("refuses an access token that is not accepted, and a socket token of another login", async () => {
    const other = { ...credentials, authToken: secret("another") }
    const refused = await makeLink(broker, { accepted: other }).catch((e: unknown) => e)
    assert.instanceOf(refused, LoginFailed)

    const link = await makeLink(broker)
    const server = serverProtocol.open(codecOptions(broker), {
      request: { url: "/", headers: {} },
      accepted: () => other
    })
    const connect = texts(link.outbound.filter((o) => o instanceof Uint8Array)).find((t) =>
      t.startsWith("CONNECT")
    )!
    const { answers, close } = server.receive(connect, () => undefined)
    assert.deepStrictEqual(texts(answers), ["-ERR 'Authorization Violation'\r\n"])
    assert.isDefined(close)
    assert.strictEqual(decode(openWith(side), ...answers).events[0]?.type, "failure")
  })

  it("lets nobody in who does not sign, and closes on what is no operation", () => {
    const ends = (line: string) => openServer(side).receive(`${line}\r\n`, () => undefined)
    for (const line of [
      "SUB a 1",
      "PING",
      "CONNECT {}",
      `CONNECT {"jwt":"a.b.c","sig":"%"}`,
      "CONNECT {",
      "HI"
    ]) {
      assert.isDefined(ends(line).close, line)
    }
    assert.isDefined(openServer(side).receive("x".repeat(70_000), () => undefined).close)
  })

  it("answers wrong requests for a socket token as such", () => {
    const ask = (
      method: string,
      authorization: string,
      body: string,
      url = "/v1/api/apex/v1/socket/token/create/"
    ) =>
      serverProtocol.http!({ method, url, headers: { authorization }, body }, {
        accepted: credentials
      } as never)?.status
    assert.strictEqual(ask("POST", "Bearer thetoken", "", "/other"), undefined)
    assert.strictEqual(ask("GET", "Bearer thetoken", ""), 405)
    assert.strictEqual(ask("POST", "Bearer wrong", "{}"), 401)
    assert.strictEqual(ask("POST", "Bearer thetoken", `{"socketKey":"UNO"}`), 400)
    const key = keyPairOf(Prefix.User, new Uint8Array(32)).getPublicKey()
    assert.strictEqual(ask("POST", "Bearer thetoken", JSON.stringify({ socketKey: key })), 200)
  })
})
