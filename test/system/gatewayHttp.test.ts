/** The gateway's plain HTTP side, over a real port. */
import { connect } from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { FeedError } from "../../src/bus/feed.ts"
import type { FeedStatus } from "../../src/market/feedStatus.ts"
import { plainStatus } from "../../src/gateway/conformance/quietFeed.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const open: Array<{ readonly close: () => Promise<void> }> = []
const start = async (extras: TestExtras = {}) => {
  const gateway = await startGateway({}, extras)
  open.push(gateway)
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers })
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Record<string, unknown>
    }
  }
  return { gateway, get }
}
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})
const login = (gateway: TestGateway, key: string) => TestClient.login(gateway.url, key)
/** A feed whose statuses the test says. */
const saying = (statuses: Record<string, Partial<FeedStatus>>): TestExtras => ({
  adjust: (feed) => ({
    ...feed,
    status: (user) => Effect.succeed({ ...plainStatus(user, "alpha"), ...statuses[user] })
  })
})
const asha = { "x-api-key": "KEY_A" }

describe("/status", () => {
  it("shows the caller's own feed and what its clients hold here", async () => {
    const { gateway, get } = await start()
    const [one, two, other] = [
      await login(gateway, "KEY_A"),
      await login(gateway, "KEY_A"),
      await login(gateway, "KEY_B")
    ]
    await one.subscribe("TCS", "NSE", 1)
    await one.subscribe("TCS", "NSE", 2)
    await two.subscribe("INFY", "NSE", 1)
    await other.subscribe("INFY", "NSE", 1)
    const { body, headers, status } = await get("/status", asha)
    expect(status).toBe(200)
    expect(headers.get("content-type")).toContain("application/json")
    expect(body).toEqual({ ...plainStatus("asha", "alpha"), gateway: { clients: 2, subscriptions: 3 } })
    const bearer = await get("/status", { authorization: "Bearer KEY_B" })
    expect(bearer.body).toMatchObject({ user: "bina", gateway: { clients: 1, subscriptions: 1 } })
  })

  it("wants a key, and says how to get one", async () => {
    const { get } = await start()
    for (const headers of [
      {},
      { "x-api-key": "" },
      { authorization: "Basic KEY_A" },
      { "x-api-key": "no" }
    ]) {
      for (const path of ["/status", "/status/instrument/NSE/INFY"]) {
        const { body, headers: answered, status } = await get(path, headers)
        expect(status).toBe(401)
        expect(answered.get("www-authenticate")).toBe("Bearer")
        expect(body).toMatchObject({ status: "error", code: "AUTHENTICATION_ERROR" })
        expect(body["remedy"]).toContain("algoways keys create")
      }
    }
  })

  it("lets nobody guess keys, and nobody be locked out by one old key", async () => {
    const logs: Array<string> = []
    const { gateway, get } = await start({ logs })
    for (let i = 0; i < 30; i++) expect((await get("/status", { "x-api-key": "old-key" })).status).toBe(401)
    expect((await get("/status", asha)).status).toBe(200)
    for (let i = 0; i < 9; i++) expect((await get("/status", { "x-api-key": `guess-${i}` })).status).toBe(401)
    const refused = await get("/status", { "x-api-key": "guess-9" })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(refused.body).toMatchObject({ code: "RATE_LIMITED" })
    expect((await get("/status", asha)).status).toBe(429)
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
    expect(metrics).toMatch(/^algoways_gateway_http_keys_refused_total \d+$/m)
    expect(metrics).toMatch(/^algoways_gateway_http_answers_total\{.*route="status".*\} \d+$/m)
    expect(logs.join() + metrics).not.toMatch(/guess-|old-key|KEY_A/)
  })

  it("answers for feeds that do not run, and for those that cannot be asked", async () => {
    const { get } = await start({
      adjust: (feed) => ({
        ...feed,
        status: (user) =>
          user === "asha"
            ? Effect.succeed({ ...plainStatus(user, "alpha"), state: "unavailable", reason: "no login" })
            : Effect.fail(new FeedError({ code: "BROKER_CONNECTION_ERROR", detail: "no feed process" })),
        instrument: () => Effect.die(new Error("boom KEY_A"))
      })
    })
    expect((await get("/status", asha)).body).toMatchObject({ state: "unavailable", reason: "no login" })
    const unreachable = await get("/status", { "x-api-key": "KEY_B" })
    expect(unreachable.status).toBe(503)
    expect(unreachable.body).toMatchObject({ code: "BROKER_CONNECTION_ERROR", message: "no feed process" })
    const failed = await get("/status/instrument/NSE/INFY", asha)
    expect(failed.status).toBe(500)
    expect(JSON.stringify(failed.body)).not.toContain("boom")
  })

  it("says of an account without a broker that it has none", async () => {
    const { get } = await start()
    const { body, status } = await get("/status", { "x-api-key": "KEY_NOBROKER" })
    expect(status).toBe(404)
    expect(body).toMatchObject({ code: "BROKER_ERROR", message: expect.stringContaining("No broker") })
  })

  it.each([
    ["NSE/INFY", "NSE", "INFY"],
    ["NSE/M&M", "NSE", "M&M"],
    ["NSE/M%26M", "NSE", "M&M"],
    ["NSE_INDEX/NIFTY%2050", "NSE_INDEX", "NIFTY 50"],
    ["MCX/GOLD%2F1KG", "MCX", "GOLD/1KG"],
    ["MCX/GOLD/1KG", "MCX", "GOLD/1KG"],
    ["NSE/INFY?pretty=1", "NSE", "INFY"]
  ])("finds the instrument of /status/instrument/%s", async (path, exchange, symbol) => {
    const { get } = await start()
    const { body, status } = await get(`/status/instrument/${path}`, asha)
    expect(status).toBe(200)
    expect(body).toMatchObject({ exchange, symbol, verdict: "nobody reads it" })
  })

  it("refuses a path that names no instrument", async () => {
    const { get } = await start()
    for (const path of ["", "NSE", "NSE/", "/INFY", "NSE/%E0%A4%A"]) {
      const { body, status } = await get(`/status/instrument/${path}`, asha)
      expect([path, status]).toEqual([path, 400])
      expect(body).toMatchObject({ code: "INVALID_PARAMETERS" })
    }
  })

  it("survives callers that leave before the answer", async () => {
    const gate = Deferred.makeUnsafe<void>()
    let asked = 0
    let answered = 0
    const { gateway, get } = await start({
      adjust: (feed) => ({
        ...feed,
        status: (user) =>
          Effect.suspend(() => {
            asked++
            return Effect.andThen(Deferred.await(gate), feed.status(user))
          }).pipe(Effect.tap(() => Effect.sync(() => void answered++)))
      })
    })
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(gateway.port, "127.0.0.1")
      socket.write("GET /status HTTP/1.1\r\nHost: x\r\nX-API-Key: KEY_A\r\n\r\n")
      return socket
    })
    await expect.poll(() => asked).toBe(10)
    for (const socket of sockets) socket.resetAndDestroy()
    const last = get("/status", asha)
    await expect.poll(() => asked).toBe(11)
    Deferred.doneUnsafe(gate, Effect.void)
    expect((await last).status).toBe(200)
    expect(answered).toBe(11)
  })

  it("leaves other paths to the WebSocket", async () => {
    const { gateway } = await start()
    for (const path of ["/status/x", "/statuses", "/ready/x"]) {
      expect((await fetch(`http://127.0.0.1:${gateway.port}${path}`)).status).toBe(426)
    }
    for (const path of ["/status", "/status/instrument/NSE/INFY", "/ready"]) {
      const client = await TestClient.open(gateway.url + path)
      expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    }
  })
})

