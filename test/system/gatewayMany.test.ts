/** Clients that hold much, lag far behind, or spell as they please: what they do with all of it at once, and what others see. */
import { afterEach, describe, expect, it } from "vitest"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import type { FeedEvent } from "../../src/market/feedEvent.ts"
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

const login = async (url: string, optIns: Json = {}, key = "KEY_A"): Promise<TestClient> => {
  const client = await TestClient.open(url)
  await client.ask({ action: "authenticate", api_key: key, ...optIns })
  return client
}

const levels = Array.from({ length: 200 }, (_, i) => ({ price: 3110 + i / 20, quantity: 100 + i, orders: 1 }))
const deep = (symbol: string, ltp: number) => ({
  symbol,
  exchange: "NSE",
  level: "DEPTH" as const,
  data: { ltp, timestamp: 1_764_040_501_000 + ltp, depth: { buy: levels, sell: levels } }
})
const ofType = (client: TestClient, type: string) => client.frames.filter((f) => f["type"] === type)
const ltpsOf = (client: TestClient, symbol: string) =>
  ofType(client, "market_data")
    .filter((f) => f["symbol"] === symbol)
    .map((f) => (f["data"] as { ltp: number }).ltp)

const MANY = 1200
const bulk = Array.from({ length: MANY }, (_, i) => ({
  symbol: `BULK${String(i).padStart(4, "0")}`,
  exchange: "NSE"
}))

let sent = 0
/** Frames that are replaced while they wait, before the system's buffers take no more: a few may still be growing. */
const SURELY_BEHIND = 200

/** Lets a reader stand still and TCS tick until its frames wait. */
const overrun = async (gateway: TestGateway, slow: TestClient, quick: TestClient) => {
  slow.socket.pause()
  const before = gateway.stats().conflated
  while (gateway.stats().conflated < before + SURELY_BEHIND) {
    for (let i = 0; i < 50; i++) gateway.feed.tick(deep("TCS", ++sent))
    await quick.settle()
    if (sent > 200_000) throw new Error("the reader never fell behind")
  }
}

const waiting = (user: string, reason: string): FeedEvent => ({
  type: "waiting_for_login",
  user,
  broker: "alpha",
  at: 1,
  reason
})

const counted = async (gateway: TestGateway, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
  const line = text.split("\n").find((l) => l.startsWith(`algoways_gateway_${name}`))
  return Number(line?.split(" ").at(-1) ?? 0)
}

