import type { AddressInfo } from "node:net"
import { connect, createServer } from "node:net"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { INBOX_FRAMES } from "../../src/gateway/requests/inbox.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const open: Array<{ readonly close: () => Promise<void> }> = []
const start = async (options: GatewayOptions = {}, extras: TestExtras = {}): Promise<TestGateway> => {
  const gateway = await startGateway(options, extras)
  open.push(gateway)
  return gateway
}
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

const ltp = (symbol: string, price: number) => ({
  symbol,
  exchange: "NSE",
  level: "LTP" as const,
  data: { ltp: price, timestamp: 1764040501250 }
})
const levels = (count: number) => Array.from({ length: count }, () => ({ price: 1, quantity: 1, orders: 1 }))
const book = (symbol: string, price: number, count = 5) => ({
  symbol,
  exchange: "NSE",
  level: "DEPTH" as const,
  data: { ltp: price, timestamp: 1764040501250, depth: { buy: levels(count), sell: levels(count) } }
})

describe("requests", () => {
  it("that are pipelined behind a slow login are answered in order", async () => {
    const gateway = await start()
    const client = await TestClient.open(gateway.url)
    client.send({ action: "authenticate", api_key: "KEY_SLOW", request_id: 0 })
    const symbols = Array.from({ length: 3000 }, (_, i) => ({
      symbol: `BULK${String(i).padStart(4, "0")}`,
      exchange: "NSE"
    }))
    client.send({ action: "subscribe", symbols, mode: 1, request_id: 1 })
    for (let i = 2; i < 100; i++) {
      client.send({ action: "subscribe", symbol: "TCS", exchange: "NSE", mode: (i % 3) + 1, request_id: i })
    }
    const answers = []
    for (let i = 0; i < 100; i++) answers.push(await client.next())
    expect(answers.map((a) => a["request_id"])).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(answers[1]).toMatchObject({ type: "subscribe", status: "success" })
    expect(answers[1]!["subscriptions"]).toHaveLength(3000)
    gateway.feed.tick(ltp("BULK2999", 7.25))
    expect(await client.next()).toMatchObject({
      type: "market_data",
      symbol: "BULK2999",
      data: { ltp: 7.25 }
    })
  })

  it("may come in binary frames", async () => {
    const gateway = await start()
    const client = await TestClient.open(gateway.url)
    client.socket.send(Buffer.from(JSON.stringify({ action: "auth", apikey: "KEY_A" })))
    expect(await client.next()).toMatchObject({ type: "auth", user_id: "asha" })
  })

  it("get their request_id back with errors too", async () => {
    const gateway = await start()
    const client = await TestClient.open(gateway.url)
    const ask = (frame: object) => client.ask({ ...frame, request_id: { n: 1 } })
    const echo = { status: "error", request_id: { n: 1 } }
    expect(await ask({ action: "subscribe" })).toMatchObject({ ...echo, code: "NOT_AUTHENTICATED" })
    expect(await ask({ action: "auth", api_key: "x" })).toMatchObject({
      ...echo,
      code: "AUTHENTICATION_ERROR"
    })
    await client.ask({ action: "auth", api_key: "KEY_A" })
    expect(await ask({ action: "subscribe" })).toMatchObject({ ...echo, code: "INVALID_PARAMETERS" })
    expect(await ask({ action: "dance" })).toMatchObject({ ...echo, code: "INVALID_ACTION" })
  })

  it("that are bad do not disturb what follows or anybody else", async () => {
    const gateway = await start()
    const other = await TestClient.login(gateway.url, "KEY_B")
    await other.subscribe("TCS", "NSE", 1)
    const client = await TestClient.login(gateway.url, "KEY_A")
    const answer = await client.ask({
      action: "subscribe",
      mode: "LTP",
      symbols: [
        7,
        { symbol: "NOSUCH", exchange: "NSE" },
        { symbol: "TCS", exchange: "MOON" },
        { symbol: "TCS", exchange: "NSE" }
      ]
    })
    const entries = answer["subscriptions"] as ReadonlyArray<{
      readonly status: string
      readonly message?: string
    }>
    expect(entries.map((e) => e.status)).toEqual(["error", "error", "error", "success"])
    expect(entries[0]!.message).toContain("Entry 1 is 7")
    client.socket.send("{{{")
    expect(await client.next()).toMatchObject({ code: "INVALID_JSON" })
    gateway.feed.tick(ltp("TCS", 3110))
    expect(await client.next()).toMatchObject({ data: { ltp: 3110 }, broker: "alpha" })
    expect(await other.next()).toMatchObject({ data: { ltp: 3110 }, broker: "beta" })
  })

  it("that hit a fault of the feed answer SERVER_ERROR, and the next one is served", async () => {
    let faults = 1
    const gateway = await start(
      {},
      {
        adjust: (feed) => ({
          ...feed,
          subscribe: (...args) =>
            faults-- > 0 ? Effect.die(new Error("boom KEY_A")) : feed.subscribe(...args)
        })
      }
    )
    const client = await TestClient.login(gateway.url, "KEY_A")
    const failed = await client.subscribe("TCS", "NSE", 1, { request_id: 5 })
    expect(failed).toMatchObject({ status: "error", code: "SERVER_ERROR", request_id: 5 })
    expect(JSON.stringify(failed)).not.toContain("boom")
    expect(await client.subscribe("TCS", "NSE", 1)).toMatchObject({ type: "subscribe", status: "success" })
  })

  it("beyond a message of 1 MiB close with 1009, one of 1 MiB is read", async () => {
    const gateway = await start()
    const other = await TestClient.login(gateway.url, "KEY_A")
    const client = await TestClient.open(gateway.url)
    const ping = JSON.stringify({ action: "ping" })
    client.socket.send(ping.padEnd(1024 * 1024, " "))
    expect(await client.next()).toMatchObject({ type: "pong" })
    client.socket.send(ping.padEnd(1024 * 1024 + 1, " "))
    expect(await client.closed).toEqual({ code: 1009, reason: "message too big" })
    expect(await other.ask({ action: "ping" })).toMatchObject({ type: "pong" })
  })

  it("that pile up without end close with 1013", async () => {
    const gateway = await start({}, { adjust: (feed) => ({ ...feed, attach: () => Effect.never }) })
    const client = await TestClient.open(gateway.url)
    client.send({ action: "authenticate", api_key: "KEY_A" })
    for (let i = 0; i <= INBOX_FRAMES; i++) client.send({ action: "ping" })
    expect(await client.closed).toEqual({ code: 1013, reason: "too many requests waiting" })
    await expect.poll(() => gateway.feed.released.length).toBe(1)
  })
})

