/** What clients get of the feed: all of it while they read, the newest of it when they do not, and the truth about it. */
import { request } from "node:http"
import { decode, encode } from "@msgpack/msgpack"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { FeedError } from "../../src/bus/feed.ts"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { TestClient } from "./support/testClient.ts"
import type { Json } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const gateways: Array<TestGateway> = []
const start = async (options: GatewayOptions = {}): Promise<TestGateway> => {
  const gateway = await startGateway(options)
  gateways.push(gateway)
  return gateway
}
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
})

const login = async (url: string, optIns: Json = {}): Promise<TestClient> => {
  const client = await TestClient.open(url)
  await client.ask({ action: "authenticate", api_key: "KEY_A", ...optIns })
  return client
}

const levels = Array.from({ length: 200 }, (_, i) => ({ price: 3110 + i / 20, quantity: 100 + i, orders: 1 }))
const anOrder = {
  mode: "live",
  broker: "alpha",
  orderid: "1",
  symbol: "INFY",
  exchange: "NSE",
  action: "BUY",
  quantity: 1,
  price: 1500,
  trigger_price: 0,
  pricetype: "LIMIT",
  product: "MIS",
  order_status: "open",
  filled_quantity: 0,
  pending_quantity: 1,
  average_price: 0,
  rejection_reason: ""
} as const
let clock = 1_764_040_501_000
const deep = (symbol: string, ltp: number) => ({
  symbol,
  exchange: "NSE",
  level: "DEPTH" as const,
  data: { ltp, timestamp: ++clock, depth: { buy: levels, sell: levels } }
})
const quote = (symbol: string, ltp: number) => ({
  symbol,
  exchange: "NSE",
  level: "QUOTE" as const,
  data: { ltp, timestamp: ++clock }
})
const ticksOf = (client: TestClient, symbol: string) =>
  client.frames
    .filter((f) => f["type"] === "market_data" && f["symbol"] === symbol)
    .map((f) => (f["data"] as { ltp: number }).ltp)

/** Lets a reader stand still and the market move until it lags and frames of it have been conflated. */
const overrun = async (gateway: TestGateway, slow: TestClient, quick: TestClient, least: () => boolean) => {
  slow.socket.pause()
  let sent = 0
  while (!least()) {
    for (let i = 0; i < 50; i++) gateway.feed.tick(deep("TCS", ++sent))
    await quick.settle()
    if (sent > 200_000) throw new Error("the reader never fell behind")
  }
  return sent
}

describe("a client that does not read", () => {
  it("gets the last value of everything when it reads again, in order, and nobody else notices", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url)
    for (const client of [quick, slow]) {
      await client.subscribe("TCS", "NSE", 3, { depth: 20 })
      await client.subscribe("INFY", "NSE", 2)
    }
    gateway.feed.tick(quote("INFY", 1))
    const sent = await overrun(gateway, slow, quick, () => gateway.stats().framesOut > 20_000)
    gateway.feed.tick(quote("INFY", 2))
    slow.socket.resume()
    await expect.poll(() => ticksOf(slow, "TCS").at(-1), { timeout: 5000 }).toBe(sent)
    await expect.poll(() => ticksOf(slow, "INFY").at(-1)).toBe(2)
    const got = ticksOf(slow, "TCS")
    expect(got.length).toBeLessThan(sent)
    expect(got).toEqual([...got].sort((a, b) => a - b))
    expect(new Set(got).size).toBe(got.length)
    expect(ticksOf(quick, "TCS")).toHaveLength(sent)
    expect(gateway.stats().conflated).toBe(sent - got.length)
    expect(gateway.stats().slowClosed).toBe(0)
    // It is back in the fan-out.
    gateway.feed.tick(deep("TCS", sent + 1))
    await expect.poll(() => ticksOf(slow, "TCS").at(-1)).toBe(sent + 1)
  })

  it("is told what it missed, when it asked for events", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url, { events: true })
    for (const client of [quick, slow]) await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    const sent = await overrun(gateway, slow, quick, () => gateway.stats().framesOut > 20_000)
    slow.socket.resume()
    await expect.poll(() => ticksOf(slow, "TCS").at(-1), { timeout: 5000 }).toBe(sent)
    const missed = () =>
      slow.frames
        .filter((f) => f["type"] === "notice")
        .reduce((sum, f) => sum + (f["conflated"] as number), 0)
    await expect.poll(missed).toBe(sent - ticksOf(slow, "TCS").length)
    const notice = slow.frames.find((f) => f["type"] === "notice")!
    expect(notice["symbols"]).toMatchObject([{ symbol: "TCS", exchange: "NSE", mode: 3 }])
    const numbered = slow.frames.filter((f) => "seq" in f).map((f) => f["seq"])
    expect(numbered).toEqual(numbered.map((_, i) => i + 1))
    expect(quick.frames.some((f) => "seq" in f || f["type"] === "notice")).toBe(false)
  })

  it("may choose to lose the oldest, or to be closed", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024, historyFrames: 100 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url)
    const proud = await login(gateway.url)
    await quick.subscribe("TCS", "NSE", 3, { depth: 20 })
    await slow.subscribe("TCS", "NSE", 3, { depth: 20, slow: "drop-oldest" })
    await proud.subscribe("TCS", "NSE", 3, { depth: 20, slow: "close" })
    proud.socket.pause()
    const sent = await overrun(gateway, slow, quick, () => gateway.stats().framesOut > 30_000)
    expect(gateway.stats().slowClosed).toBe(1)
    slow.socket.resume()
    proud.socket.resume()
    await expect.poll(() => ticksOf(slow, "TCS").at(-1), { timeout: 5000 }).toBe(sent)
    const got = ticksOf(slow, "TCS")
    expect(got.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => sent - 99 + i))
    expect(gateway.stats().dropped).toBe(sent - got.length)
    expect([4408, 1006]).toContain((await proud.closed).code)
  })

  it("is closed when it never comes back", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024, maxLagMs: 500 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url)
    for (const client of [quick, slow]) await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    await overrun(gateway, slow, quick, () => gateway.stats().slowClosed > 0)
    await expect.poll(() => gateway.stats().clients, { timeout: 5000 }).toBe(1)
    await expect.poll(() => gateway.feed.readers("asha/NSE:TCS/depth/20")).toBe(1)
  })

  it("names an unusable choice", async () => {
    const gateway = await start()
    const client = await login(gateway.url)
    for (const wrong of [{ slow: "never" }, { interval_ms: -1 }, { interval_ms: "fast" }]) {
      const answer = await client.subscribe("TCS", "NSE", 2, { ...wrong, request_id: 5 })
      expect(answer).toMatchObject({ status: "error", code: "INVALID_PARAMETERS", request_id: 5 })
    }
  })
})

