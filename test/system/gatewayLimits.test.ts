/** What a client, an address and a key may take of the gateway, over real sockets. */
import { request } from "node:http"
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { isLoopback, originMay } from "../../src/gateway/limits.ts"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const gateways: Array<TestGateway> = []
const start = async (options: GatewayOptions = {}, extras: TestExtras = {}): Promise<TestGateway> => {
  const gateway = await startGateway(options, extras)
  gateways.push(gateway)
  return gateway
}
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
})

/** The status that an upgrade is answered with; 101 for one that is taken. */
const upgrade = (gateway: TestGateway, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(gateway.url, { headers })
    socket.on("open", () => {
      resolve(101)
      socket.terminate()
    })
    socket.on("unexpected-response", (_, response) => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    socket.on("error", () => undefined)
  })

const counted = async (gateway: TestGateway, name: string, label: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
  const line = text.split("\n").find((l) => l.startsWith(`algoways_gateway_${name}{`) && l.includes(label))
  return Number(line?.split(" ").at(-1) ?? 0)
}

describe("connections", () => {
  it("are limited in all and per address, and counted down again", async () => {
    const gateway = await start({ maxConnections: 3, maxConnectionsPerAddress: 2 })
    const [one, two] = [await TestClient.open(gateway.url), await TestClient.open(gateway.url)]
    expect(await upgrade(gateway)).toBe(429)
    expect(await counted(gateway, "limited_total", "connections_per_address")).toBe(1)
    await one.close()
    await expect.poll(() => gateway.stats().clients).toBe(1)
    expect(await upgrade(gateway)).toBe(101)
    await two.close()
    const small = await start({ maxConnections: 1 })
    await TestClient.open(small.url)
    expect(await upgrade(small)).toBe(503)
  })

  it("are limited per key, whoever holds it", async () => {
    const gateway = await start({ maxConnectionsPerKey: 2 })
    const first = await TestClient.login(gateway.url, "KEY_A")
    await TestClient.login(gateway.url, "KEY_A")
    const third = await TestClient.open(gateway.url)
    third.send({ action: "authenticate", api_key: "KEY_A" })
    expect(await third.closed).toMatchObject({ code: 4429, reason: "too many clients with this API key" })
    expect(await counted(gateway, "closed_total", "too_many_clients")).toBe(1)
    expect((await TestClient.login(gateway.url, "KEY_B")).frames[0]).toMatchObject({ status: "success" })
    // The same client again is no second one, and one that leaves makes room.
    expect(await first.ask({ action: "authenticate", api_key: "KEY_A" })).toMatchObject({ status: "success" })
    await first.close()
    await expect
      .poll(async () => (await TestClient.login(gateway.url, "KEY_A")).frames[0]?.["status"])
      .toBe("success")
  })

  it("of two thousand silent clients end in time, and disturb nobody", { timeout: 20_000 }, async () => {
    const gateway = await start({ authGraceMs: 1500, maxLoggingIn: 2001 })
    const good = await TestClient.login(gateway.url, "KEY_A")
    await good.subscribe("INFY", "NSE", 1)
    const silent = await Promise.all(Array.from({ length: 2000 }, () => TestClient.open(gateway.url)))
    gateway.feed.tick({
      symbol: "INFY",
      exchange: "NSE",
      level: "LTP",
      data: { ltp: 1, timestamp: 1764040501000 }
    })
    expect(await good.next()).toMatchObject({ type: "market_data" })
    const codes = await Promise.all(silent.map(async (c) => (await c.closed).code))
    expect(new Set(codes)).toEqual(new Set([4401]))
    expect(await good.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    expect(gateway.stats().clients).toBe(1)
  })

  it("that never finish their handshake are dropped", { timeout: 25_000 }, async () => {
    const gateway = await start()
    const socket = connect(gateway.port, "127.0.0.1")
    socket.write("GET / HTTP/1.1\r\nHost: local")
    const ended = new Promise<string>((resolve) => {
      socket.on("close", () => resolve("closed"))
      socket.on("error", () => undefined)
    })
    expect(await ended).toBe("closed")
  })
})

describe("connections that are no WebSockets yet", () => {
  it("are counted while they are there", async () => {
    const gateway = await start()
    const waiting = async (): Promise<number> => {
      const headers = { connection: "close" }
      const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`, { headers })).text()
      // The one that asks is one of them.
      return Number(/^algoways_gateway_handshakes (\d+)$/m.exec(text)?.[1]) - 1
    }
    const client = await TestClient.open(gateway.url)
    const sockets = Array.from({ length: 5 }, () => connect(gateway.port, "127.0.0.1"))
    await expect.poll(waiting).toBe(5)
    for (const socket of sockets) socket.destroy()
    await client.close()
    await expect.poll(waiting).toBe(0)
  })
})

describe("wrong keys", () => {
  it("of one address are looked at ten times a minute, over both protocols", async () => {
    const gateway = await start({ maxFailedKeys: 3 })
    const client = await TestClient.open(gateway.url)
    for (const key of ["a", "b", "c"]) {
      expect(await client.ask({ action: "authenticate", api_key: key })).toMatchObject({
        message: "Invalid API key"
      })
    }
    const declined = await client.ask({ action: "authenticate", api_key: "KEY_A" })
    expect(declined).toMatchObject({ status: "error", code: "AUTHENTICATION_ERROR" })
    expect(declined["message"]).toMatch(/try again in \d+ s/)
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/status`, {
      headers: { "x-api-key": "KEY_A" }
    })
    expect(answer.status).toBe(429)
    for (let i = 0; i < 20; i++) client.send({ action: "authenticate", api_key: "KEY_A" })
    expect(await client.closed).toMatchObject({ code: 4429, reason: "too many wrong API keys" })
    expect(await counted(gateway, "limited_total", "failed_keys")).toBeGreaterThan(20)
  })
})

describe("wrong keys behind a proxy", () => {
  it("count for the client that a trusted proxy names, not for the proxy", async () => {
    const gateway = await start({ maxFailedKeys: 1, trustedProxies: ["127.0.0.1"] })
    const from = async (address: string, key: string): Promise<number> => {
      const headers = { "x-api-key": key, "x-forwarded-for": `198.51.100.9, ${address}` }
      return (await fetch(`http://127.0.0.1:${gateway.port}/status`, { headers })).status
    }
    expect(await from("203.0.113.5", "wrong")).toBe(401)
    expect(await from("203.0.113.5", "KEY_A")).toBe(429)
    expect(await from("203.0.113.6", "KEY_A")).toBe(200)
    // A host has a whole network of IPv6 to come from.
    expect(await from("2001:db8:1:2::7", "wrong")).toBe(401)
    expect(await from("2001:db8:1:2:ffff::8", "KEY_A")).toBe(429)
    expect(await upgrade(gateway, { "x-forwarded-for": "203.0.113.5" })).toBe(101)
  })

  it("count for the proxy when it is not trusted, whatever the header says", async () => {
    const gateway = await start({ maxFailedKeys: 1 })
    const from = async (address: string, key: string): Promise<number> => {
      const headers = { "x-api-key": key, "x-forwarded-for": address }
      return (await fetch(`http://127.0.0.1:${gateway.port}/status`, { headers })).status
    }
    expect(await from("203.0.113.5", "wrong")).toBe(401)
    expect(await from("203.0.113.6", "KEY_A")).toBe(429)
  })
})

describe("a client", () => {
  it("that floods is closed, in messages as in bytes", async () => {
    const gateway = await start({ maxMessagesPerSecond: 20, maxBytesPerSecond: 100_000 })
    const many = await TestClient.login(gateway.url, "KEY_A")
    for (let i = 0; i < 150; i++) many.send({ action: "ping" })
    expect(await many.closed).toMatchObject({ code: 4429, reason: "too many messages" })
    const large = await TestClient.login(gateway.url, "KEY_A")
    large.send({ action: "ping", pad: "x".repeat(600_000) })
    expect(await large.closed).toMatchObject({ code: 4429 })
    expect(await counted(gateway, "closed_total", "too_many_messages")).toBe(2)
  })

  it("may hold so many subscriptions, and each further one fails by itself", async () => {
    const gateway = await start({ maxSubscriptions: 2 })
    const client = await TestClient.login(gateway.url, "KEY_A")
    const symbols = ["INFY", "TCS", "RELIANCE"].map((symbol) => ({ symbol, exchange: "NSE" }))
    const answer = await client.ask({ action: "subscribe", symbols, mode: 1 })
    expect(answer).toMatchObject({
      status: "partial",
      subscriptions: [
        { status: "success" },
        { status: "success" },
        { status: "error", message: "A client may hold 2 subscriptions and holds 0" }
      ]
    })
    // What it holds already takes no room.
    expect(await client.subscribe("INFY", "NSE", 1)).toMatchObject({ status: "success" })
    await client.ask({ action: "unsubscribe_all" })
    expect(await client.subscribe("RELIANCE", "NSE", 1)).toMatchObject({ status: "success" })
  })

  it("has no more room for the same thing in other spellings", async () => {
    const gateway = await start({ maxSubscriptions: 2 })
    const client = await TestClient.login(gateway.url, "KEY_A")
    const symbols = ["NSE", "nse", "Nse", "nsE"].map((exchange) => ({ symbol: "INFY", exchange }))
    const answer = await client.ask({ action: "subscribe", symbols: [...symbols, symbols[0]], mode: 1 })
    expect(
      (answer["subscriptions"] as ReadonlyArray<Record<string, unknown>>).map((s) => s["status"])
    ).toEqual(["success", "success", "error", "error", "success"])
    await client.subscribe("INFY", "nse", 1)
    await client.ask({ action: "unsubscribe", symbols: [symbols[0]], mode: 1 })
    expect(await client.subscribe("INFY", "Nse", 1)).toMatchObject({ status: "success" })
    expect(await client.subscribe("INFY", "nsE", 1)).toMatchObject({ status: "partial" })
  })

  it("that sends pings alone is limited as well", async () => {
    const gateway = await start({ maxMessagesPerSecond: 10 })
    const client = await TestClient.open(gateway.url)
    for (let i = 0; i < 100; i++) client.socket.ping()
    expect(await client.closed).toMatchObject({ code: 4429, reason: "too many messages" })
  })

  it("costs nothing by a MessagePack that claims gigabytes or nests without end", async () => {
    const gateway = await start()
    const other = await TestClient.login(gateway.url, "KEY_A")
    const packed = new WebSocket(gateway.url, "algoways.msgpack")
    await new Promise((resolve) => packed.once("open", resolve))
    const answers: Array<Buffer> = []
    packed.on("message", (data: Buffer) => answers.push(data))
    const before = process.memoryUsage().rss
    packed.send(Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0xdd, 0, 15, 255, 255]))))
    packed.send(Buffer.alloc(100_000, 0x91))
    packed.send(Buffer.from([0xdf, 255, 255, 255, 255, 0xa1, 0x61]))
    await expect.poll(() => answers.length).toBe(3)
    for (const answer of answers) expect(answer.includes("SERVER_ERROR")).toBe(true)
    // It was 900 MB, for 500 bytes.
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
    expect(await other.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    packed.close()
  })

  it("may name so many instruments in one request", async () => {
    const gateway = await start({ maxEntries: 100 })
    const client = await TestClient.login(gateway.url, "KEY_A")
    const symbols = Array.from({ length: 101 }, () => ({ symbol: "INFY", exchange: "NSE" }))
    expect(await client.ask({ action: "subscribe", instruments: Array(101).fill(7) })).toMatchObject({
      code: "INVALID_PARAMETERS"
    })
    for (const action of ["subscribe", "unsubscribe"]) {
      expect(await client.ask({ action, symbols, request_id: 1 })).toMatchObject({
        code: "INVALID_PARAMETERS",
        request_id: 1
      })
    }
    expect(await counted(gateway, "limited_total", "entries")).toBe(3)
  })

  it("that does not read its answers is not given more of them", { timeout: 20_000 }, async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    client.socket.pause()
    // Each is answered with some 300 KB.
    const symbols = Array.from({ length: 3000 }, () => ({ symbol: "INFY", exchange: "NSE" }))
    const asked = 100
    for (let i = 0; i < asked; i++) client.send({ action: "subscribe", symbols, mode: 1, request_id: i })
    await expect.poll(() => gateway.stats().messagesIn).toBeGreaterThan(20)
    const before = process.memoryUsage().rss
    const other = await TestClient.login(gateway.url, "KEY_A")
    for (let i = 0; i < 20; i++) expect(await other.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    client.socket.resume()
    // Nothing is lost: what fitted into its line is answered once it reads; beyond the line it was closed.
    const outcome = await Promise.race([
      client.closed,
      expect.poll(() => client.frames.length, { timeout: 15_000 }).toBe(asked + 1)
    ])
    expect(outcome === undefined || outcome.code === 1013).toBe(true)
  })

  it("that answers no pings is closed", async () => {
    const gateway = await start({ pingIntervalMs: 100, pongTimeoutMs: 300 })
    const silent = new WebSocket(gateway.url, { autoPong: false })
    const code = await new Promise<number>((resolve) => silent.on("close", resolve))
    expect(code).toBe(1011)
    const client = await TestClient.open(gateway.url)
    await expect.poll(() => client.pings).toBeGreaterThan(5)
    expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
  })

  it("pollutes nothing by its keys", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    for (const text of [
      '{"__proto__":{"action":"subscribe","polluted":1},"action":"ping"}',
      '{"action":"subscribe","symbol":"__proto__","exchange":"constructor","mode":1}',
      '{"constructor":{"prototype":{"polluted":1}},"action":"unsubscribe_all"}'
    ]) {
      client.socket.send(text)
      await client.next()
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
    expect(await client.subscribe("INFY", "NSE", 1)).toMatchObject({ status: "success" })
  })
})