describe("a client that lags", () => {
  it("keeps the newest of what is told about the feed, and is told how much it lost", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024, statusBytes: 20_000 })
    const quick = await login(gateway.url, { events: true })
    const slow = await login(gateway.url, { events: true })
    for (const client of [quick, slow]) await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    await overrun(gateway, slow, quick)
    const told = 5000
    for (let i = 1; i <= told; i++) gateway.tell(waiting("asha", `reason ${i}`))
    slow.socket.resume()
    const lost = () => ofType(slow, "notice").reduce((sum, f) => sum + (f["statuses"] as number), 0)
    await expect.poll(() => lost() + ofType(slow, "status").length, { timeout: 5000 }).toBe(told)
    const heard = ofType(slow, "status")
    expect(lost()).toBeGreaterThan(0)
    expect(heard.at(-1)).toMatchObject({ reason: `reason ${told}` })
    expect(JSON.stringify(heard).length).toBeLessThan(2 * 20_000)
    const numbered = slow.frames.filter((f) => "seq" in f).map((f) => f["seq"])
    expect(numbered).toEqual(numbered.map((_, i) => i + 1))
    await expect.poll(() => ofType(quick, "status").length).toBe(told)
    expect(await counted(gateway, "statuses_lost_total")).toBe(lost())
  })

  it("hears nothing of its first user when it has become another", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url, { events: true })
    for (const client of [quick, slow]) await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    await slow.ask({ action: "subscribe", symbols: bulk, mode: 1 })
    await overrun(gateway, slow, quick)
    gateway.tell(waiting("asha", "of the first user"))
    slow.send({ action: "authenticate", api_key: "KEY_B", events: true })
    await expect.poll(() => gateway.feed.readers("asha/NSE:TCS/depth/20")).toBe(1)
    gateway.feed.tick(deep("TCS", ++sent))
    gateway.tell(waiting("asha", "of the first user"))
    gateway.tell(waiting("bina", "of the second user"))
    slow.socket.resume()
    await expect.poll(() => ofType(slow, "status").length, { timeout: 5000 }).toBe(1)
    expect(ofType(slow, "status")).toMatchObject([{ reason: "of the second user" }])
    const answered = slow.frames.findIndex((f) => f["user_id"] === "bina")
    expect(answered).toBeGreaterThan(0)
    expect(slow.frames.slice(answered).some((f) => f["type"] === "market_data")).toBe(false)
    await expect.poll(() => gateway.feed.held).toBe(1)
  })

  it("and would rather be closed takes no frame from others of the same instrument", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024 })
    const proud = await login(gateway.url)
    await proud.subscribe("TCS", "nse", 3, { depth: 20, slow: "close" })
    const others = [await login(gateway.url), await login(gateway.url)]
    await others[0]!.subscribe("TCS", "NSE", 3, { depth: 20 })
    await others[1]!.subscribe("TCS", "NSE", 4, { depth: 20 })
    proud.socket.pause()
    const first = sent + 1
    while (gateway.stats().slowClosed === 0 && sent - first < 200_000) {
      for (let i = 0; i < 10; i++) gateway.feed.tick(deep("TCS", ++sent))
      await others[0]!.settle()
    }
    expect(gateway.stats().slowClosed).toBe(1)
    const all = Array.from({ length: sent - first + 1 }, (_, i) => first + i)
    for (const other of others) await expect.poll(() => ltpsOf(other, "TCS").length).toBe(all.length)
    for (const other of others) expect(ltpsOf(other, "TCS")).toEqual(all)
  })
})

describe("a client that holds much", () => {
  const tickAll = (gateway: TestGateway) => {
    for (const { symbol } of bulk) gateway.feed.tick(deep(symbol, ++sent))
  }

  it("leaves nothing behind, however it goes", async () => {
    const gateway = await start()
    for (const go of ["close", "unsubscribe_all", "unsubscribe", "halfway"]) {
      const client = await login(gateway.url)
      await client.ask({ action: "subscribe", symbols: bulk, mode: 1 })
      expect(gateway.feed.held).toBe(MANY)
      if (go === "unsubscribe_all" || go === "halfway") client.send({ action: "unsubscribe_all" })
      if (go === "unsubscribe") client.send({ action: "unsubscribe", symbols: bulk, mode: 1 })
      if (go === "close" || go === "halfway") client.socket.terminate()
      await expect.poll(() => gateway.feed.held, { timeout: 5000 }).toBe(0)
      const { framesOut } = gateway.stats()
      tickAll(gateway)
      expect(gateway.stats().framesOut, go).toBe(framesOut)
      client.socket.terminate()
    }
    await expect.poll(() => gateway.stats().clients).toBe(0)
  })

  it("is released at the feed when the gateway stops", async () => {
    const gateway = await start()
    for (let i = 0; i < 3; i++) {
      const client = await login(gateway.url)
      await client.ask({ action: "subscribe", symbols: bulk, mode: 1 })
    }
    expect(gateway.feed.readers(`asha/NSE:${bulk[0]!.symbol}/ltp`)).toBe(3)
    gateways.splice(gateways.indexOf(gateway), 1)
    await gateway.close()
    expect(gateway.feed.held).toBe(0)
  })

  it("has every frame as it chose from the answer to its login on", async () => {
    const gateway = await start()
    const client = await login(gateway.url)
    await client.ask({ action: "subscribe", symbols: bulk, mode: 1 })
    for (const events of [true, false]) {
      await client.ask({ action: "authenticate", api_key: "KEY_A", events })
      const before = client.frames.length
      tickAll(gateway)
      await expect.poll(() => client.frames.length, { timeout: 5000 }).toBe(before + MANY)
      expect(client.frames.slice(before).filter((f) => "seq" in f)).toHaveLength(events ? MANY : 0)
      await client.settle()
    }
  })

  it("gets the last value of all of it when it reads again", async () => {
    const gateway = await start({ slowMarkBytes: 64 * 1024 })
    const quick = await login(gateway.url)
    const slow = await login(gateway.url, { events: true })
    for (const client of [quick, slow]) await client.subscribe("TCS", "NSE", 3, { depth: 20 })
    await slow.ask({ action: "subscribe", symbols: bulk, mode: 3 })
    await overrun(gateway, slow, quick)
    tickAll(gateway)
    tickAll(gateway)
    const last = sent
    slow.socket.resume()
    await expect.poll(() => ltpsOf(slow, bulk.at(-1)!.symbol).at(-1), { timeout: 5000 }).toBe(last)
    for (const [i, { symbol }] of bulk.entries())
      expect(ltpsOf(slow, symbol).at(-1)).toBe(last - MANY + 1 + i)
    const numbered = slow.frames.filter((f) => "seq" in f).map((f) => f["seq"])
    expect(numbered).toEqual(numbered.map((_, i) => i + 1))
  })
})

