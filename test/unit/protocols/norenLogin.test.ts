/** How a Noren connection logs in at each broker, and how it is refused. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { broker as aliceblue } from "../../../src/brokers/data/aliceblue.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as definedge } from "../../../src/brokers/data/definedge.ts"
import { broker as flattrade } from "../../../src/brokers/data/flattrade.ts"
import { broker as shoonya } from "../../../src/brokers/data/shoonya.ts"
import { broker as tradesmart } from "../../../src/brokers/data/tradesmart.ts"
import { broker as zebu } from "../../../src/brokers/data/zebu.ts"
import { protocol, serverProtocol } from "../../../src/protocols/noren/index.ts"
import type { Handshake, HttpAnswer, HttpRequest, Login } from "../../../src/protocols/protocol.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { NOW, credentials, decode, openWith, parsed } from "./support.ts"

const side = { broker: shoonya, protocol, serverProtocol }
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
    ['{"t":"ak","emsg":"Session Expired"}', false]
  ])("understands the answer %s", (answer, good) => {
    const codec = openWith(side)
    assert.isTrue(codec.awaitsReady)
    const [event] = decode(codec, answer).events
    if (good) assert.deepStrictEqual(event, { type: "ready" })
    else assert.propertyVal(event?.type === "failure" ? event.failure : undefined, "_tag", "AuthRejected")
  })

  it.each(['{"t":"ak"}', '{"t":"ck","uid":"A123","s":"OJ"}', '{"t":"cf","k":7}'])(
    "does not take %s, which says neither yes nor no, for a refusal",
    (answer) => {
      const [event] = decode(openWith(side), answer).events
      assert.propertyVal(event?.type === "failure" ? event.failure : undefined, "_tag", "ProtocolViolation")
    }
  )

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