describe("accounts", () => {
  it("with a broker that is down are logged in, and served once it is there", async () => {
    const gateway = await start({ authGraceMs: 300 })
    const client = await TestClient.open(gateway.url)
    const answer = await client.ask({ action: "authenticate", api_key: "KEY_BROKERDOWN" })
    expect(answer).toMatchObject({ type: "auth", status: "success", feed: { state: "reconnecting" } })
    expect(await client.ask({ action: "get_broker_info" })).toMatchObject({ adapter_status: "disconnected" })
    expect(await client.subscribe("TCS", "NSE", 1)).toMatchObject({ status: "success", broker: "alpha" })
    gateway.feed.tick(ltp("TCS", 3110))
    expect(await client.next()).toMatchObject({ type: "market_data" })
    expect(gateway.stats().authenticated).toBe(1)
  })

  it("without a broker are logged in, hold what they ask for, and get orders", async () => {
    const gateway = await start({ maxSubscriptions: 2 })
    const client = await TestClient.login(gateway.url, "KEY_NOBROKER")
    for (const symbol of ["TCS", "INFY"]) {
      expect(await client.subscribe(symbol, "NSE", 1)).toMatchObject({ status: "success", broker: "none" })
    }
    expect(await client.subscribe("SBIN", "NSE", 1)).toMatchObject({ status: "partial" })
    const unsubscribe = { action: "unsubscribe", symbol: "TCS", exchange: "NSE" }
    expect(await client.ask(unsubscribe)).toMatchObject({ status: "success", broker: "none" })
    expect(await client.subscribe("SBIN", "NSE", 1)).toMatchObject({ status: "success" })
    expect(await client.ask({ action: "unsubscribe_all" })).toMatchObject({
      status: "success",
      successful: [{ symbol: "INFY" }, { symbol: "SBIN" }]
    })
    expect(await client.ask({ action: "get_broker_info" })).toMatchObject({ code: "BROKER_ERROR" })
    expect(await client.ask({ action: "subscribe_orders" })).toMatchObject({ status: "success" })
    await client.close()
    await expect.poll(() => gateway.feed.released.length).toBe(1)
  })

  it("are answered in time by a feed that never answers, and served by it in the end", async () => {
    let answers = false
    const gateway = await start(
      {},
      {
        adjust: (feed) => ({
          ...feed,
          attach: (user, reader) => (answers ? feed.attach(user, reader) : Effect.never),
          info: (user) => (answers ? feed.info(user) : Effect.never)
        })
      }
    )
    const client = await TestClient.open(gateway.url)
    const begun = Date.now()
    const answer = await client.ask({ action: "authenticate", api_key: "KEY_A" })
    // Existing clients give up after five seconds.
    expect(Date.now() - begun).toBeLessThan(4500)
    expect(answer).toMatchObject({ type: "auth", status: "success", feed: { state: "connecting" } })
    answers = true
    expect(await client.subscribe("TCS", "NSE", 1)).toMatchObject({ status: "success" })
    await expect.poll(() => gateway.feed.readers("asha/NSE:TCS/ltp"), { timeout: 5000 }).toBe(1)
    gateway.feed.tick(ltp("TCS", 3110))
    expect(await client.next()).toMatchObject({ type: "market_data" })
  })

  it("find their feed again through one client, and all of them are served", async () => {
    const gateway = await start()
    gateway.feed.become({ user_id: "asha", state: "unreachable" })
    const clients = await Promise.all([1, 2, 3].map(() => TestClient.login(gateway.url, "KEY_A")))
    for (const client of clients) await client.subscribe("TCS", "NSE", 1)
    const before = gateway.feed.attaches
    gateway.feed.become({ user_id: "asha", state: "connected" })
    await expect.poll(() => gateway.feed.readers("asha/NSE:TCS/ltp"), { timeout: 5000 }).toBe(3)
    expect(gateway.feed.attaches - before).toBeLessThan(8)
    gateway.feed.tick(ltp("TCS", 3110))
    for (const client of clients) expect(await client.next()).toMatchObject({ type: "market_data" })
  })

  it("are switched by another user's key: the first one's data stops, its reader is released", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("TCS", "NSE", 1)
    await client.ask({ action: "subscribe_orders" })
    expect(gateway.feed.readers("asha/NSE:TCS/ltp")).toBe(1)
    expect(await client.ask({ action: "auth", api_key: "KEY_B" })).toMatchObject({ user_id: "bina" })
    expect(gateway.feed.readers("asha/NSE:TCS/ltp")).toBe(0)
    expect(gateway.feed.released).toHaveLength(1)
    gateway.feed.tick(ltp("TCS", 1))
    gateway.order("asha", { orderid: "1" } as never)
    expect(await client.settle()).toEqual([])
    await client.subscribe("TCS", "NSE", 1)
    gateway.feed.tick({ ...ltp("TCS", 2), account: "bina" })
    expect(await client.next()).toMatchObject({ data: { ltp: 2 }, broker: "beta" })
    expect(gateway.stats()).toMatchObject({ clients: 1, authenticated: 1 })
  })

  it("stay as they are when a wrong key is tried", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("TCS", "NSE", 1)
    expect(await client.ask({ action: "auth", api_key: "wrong" })).toMatchObject({
      code: "AUTHENTICATION_ERROR"
    })
    gateway.feed.tick(ltp("TCS", 1))
    expect(await client.next()).toMatchObject({ type: "market_data" })
  })

  it("keep their keys out of logs and metrics", async () => {
    const logs: Array<string> = []
    const gateway = await start({}, { logs })
    const client = await TestClient.open(gateway.url)
    await client.ask({ action: "authenticate", api_key: "a-secret-nobody-knows" })
    client.socket.send('{"action":"authenticate","api_key":"a-secret-cut-off')
    await client.next()
    await client.ask({ action: "authenticate", api_key: "KEY_A" })
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
    const all = logs.join("\n") + metrics + JSON.stringify(client.frames)
    expect(logs.join("\n")).toContain("a client is logged in")
    expect(all).not.toContain("a-secret")
    expect(all).not.toContain("KEY_A")
  })
})