describe("a client that asks for more", () => {
  it("gets fewer ticks at its own interval, and the last one always", async () => {
    const gateway = await start()
    const client = await login(gateway.url)
    await client.subscribe("INFY", "NSE", 2, { interval_ms: 150 })
    for (let i = 1; i <= 10; i++) gateway.feed.tick(quote("INFY", i))
    await expect.poll(() => ticksOf(client, "INFY")).toEqual([1, 10])
    await client.settle()
    await client.ask({ action: "unsubscribe", symbol: "INFY", exchange: "NSE", mode: 2 })
    expect(gateway.feed.held).toBe(0)
  })

  it("hears of the feed in order with the ticks, and only of what it holds", async () => {
    const gateway = await start()
    const plain = await login(gateway.url)
    const client = await login(gateway.url, { events: true })
    for (const c of [plain, client]) await c.subscribe("INFY", "NSE", 2)
    const envelope = { user: "asha", broker: "alpha", at: 1 }
    gateway.feed.tick(quote("INFY", 1))
    gateway.tell({
      ...envelope,
      type: "feed_down",
      connection: 1,
      cause: "ConnectionLost",
      detail: "reset",
      since: 1
    })
    gateway.tell({ ...envelope, user: "bina", type: "waiting_for_login", reason: "expired" })
    gateway.tell({ ...envelope, type: "stale", instruments: [{ symbol: "TCS", exchange: "NSE" }] })
    gateway.tell({
      ...envelope,
      type: "stale",
      instruments: [
        { symbol: "TCS", exchange: "NSE" },
        { symbol: "INFY", exchange: "NSE" }
      ]
    })
    gateway.tell({ ...envelope, type: "feed_up", connection: 1, gap_ms: 40, restored: 2, failed: 0 })
    gateway.feed.tick(quote("INFY", 2))
    const heard = await client.settle()
    expect(heard.map((f) => [f["seq"], f["event"] ?? f["type"]])).toEqual([
      [1, "market_data"],
      [2, "feed_down"],
      [3, "stale"],
      [4, "feed_up"],
      [5, "market_data"]
    ])
    expect(heard[2]!["instruments"]).toEqual([{ symbol: "INFY", exchange: "NSE" }])
    expect(heard.some((f) => "user" in f)).toBe(false)
    expect((await plain.settle()).map((f) => f["type"])).toEqual(["market_data", "market_data"])
  })

  it("gets the last known tick behind the acknowledgement, marked and in its own spelling", async () => {
    const gateway = await start()
    const first = await login(gateway.url)
    await first.subscribe("TCS", "NSE", 3)
    gateway.feed.tick(deep("TCS", 42))
    await first.next()
    const client = await login(gateway.url, { snapshot: true })
    const answer = await client.ask({
      action: "subscribe",
      mode: 4,
      symbols: [
        { symbol: "TCS", exchange: "nse" },
        { symbol: "INFY", exchange: "NSE" }
      ]
    })
    expect(answer["type"]).toBe("subscribe")
    const snapshot = await client.next()
    expect(snapshot).toMatchObject({
      snapshot: true,
      mode: 4,
      exchange: "nse",
      data: { ltp: 42, exchange: "nse" }
    })
    expect(await client.settle()).toEqual([])
    expect((await first.settle()).length).toBe(0)
  })

  it("is served all the same when no last tick can be had", async () => {
    const broken = new FeedError({ code: "BROKER_CONNECTION_ERROR", detail: "the feed is silent" })
    const gateway = await startGateway(
      {},
      { adjust: (feed) => ({ ...feed, last: () => Effect.fail(broken) }) }
    )
    gateways.push(gateway)
    const client = await login(gateway.url, { snapshot: true })
    expect(await client.subscribe("TCS", "NSE", 3)).toMatchObject({ status: "success" })
    gateway.feed.tick(deep("TCS", 43))
    expect(await client.settle()).toMatchObject([{ type: "market_data", data: { ltp: 43 } }])
  })

  it("can compute every leg of the latency", async () => {
    const gateway = await start()
    const client = await login(gateway.url, { clocks: true })
    await client.subscribe("INFY", "NSE", 2)
    const before = Date.now()
    const { data } = quote("INFY", 1)
    gateway.feed.tick({ ...quote("INFY", 1), data: { ...data, exchange_time: data.timestamp - 5 } })
    const { times } = (await client.next()) as { times: Record<string, number> }
    expect(times["exchange"]).toBe(data.timestamp - 5)
    expect(times["received"]! - times["exchange"]!).toBeGreaterThan(0)
    expect(times["sent"]).toBeGreaterThanOrEqual(before)
    expect(times).toHaveProperty("published")
  })
})