describe("spellings of an exchange", () => {
  const statuses = (answer: Json) =>
    (answer["subscriptions"] as ReadonlyArray<Json>).map((s) => [s["exchange"], s["status"]])

  it("beyond a few fail alone, with a reason and a counter, and make no texts", async () => {
    const gateway = await start({ maxSpellings: 2, maxSpellingsPerUser: 3 })
    const client = await login(gateway.url)
    const written = ["NSE", "nse", "Nse", " NSE", "\tNSE", "Nse"]
    const subscribe = (c: TestClient, exchanges: ReadonlyArray<string>) =>
      c.ask({
        action: "subscribe",
        mode: 1,
        symbols: exchanges.map((exchange) => ({ symbol: "INFY", exchange }))
      })
    const answer = await subscribe(client, written)
    expect(answer["status"]).toBe("partial")
    expect(statuses(answer)).toEqual(
      written.map((exchange) => [exchange, exchange === "\tNSE" ? "error" : "success"])
    )
    expect((answer["subscriptions"] as ReadonlyArray<Json>)[4]!["message"]).toContain("write NSE")
    const { framesOut } = gateway.stats()
    gateway.feed.tick(deep("INFY", ++sent))
    expect(gateway.stats().framesOut - framesOut).toBe(4)
    const texts = (await client.settle()).map((f) => f["exchange"])
    expect(texts.toSorted()).toEqual(["NSE", "nse", "Nse", " NSE"].toSorted())
    expect(await counted(gateway, 'limited_total{limit="spellings"}')).toBe(1)

    const other = await login(gateway.url)
    expect(statuses(await subscribe(other, ["nsE", "NSe", "Nse", "NSE"]))).toEqual([
      ["nsE", "success"],
      ["NSe", "error"],
      ["Nse", "success"],
      ["NSE", "success"]
    ])
    const stranger = await login(gateway.url, {}, "KEY_B")
    expect(statuses(await subscribe(stranger, ["NSe"]))).toEqual([["NSe", "success"]])
    // Who has given up everything, or has left, has spelled nothing.
    await client.ask({ action: "unsubscribe_all" })
    expect(statuses(await subscribe(client, ["\tNSE"]))).toEqual([["\tNSE", "success"]])
    client.socket.terminate()
    await expect
      .poll(async () => statuses(await subscribe(other, ["NSE ", "nsE"])).flat(), { timeout: 5000 })
      .toContain("success")
  })
})