describe("spellings and depth levels", () => {
  it("of one instrument get a frame each, in their own words", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("TCS", "NSE", 3)
    await client.subscribe("TCS", "nse", "depth")
    expect(await client.subscribe("TCS", "NSE", 4)).toMatchObject({
      subscriptions: [{ mode: "Depth", depth: 5 }]
    })
    expect(await client.subscribe("TCS:50", "NSE", 3)).toMatchObject({
      subscriptions: [
        {
          symbol: "TCS:50",
          depth: 20,
          requested_depth: 50,
          actual_depth: 20,
          is_fallback: true,
          message: expect.any(String)
        }
      ]
    })
    gateway.feed.tick(book("TCS", 3110))
    const seen = (await client.settle()).map((f) => `${f["exchange"]}:${f["symbol"]} ${f["mode"]}`)
    expect(seen.sort()).toEqual(["NSE:TCS 3", "NSE:TCS 4", "NSE:TCS:50 3", "nse:TCS 3"])
    // The feed counts one subscription per level until the last spelling of the mode goes.
    for (const [symbol, exchange] of [
      ["TCS", "NSE"],
      ["TCS:50", "NSE"]
    ]) {
      await client.ask({ action: "unsubscribe", symbol, exchange })
    }
    gateway.feed.tick(book("TCS", 3111))
    expect((await client.settle()).map((f) => f["exchange"])).toEqual(["nse"])
    await client.ask({ action: "unsubscribe", symbol: "TCS", exchange: "nse", mode: 3 })
    expect(gateway.feed.held).toBe(0)
  })

  it("another level of the same thing takes the place of the first", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("TCS", "NSE", 3)
    await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    gateway.feed.tick(book("TCS", 3110, 20))
    const frames = await client.settle()
    expect(frames).toHaveLength(1)
    const { depth } = frames[0]!["data"] as { readonly depth: { readonly buy: ReadonlyArray<unknown> } }
    expect(depth.buy).toHaveLength(20)
    await client.ask({ action: "unsubscribe_all" })
    expect(gateway.feed.held).toBe(0)
  })

  it("a depth that is no number fails its entries in depth mode, and means nothing in the others", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    expect(await client.subscribe("TCS", "NSE", 3, { depth: "deep" })).toMatchObject({
      status: "partial",
      subscriptions: [{ status: "error", message: expect.stringContaining('"deep"') }]
    })
    expect(await client.subscribe("TCS:20", "NSE", 3, { depth: "deep" })).toMatchObject({
      subscriptions: [{ status: "success", depth: 20 }]
    })
    expect(await client.subscribe("TCS", "NSE", 1, { depth: "deep" })).toMatchObject({
      subscriptions: [{ status: "success", mode: "LTP", depth: 5 }]
    })
  })

  it("an unsubscribe without a mode takes all of them", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    for (const mode of [1, 2, 3]) await client.subscribe("TCS", "NSE", mode)
    expect(
      await client.ask({ action: "unsubscribe", symbols: [{ symbol: "TCS", exchange: "NSE" }] })
    ).toMatchObject({
      status: "success",
      successful: [{ symbol: "TCS" }]
    })
    expect(gateway.feed.held).toBe(0)
    gateway.feed.tick(book("TCS", 1))
    expect(await client.settle()).toEqual([])
  })
})