describe("the clients of a key, and of a user", () => {
  const keys = ["one-key-of-asha-16", "another-of-asha-16"]
  const [first, second] = keys as [string, string]
  const symbols = ["INFY", "TCS", "RELIANCE"].map((symbol) => ({ symbol, exchange: "NSE" }))

  it.each([
    ["maxSubscriptionsPerKey", first, "The clients of an API key", "subscriptions_per_key"],
    ["maxSubscriptionsPerUser", second, "The clients of a user", "subscriptions_per_user"]
  ])("may hold so many subscriptions together: %s", async (option, key, whose, limit) => {
    const gateway = await start({ [option]: 3 }, { keys })
    const one = await TestClient.login(gateway.url, first)
    const two = await TestClient.login(gateway.url, key)
    await one.ask({ action: "subscribe", symbols: symbols.slice(0, 2), mode: 1 })
    const answer = await two.ask({ action: "subscribe", symbols, mode: 1 })
    expect(answer).toMatchObject({
      status: "partial",
      subscriptions: [
        { status: "success" },
        { status: "error", message: `${whose} may hold 3 subscriptions and holds 2` },
        { status: "error" }
      ]
    })
    expect(await counted(gateway, "limited_total", `"${limit}"`)).toBe(2)
    const other = await TestClient.login(gateway.url, "KEY_B")
    expect(await other.ask({ action: "subscribe", symbols, mode: 1 })).toMatchObject({ status: "success" })
    // Given back, by request and by leaving.
    await one.ask({ action: "unsubscribe", symbols: [symbols[0]] })
    expect(await two.subscribe("TCS", "NSE", 1)).toMatchObject({ status: "success" })
    expect(await two.subscribe("RELIANCE", "NSE", 1)).toMatchObject({ status: "partial" })
    await one.close()
    await expect.poll(async () => (await two.subscribe("RELIANCE", "NSE", 1))["status"]).toBe("success")
    await two.ask({ action: "unsubscribe_all" })
    expect(await two.ask({ action: "subscribe", symbols, mode: 1 })).toMatchObject({ status: "success" })
  })

  it.each([
    ["maxMessagesPerKeyPerSecond", "messages_per_key", "too_many_messages_of_key", "with this API key"],
    ["maxMessagesPerUserPerSecond", "messages_per_user", "too_many_messages_of_user", "of this user"]
  ])("may send so many messages together: %s", async (option, limit, ends, whose) => {
    const gateway = await start({ [option]: 10 }, { keys })
    const [flooding, modest] = [
      await TestClient.login(gateway.url, first),
      await TestClient.login(gateway.url, first)
    ]
    const other = await TestClient.login(gateway.url, "KEY_B")
    // What it has of its own grows with the time.
    await sleep(300)
    for (let i = 0; i < 200; i++) flooding.send({ action: "ping" })
    expect(await flooding.closed).toMatchObject({ code: 4429, reason: `too many messages ${whose}` })
    expect(await counted(gateway, "limited_total", `"${limit}"`)).toBeGreaterThan(0)
    expect(await counted(gateway, "closed_total", `"${ends}"`)).toBeGreaterThan(0)
    // A new connection is no new start, and costs those that send little nothing.
    const again = await TestClient.login(gateway.url, first)
    for (let i = 0; i < 40; i++) again.send({ action: "ping" })
    expect(await again.closed).toMatchObject({ code: 4429 })
    for (let i = 0; i < 4; i++) expect(await modest.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    expect(await other.ask({ action: "ping" })).toMatchObject({ type: "pong" })
  })

  it.each([
    ["maxEntriesPerSecond", "maxSubscriptions", "entries_per_second"],
    ["maxEntriesPerKeyPerSecond", "maxSubscriptionsPerKey", "entries_per_key"],
    ["maxEntriesPerUserPerSecond", "maxSubscriptionsPerUser", "entries_per_user"]
  ])("may name so many instruments: %s", async (rate, held, limit) => {
    const gateway = await start({ [rate]: 1, [held]: 10 }, { keys })
    const client = await TestClient.login(gateway.url, first)
    const ask = () => client.ask({ action: "subscribe", symbols, mode: 1, request_id: 5 })
    for (let i = 0; i < 6; i++) expect(await ask()).toMatchObject({ status: "success" })
    const refused = await ask()
    expect(refused).toMatchObject({ status: "error", code: "RATE_LIMITED", request_id: 5 })
    expect(refused["message"]).toMatch(/try again in \d s/)
    expect(await client.ask({ action: "unsubscribe", symbols })).toMatchObject({ code: "RATE_LIMITED" })
    expect(await counted(gateway, "limited_total", `"${limit}"`)).toBe(2)
    expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    for (let i = 0; i < 25; i++) client.send({ action: "subscribe", symbols, mode: 1 })
    expect(await client.closed).toMatchObject({ code: 4429, reason: "too many instruments asked for" })
  })
})

describe("requests that wait unread", () => {
  it("are so many bytes of all clients: beyond, the one with most of them is closed", async () => {
    const gateway = await start(
      { maxWaitingBytes: 300_000 },
      { adjust: (feed) => ({ ...feed, info: () => Effect.never }) }
    )
    const [modest, greedy] = [
      await TestClient.login(gateway.url, "KEY_A"),
      await TestClient.login(gateway.url, "KEY_B")
    ]
    const request = { action: "get_broker_info", pad: "x".repeat(50_000) }
    modest.send(request)
    modest.send(request)
    const waiting = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
      return Number(/^algoways_gateway_waiting_bytes (\d+)$/m.exec(text)?.[1])
    }
    // The first one is looked at.
    await expect.poll(waiting).toBe(JSON.stringify(request).length)
    for (let i = 0; i < 7; i++) greedy.send(request)
    expect(await greedy.closed).toMatchObject({ code: 1013, reason: "too many requests waiting" })
    expect(modest.socket.readyState).toBe(WebSocket.OPEN)
    expect(await counted(gateway, "limited_total", "waiting_bytes")).toBe(1)
  })
})

