/** Readers that send nothing, not even pongs: who closes them, when, and with what. */
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { TestClient } from "./support/testClient.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(() => gateway?.close())

const closedFor = async ({ port }: TestGateway, reason: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text
    .split("\n")
    .find((l) => l.startsWith("algoways_gateway_closed_total") && l.includes(`"${reason}"`))
  return Number(line?.split(" ").at(-1) ?? 0)
}

const levels = Array.from({ length: 200 }, (_, i) => ({ price: 3110 + i / 20, quantity: 100 + i, orders: 1 }))

describe("a reader that sends nothing", () => {
  it(
    "and falls behind again and again is closed by the gateway, with a code",
    { timeout: 40_000 },
    async () => {
      gateway = await startGateway({
        pingIntervalMs: 200,
        pongTimeoutMs: 2000,
        maxLagMs: 3000,
        slowMarkBytes: 64 * 1024
      })
      const before = { idle: await closedFor(gateway, "idle"), noPong: await closedFor(gateway, "no_pong") }
      const quick = await TestClient.login(gateway.url, "KEY_A")
      await quick.subscribe("TCS", "NSE", 3, { depth: 20 })
      const mute = new WebSocket(gateway.url, { autoPong: false, perMessageDeflate: false })
      let answers = 0
      mute.on("message", () => answers++)
      await new Promise((resolve) => mute.once("open", resolve))
      mute.send(JSON.stringify({ action: "authenticate", api_key: "KEY_A" }))
      mute.send(JSON.stringify({ action: "subscribe", symbol: "TCS", exchange: "NSE", mode: 3, depth: 20 }))
      await expect.poll(() => answers).toBeGreaterThan(1)
      const began = performance.now()
      const codes: Array<number> = []
      mute.on("close", (code) => codes.push(code))
      let [ltp, lagged] = [0, 0]
      // The library's timer is at 26 seconds.
      while (codes.length === 0 && performance.now() - began < 20_000) {
        mute.pause()
        const pausedAt = performance.now()
        // Whole moments of lag, a shorter time between them than a pong may take.
        for (const { conflated } = gateway.stats(); gateway.stats().conflated === conflated;) {
          for (let i = 0; i < 50; i++) {
            const data = { ltp: ++ltp, timestamp: ltp, depth: { buy: levels, sell: levels } }
            gateway.feed.tick({ symbol: "TCS", exchange: "NSE", level: "DEPTH", data })
          }
          await quick.settle()
          if (performance.now() - pausedAt > 2000) break
        }
        lagged++
        mute.resume()
        await sleep(700)
      }
      expect(lagged).toBeGreaterThan(1)
      expect(codes).toEqual([1011])
      expect(await closedFor(gateway, "no_pong")).toBe(before.noPong + 1)
      expect(await closedFor(gateway, "idle")).toBe(before.idle)
      quick.socket.terminate()
    }
  )
})
