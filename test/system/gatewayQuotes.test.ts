/** The last known ticks over HTTP, on the gateway's own port. */
import { afterEach, describe, expect, it } from "vitest"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

const ask = async (path: string, key = "KEY_A") => {
  const answer = await fetch(`http://127.0.0.1:${gateway!.port}${path}`, { headers: { "x-api-key": key } })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const ticked = async (): Promise<void> => {
  gateway = await startGateway()
  const client = await TestClient.login(gateway.url, "KEY_A")
  await client.subscribe("INFY", "NSE", 2)
  await client.subscribe("TCS", "NSE", 3)
  const received = Date.now() - 5000
  const depth = {
    buy: [{ price: 9, quantity: 10, orders: 1 }],
    sell: [{ price: 11, quantity: 5, orders: 1 }]
  }
  gateway.feed.tick({
    symbol: "INFY",
    exchange: "NSE",
    level: "QUOTE",
    data: { ltp: 1502.4, timestamp: received }
  })
  gateway.feed.tick({
    symbol: "TCS",
    exchange: "NSE",
    level: "DEPTH",
    data: { ltp: 10, depth, timestamp: received }
  })
  await client.settle()
}

describe("GET /quotes", () => {
  it("tells the last tick of each instrument with its age, and what is not known", async () => {
    await ticked()
    const { body, status } = await ask("/quotes?symbols=NSE:INFY,NSE:RELIANCE")
    expect(status).toBe(200)
    const [infy, reliance] = body["quotes"] as [Record<string, number>, Record<string, string>]
    expect(infy).toMatchObject({
      symbol: "INFY",
      exchange: "NSE",
      ltp: 1502.4,
      mode: "quote",
      status: "success"
    })
    expect(infy["age_ms"]).toBeGreaterThanOrEqual(5000)
    expect(infy["age_ms"]).toBeLessThan(15_000)
    expect(reliance).toMatchObject({ symbol: "RELIANCE", status: "error" })
    expect(reliance["message"]).toContain("subscribe it first")
  })

  it("shows nobody another user's ticks, and nothing without a key", async () => {
    await ticked()
    const { body } = await ask("/quotes?symbols=NSE:INFY", "KEY_B")
    expect(body["quotes"]).toMatchObject([{ symbol: "INFY", status: "error" }])
    expect((await ask("/quotes?symbols=NSE:INFY", "wrong")).status).toBe(401)
  })

  it.each(["/quotes", "/quotes?symbols=", "/quotes?symbols=INFY", "/depth/NSE", "/depth/NSE/TCS?levels=7"])(
    "says what is wrong with %s",
    async (path) => {
      await ticked()
      const { body, status } = await ask(path)
      expect(status).toBe(400)
      expect(body).toMatchObject({ status: "error", code: "INVALID_PARAMETERS" })
      expect(body["remedy"]).toContain("/quotes?symbols=NSE:INFY")
    }
  )
})

describe("GET /depth", () => {
  it("tells the last known book", async () => {
    await ticked()
    const { body, status } = await ask("/depth/NSE/TCS")
    expect(status).toBe(200)
    expect(body).toMatchObject({
      symbol: "TCS",
      ltp: 10,
      depth: { buy: [{ price: 9 }], sell: [{ price: 11 }] }
    })
    expect((await ask("/depth/NSE/INFY")).body).toMatchObject({ code: "NOT_SUBSCRIBED" })
  })
})
