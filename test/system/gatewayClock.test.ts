/** The time of day is set now and then. No duration of the gateway's may follow it. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { STEPS, makeSettableClock } from "../support/settableClock.ts"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

/** A gateway whose time of day can be set. */
const start = async (options: GatewayOptions = {}) => {
  const { clock, step } = Effect.runSync(makeSettableClock)
  gateway = await startGateway(options, { clock })
  return { gateway, step }
}

const status = async (port: number, path: string, key?: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, key === undefined ? {} : { headers: { "x-api-key": key } }))
    .status

describe.each(STEPS)("a clock that is set %s", (_, by) => {
  it("closes no client, and lets none send more than it may", async () => {
    const { gateway, step } = await start({
      maxMessagesPerSecond: 20,
      pingIntervalMs: 100,
      pongTimeoutMs: 2000
    })
    const client = await TestClient.login(gateway.url, "KEY_A")
    const newcomer = await TestClient.open(gateway.url)
    await client.subscribe("INFY", "NSE", 1)
    step(by)
    for (let i = 0; i < 20; i++) expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    // Pings come and are answered across the step.
    const before = client.pings
    await expect.poll(() => client.pings).toBeGreaterThan(before + 3)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    expect(newcomer.socket.readyState).toBe(newcomer.socket.OPEN)
    gateway.feed.tick({ symbol: "INFY", exchange: "NSE", level: "LTP", data: { ltp: 5, timestamp: 1 } })
    expect(await client.next()).toMatchObject({ data: { ltp: 5 } })
    for (let i = 0; i < 200; i++) client.send({ action: "ping" })
    expect(await client.closed).toMatchObject({ code: 4429 })
  })

  it("keeps the pace of a client that asked for an interval", async () => {
    const { gateway, step } = await start()
    const client = await TestClient.login(gateway.url, "KEY_A")
    await client.subscribe("INFY", "NSE", 1, { interval_ms: 300 })
    const tick = (ltp: number): void =>
      gateway.feed.tick({ symbol: "INFY", exchange: "NSE", level: "LTP", data: { ltp, timestamp: ltp } })
    tick(1)
    expect(await client.next()).toMatchObject({ data: { ltp: 1 } })
    step(by)
    const began = performance.now()
    tick(2)
    expect(await client.next()).toMatchObject({ data: { ltp: 2 } })
    expect(performance.now() - began).toBeGreaterThan(150)
  })

  it("ends no waiting for wrong keys or for too many requests, and lengthens none", async () => {
    const { gateway, step } = await start({ maxFailedKeys: 1, maxRequestsPerSecond: 2 })
    const { port } = gateway
    const other = await TestClient.open(gateway.url)
    expect(await other.ask({ action: "authenticate", api_key: "wrong" })).toMatchObject({ status: "error" })
    for (let i = 0; i < 10; i++) expect(await status(port, "/health")).toBe(200)
    expect(await status(port, "/health")).toBe(429)
    step(by)
    expect(await status(port, "/health")).toBe(429)
    expect(await other.ask({ action: "authenticate", api_key: "KEY_A" })).toMatchObject({ status: "error" })
    await sleep(700)
    expect(await status(port, "/health")).toBe(200)
  })

  it("tells no wrong uptime", async () => {
    const { gateway, step } = await start()
    step(by)
    const health = (await (await fetch(`http://127.0.0.1:${gateway.port}/health`)).json()) as {
      readonly uptime_seconds: number
    }
    expect(health.uptime_seconds).toBeGreaterThanOrEqual(0)
    expect(health.uptime_seconds).toBeLessThan(30)
  })
})