describe("connections", () => {
  it("that end give everything back", async () => {
    const gateway = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    for (const symbol of ["TCS", "INFY", "RELIANCE:20"]) await client.subscribe(symbol, "NSE", 3)
    expect(gateway.feed.held).toBe(3)
    client.socket.terminate()
    await expect.poll(() => gateway.feed.held).toBe(0)
    await expect.poll(() => gateway.stats()).toMatchObject({ clients: 0, authenticated: 0 })
    expect(gateway.feed.released).toHaveLength(1)
    const before = gateway.stats().framesOut
    gateway.feed.tick(book("TCS", 1))
    expect(gateway.stats().framesOut).toBe(before)
  })

  it("that end during a request give everything back", async () => {
    let entered = false
    const gateway = await start(
      {},
      {
        adjust: (feed) => ({
          ...feed,
          // The feed has taken the request; its answer never comes.
          subscribe: (...args) =>
            Effect.andThen(
              feed.subscribe(...args),
              Effect.suspend(() => {
                entered = true
                return Effect.never
              })
            )
        })
      }
    )
    const client = await TestClient.login(gateway.url, "KEY_A")
    client.send({ action: "subscribe", symbol: "TCS", exchange: "NSE" })
    await expect.poll(() => entered).toBe(true)
    expect(gateway.feed.held).toBe(1)
    client.socket.terminate()
    await expect.poll(() => gateway.feed.held).toBe(0)
  })

  it("are pinged", async () => {
    const gateway = await start({ pingIntervalMs: 50 })
    const client = await TestClient.open(gateway.url)
    await expect.poll(() => client.pings).toBeGreaterThan(1)
    expect(client.frames).toEqual([])
  })

  it("of AmiBroker, which always sends the same key, are served", async () => {
    const gateway = await start()
    const socket = connect(gateway.port, "127.0.0.1")
    let received = ""
    socket.on("data", (data) => (received += data.toString("latin1")))
    const frame = (value: object) => {
      const payload = Buffer.from(JSON.stringify(value))
      // Masked with zeros; up to 125 bytes.
      return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
    }
    socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await expect.poll(() => received).toContain("101 Switching Protocols")
    expect(received.length).toBeLessThan(1023)
    socket.write(frame({ action: "authenticate", api_key: "KEY_A" }))
    await expect.poll(() => received).toContain("success")
    socket.write(frame({ action: "subscribe", symbol: "TCS", exchange: "NSE", mode: 2 }))
    await expect.poll(() => received).toContain('"type":"subscribe"')
    gateway.feed.tick({ ...ltp("TCS", 3110.5), level: "QUOTE" })
    await expect.poll(() => received).toContain('"ltp":3110.5')
    expect(gateway.stats().framesOut).toBe(1)
    socket.destroy()
    await expect.poll(() => gateway.feed.held).toBe(0)
  })
})

