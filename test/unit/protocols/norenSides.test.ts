/** Both sides of the Noren feed together, and the broker's side alone. */
import { assert, describe, it } from "@effect/vitest"
import { broker as aliceblue } from "../../../src/brokers/data/aliceblue.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as definedge } from "../../../src/brokers/data/definedge.ts"
import { broker as shoonya } from "../../../src/brokers/data/shoonya.ts"
import { protocol, serverProtocol } from "../../../src/protocols/noren/index.ts"
import type { Handshake } from "../../../src/protocols/protocol.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, credentials, instrument, openServer, parsed } from "./support.ts"

const side = { broker: shoonya, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const infosys = instrument("NSE", "INFY", "1594")
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

const hello = (broker: Broker, handshake: Handshake): unknown =>
  parsed(protocol.open(codecOptions(broker), handshake).hello!() as ReadonlyArray<string>)[0]

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
