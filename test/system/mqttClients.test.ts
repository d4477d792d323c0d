/**
 * Other people's MQTT on both sides of IIFL Capital's wire: the client MQTT.js reads the simulated broker, and the
 * broker aedes takes what our client sends.
 */
import { connect as connectTcp, createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Aedes } from "aedes"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { connectAsync } from "mqtt"
import { codecOptions } from "../../src/brokers/broker.ts"
import { broker } from "../../src/brokers/data/iiflcapital.ts"
import type { Tick } from "../../src/market/tick.ts"
import { decodeFeed } from "../../src/protocols/iifl-mqtt/decode.ts"
import { encodeFeed } from "../../src/protocols/iifl-mqtt/encode.ts"
import { protocol } from "../../src/protocols/iifl-mqtt/index.ts"
import { unsignedToken } from "../../src/protocols/kit/jwt.ts"
import type { Handshake, Outbound, Sink, WireEvent } from "../../src/protocols/protocol.ts"
import { simulate } from "../../src/simulator/index.ts"
import { disagreements } from "../support/marketState.ts"
import { until } from "./simulatorSupport.ts"

const FEED = "prod/marketfeed/mw/v1/nseeq/2885"

describe("MQTT.js against the simulated IIFL Capital", () => {
  it.live("logs in, subscribes, gets the feed, and unsubscribes", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("iiflcapital", { paused: true, ticksPerSecond: 2000 })
      const session = Redacted.value(simulator.credentials.authToken!)
      const url = simulator.endpoint.replace("tcp:", "mqtt:")
      const instrument = simulator.instruments.find((i) => i.exchange === "NSE" && i.token === "2885")!
      yield* Effect.promise(async () => {
        const options = { protocolVersion: 4, reconnectPeriod: 0, username: "DEMO01" } as const
        const refused = await connectAsync(url, { ...options, password: "wrong" }).catch((e: unknown) => e)
        assert.match(String(refused), /Not authorized/)

        const client = await connectAsync(url, { ...options, password: `OPENID~~${session}~` })
        const messages: Array<readonly [string, Buffer]> = []
        client.on("message", (topic, payload) => messages.push([topic, payload]))
        const granted = await client.subscribeAsync(FEED)
        assert.deepStrictEqual(
          granted.map((g) => g.qos),
          [0]
        )
        await until("a snapshot", () => messages.length > 0)
        const [topic, payload] = messages[0]!
        assert.strictEqual(topic, FEED)
        const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
        const tick = decodeFeed(view, 0, instrument, Date.now(), view.getInt32(58, true))
        assert.deepStrictEqual(disagreements(tick, simulator.market.find("NSE:RELIANCE")!.tick, 5), [])

        simulator.resume()
        await until("a moving market", () => messages.length > 5)
        simulator.pause()
        await client.unsubscribeAsync(FEED)
        await client.subscribeAsync("prod/marketfeed/mw/v1/nseeq/0").catch(() => {})
        const before = messages.length
        simulator.resume()
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.strictEqual(messages.length, before)
        await client.endAsync()
      })
    })
  )
})

describe("our client against aedes", () => {
  it("is let in, and reads what others publish", async () => {
    const userSession = unsignedToken({ preferred_username: "Ab12" })
    const logins: Array<string> = []
    const aedes = await Aedes.createBroker({
      authenticate: (_client, username, password, done) => {
        logins.push(`${username} ${String(password)}`)
        done(null, String(password) === `OPENID~~${userSession}~`)
      }
    })
    const server = createServer(aedes.handle)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo

    const login = (session: string) =>
      protocol.handshake({
        endpoint: `tcp://127.0.0.1:${port}`,
        services: {},
        credentials: { authToken: Redacted.make(session) },
        now: Date.now(),
        random: crypto.getRandomValues(new Uint8Array(64)),
        options: codecOptions(broker)
      }) as Handshake
    const open = (session: string) => {
      const codec = protocol.open(codecOptions(broker), login(session))
      const socket = connectTcp(port, "127.0.0.1")
      const events: Array<WireEvent> = []
      const ticks: Array<Tick> = []
      const rejects: Array<string> = []
      const send = (all: ReadonlyArray<Outbound>) => {
        for (const one of all) socket.write(one as Uint8Array)
      }
      const sink: Sink = {
        tick: (_, tick) => ticks.push(tick),
        reject: (cause) => rejects.push(cause),
        event: (event) => events.push(event),
        send: (one) => send([one])
      }
      socket.on("data", (bytes) => codec.decode(bytes, Date.now(), sink))
      send(codec.hello())
      return { codec, socket, events, ticks, rejects, send }
    }
    const types = (events: ReadonlyArray<WireEvent>) =>
      events.map((e) => (e.type === "failure" ? e.failure._tag : e.type))

    const stranger = open(unsignedToken({ preferred_username: "Ab12", exp: 1 }))
    await until("a refusal", () => stranger.events.length > 0)
    assert.deepStrictEqual(types(stranger.events), ["AuthRejected"])

    const { codec, events, rejects, send, socket, ticks } = open(userSession)
    await until("the login", () => events.length > 0)
    assert.deepStrictEqual(types(events), ["ready"])
    assert.strictEqual(logins.at(-1), `Ab12 OPENID~~${userSession}~`)
    const instrument = {
      symbol: "RELIANCE",
      exchange: "NSE",
      token: "2885",
      brokerExchange: "NSEEQ",
      brokerSymbol: "RELIANCE"
    } as const
    const want = { mode: "depth", depth: 5 } as const
    send(codec.request([{ instrument, to: want }]))
    await until("the subscription", () => types(events).includes("ignored"))
    const publish = (ltp: number, qos: 0 | 1 = 0) =>
      new Promise<void>((resolve) =>
        aedes.publish(
          {
            cmd: "publish",
            topic: FEED,
            payload: encodeFeed({ ltp, symbol: "", exchange: "", mode: "depth", received_time: 0 }, 100),
            qos,
            dup: false,
            retain: false
          },
          () => resolve()
        )
      )
    for (const [i, ltp] of [1424, 1424.05, 1424.1].entries()) await publish(ltp, i === 2 ? 1 : 0)
    await until("the feed", () => ticks.length === 3)
    assert.deepStrictEqual(
      ticks.map((t) => t.ltp),
      [1424, 1424.05, 1424.1]
    )
    send([codec.heartbeat()])
    await until("a pong", () => types(events).includes("heartbeat"))
    const answers = events.length
    send(codec.request([{ instrument, from: want }]))
    await until("the unsubscribe", () => events.length > answers)
    await publish(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepStrictEqual([ticks.length, rejects], [3, []])

    socket.destroy()
    stranger.socket.destroy()
    await new Promise<void>((resolve) => aedes.close(resolve))
    server.close()
  })
})