describe("pages", () => {
  it("of other sites may not connect where more than this machine can", () => {
    expect(originMay("", "feed.example", undefined, false)).toBe(true)
    expect(originMay("https://evil.example", "feed.example", undefined, false)).toBe(false)
    expect(originMay("https://feed.example", "feed.example", undefined, false)).toBe(true)
    expect(originMay("https://evil.example", "127.0.0.1:8765", undefined, true)).toBe(true)
    expect(originMay("null", "feed.example", undefined, false)).toBe(false)
    expect(originMay("https://Charts.example", "x", ["https://charts.example"], true)).toBe(true)
    expect(originMay("https://evil.example", "x", ["https://charts.example"], true)).toBe(false)
    expect(["127.0.0.1", "localhost", "::1", "0.0.0.0", "10.1.2.3"].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false
    ])
  })

  it("are declined with 403 when their origin is not listed", async () => {
    const gateway = await start({ allowedOrigins: ["https://charts.example"] })
    expect(await upgrade(gateway, { origin: "https://charts.example" })).toBe(101)
    expect(await upgrade(gateway, { origin: "https://evil.example" })).toBe(403)
    expect(await upgrade(gateway)).toBe(101)
    expect(await counted(gateway, "limited_total", "origin")).toBe(1)
  })

  it("are told plainly when keys travel in clear text", async () => {
    const logs: Array<string> = []
    await start({ host: "0.0.0.0" }, { logs })
    expect(logs.some((l) => l.includes("in clear text") && l.includes("--tls-cert"))).toBe(true)
    const quiet: Array<string> = []
    const gateway = await start({}, { logs: quiet })
    expect(quiet.some((l) => l.includes("clear text"))).toBe(false)
    await new Promise((resolve) => request(`http://127.0.0.1:${gateway.port}/health`, resolve).end())
  })
})