describe("/ready", () => {
  const now = Date.now()
  const instruments = { wanted: 0, sent: 0, confirmed: 2, failed: 0, stale: 0 }
  const flowing: Partial<FeedStatus> = { last_tick: now, instruments }

  it("is ready without clients, and with feeds that flow or need not", async () => {
    const { gateway, get } = await start(
      saying({
        asha: flowing,
        bina: { instruments, expecting_ticks: false, quiet_because: "NSE is closed: a holiday" }
      })
    )
    expect(await get("/ready")).toMatchObject({
      status: 200,
      body: { status: "ready", feeds: {}, quiet: [] }
    })
    await login(gateway, "KEY_A")
    await login(gateway, "KEY_B")
    // The answer before holds for a second.
    await expect
      .poll(async () => (await get("/ready")).body, { timeout: 5000 })
      .toEqual({ status: "ready", feeds: { connected: 2 }, quiet: ["NSE is closed: a holiday"] })
  })

  it.each([
    ["reconnecting", { state: "reconnecting" }, "reconnecting"],
    ["without a login", { state: "waiting_for_login", reason: "asha's token" }, "waiting_for_login"],
    ["connected, and silent for minutes", { ...flowing, last_tick: now - 120_000 }, "silent"],
    [
      "connected, and stale in all instruments",
      { ...flowing, instruments: { ...instruments, stale: 2 } },
      "silent"
    ],
    ["connected, and never heard of", { instruments }, "silent"]
  ] satisfies ReadonlyArray<readonly [string, Partial<FeedStatus>, string]>)(
    "is not when a feed is %s",
    async (_, status, state) => {
      const { gateway, get } = await start(saying({ asha: status, bina: flowing }))
      await login(gateway, "KEY_A")
      await login(gateway, "KEY_B")
      await expect
        .poll(async () => await get("/ready"))
        .toMatchObject({ status: 503, body: { status: "not_ready", feeds: { connected: 1, [state]: 1 } } })
      expect(JSON.stringify((await get("/ready")).body)).not.toContain("asha")
    }
  )

  it("is not when the feed cannot be asked", async () => {
    const { gateway, get } = await start({
      adjust: (feed) => ({
        ...feed,
        status: () => Effect.fail(new FeedError({ code: "BROKER_CONNECTION_ERROR", detail: "silent" }))
      })
    })
    await login(gateway, "KEY_A")
    await expect
      .poll(async () => await get("/ready"))
      .toMatchObject({ status: 503, body: { feeds: { unreachable: 1 } } })
  })
})