/** The upgrade by hand: clients of the usual libraries give up without a protocol that they named. */
const agreedTo = (url: string, offered: string): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const asked = request({
      hostname,
      port,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": offered
      }
    })
    asked.once("error", reject)
    asked.once("upgrade", ({ headers }, socket) => {
      socket.destroy()
      resolve(headers["sec-websocket-protocol"])
    })
    asked.end()
  })

describe("sub-protocols", () => {
  it.each([
    ["algoways.msgpack", "algoways.msgpack"],
    ["json , algoways.msgpack", "algoways.msgpack"],
    ["msgpack", undefined],
    ["json, mqtt", undefined],
    ["algoways.msgpack2", undefined]
  ])("of %s agree to %s", async (offered, agreed) => {
    const gateway = await start()
    expect(await agreedTo(gateway.url, offered)).toBe(agreed)
  })
})

describe("MessagePack", () => {
  it("says the same as JSON, to those who chose it", async () => {
    const gateway = await start()
    const text = await login(gateway.url)
    const socket = new WebSocket(gateway.url, ["other", "algoways.msgpack"])
    const frames: Array<Json> = []
    const texts: Array<string> = []
    socket.on("message", (bytes: Buffer, binary) => {
      if (binary) frames.push(decode(bytes) as Json)
      else texts.push(bytes.toString())
    })
    await new Promise((resolve) => socket.once("open", resolve))
    expect(socket.protocol).toBe("algoways.msgpack")
    socket.send(encode({ action: "authenticate", api_key: "KEY_A", events: true }))
    socket.send(encode({ action: "subscribe", symbol: "TCS", exchange: "NSE", mode: 3, request_id: 9 }))
    socket.send(JSON.stringify({ action: "subscribe", symbol: "TCS", exchange: "NSE", mode: 4 }))
    socket.send(Buffer.from([0xc1]))
    await expect.poll(() => frames.length).toBe(4)
    expect(frames[0]).toMatchObject({ type: "auth", status: "success", options: { events: true } })
    expect(frames[1]).toMatchObject({ type: "subscribe", request_id: 9 })
    expect(frames[3]).toMatchObject({ status: "error" })
    await text.subscribe("TCS", "NSE", 3)
    gateway.feed.tick(deep("TCS", 3110.05))
    await expect.poll(() => frames.length).toBe(6)
    const same = await text.next()
    const { seq: _, ...packed } = frames.find((f) => f["mode"] === 3)!
    expect(packed).toEqual(same)
    expect(frames.slice(4).map((f) => [f["mode"], f["seq"]])).toEqual([
      [3, 1],
      [4, 2]
    ])
    socket.send(encode({ action: "subscribe_orders" }))
    await expect.poll(() => frames.length).toBe(7)
    gateway.order("asha", { ...anOrder, orderid: "77" })
    await expect.poll(() => frames.at(-1)).toMatchObject({ type: "order_update", orderid: "77" })
    expect(texts).toEqual([])
    socket.close()
  })
})