describe("the port", () => {
  it("in use fails with its number and what to do, and the first gateway goes on", async () => {
    const port = await freePort()
    const first = await start({ port })
    const failure = await startGateway({ port }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ _tag: "ListenFailed", port, code: "EADDRINUSE" })
    const { message } = failure as Error
    expect(message).toContain(`127.0.0.1:${port}`)
    expect(message).toContain("another process uses the port")
    expect(message).toContain("--port")
    for (let i = 0; i < 5; i++) {
      const client = await TestClient.open(first.url)
      expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    }
    expect(first.stats().messagesIn).toBe(5)
  })

  it("of a host that this machine does not have fails with what to do", async () => {
    const failure = await startGateway({ host: "203.0.113.7", port: 1234 }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ _tag: "ListenFailed", code: "EADDRNOTAVAIL" })
    expect((failure as Error).message).toContain("--host")
  })

  it("is free again right after a shutdown, and clients see a drop without a handshake", async () => {
    const gateway = await start({ port: await freePort() })
    const clients = []
    for (let i = 0; i < 20; i++) clients.push(await TestClient.login(gateway.url, "KEY_A"))
    await clients[0]!.subscribe("TCS", "NSE", 1)
    const began = performance.now()
    await gateway.close()
    expect(performance.now() - began).toBeLessThan(500)
    for (const client of clients) expect((await client.closed).code).toBe(1006)
    expect(gateway.feed.released).toHaveLength(20)
    expect(gateway.feed.held).toBe(0)
    const again = await start({ port: gateway.port })
    expect(await (await TestClient.open(again.url)).ask({ action: "ping" })).toMatchObject({ type: "pong" })
  })

  it("tells those that speak more than the older protocol, with 1012", async () => {
    const gateway = await start()
    const modern = await Promise.all(
      [{ events: true }, { snapshot: true }, { clocks: true }].map(async (options) => {
        const client = await TestClient.open(gateway.url)
        await client.ask({ action: "authenticate", api_key: "KEY_A", ...options })
        return client
      })
    )
    const old = await TestClient.login(gateway.url, "KEY_A")
    await modern[0]!.subscribe("TCS", "NSE", 1)
    await gateway.close()
    for (const client of modern)
      expect(await client.closed).toEqual({ code: 1012, reason: "service restart" })
    expect((await old.closed).code).toBe(1006)
    expect(gateway.feed.released).toHaveLength(4)
  })

  it("closes in time also when the feed does not answer", async () => {
    const gateway = await start({}, { adjust: (feed) => ({ ...feed, release: () => Effect.never }) })
    const client = await TestClient.login(gateway.url, "KEY_A")
    const began = performance.now()
    await gateway.close()
    expect(performance.now() - began).toBeLessThan(1000)
    expect((await client.closed).code).toBe(1006)
  })

  it("answers plain HTTP", async () => {
    const gateway = await start({ version: "1.2.3" })
    const base = `http://127.0.0.1:${gateway.port}`
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("TCS", "NSE", 1)
    gateway.feed.tick(ltp("TCS", 1))
    await client.next()
    await client.ask({ action: "dance" })
    await TestClient.login(gateway.url, "KEY_BROKERDOWN")
    const health = await fetch(`${base}/health`)
    expect(health.headers.get("content-type")).toContain("application/json")
    expect(await health.json()).toEqual({
      status: "ok",
      version: "1.2.3",
      uptime_seconds: expect.any(Number),
      clients: 2,
      authenticated: 2,
      feeds: { connected: 1, reconnecting: 1 }
    })
    const metrics = await (await fetch(`${base}/metrics`)).text()
    expect(metrics).toContain("# TYPE algoways_gateway_clients gauge")
    expect(metrics).toMatch(/^algoways_gateway_frames_out_total \d+$/m)
    expect(metrics).toMatch(/^algoways_gateway_errors_total\{code="INVALID_ACTION"\} \d+$/m)
    expect(metrics).toMatch(/^algoways_gateway_topics 1$/m)
    for (const path of ["/", "/ws", "/health/x"]) {
      const answer = await fetch(base + path)
      expect([answer.status, answer.headers.get("upgrade")]).toEqual([426, "websocket"])
    }
    expect((await fetch(base, { method: "POST", body: "x" })).status).toBe(426)
  })

  it.each(["/", "/ws", "/health", "/metrics", "/any/path?x=1"])("upgrades on %s", async (path) => {
    const gateway = await start()
    const client = await TestClient.open(gateway.url + path)
    expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
  })
})
