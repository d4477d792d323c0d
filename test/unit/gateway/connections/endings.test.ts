import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  endOf,
  idleTimeoutOf,
  mostSilentMs,
  pingEveryMs
} from "../../../../src/gateway/connections/endings.ts"
import { defaults } from "../../../../src/gateway/options.ts"
import { pinger } from "../../../../src/gateway/clientMaintenance.ts"

const words = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer

describe("the library's timer", () => {
  it("is always there, and never the first to close a client that lags or answers no ping", () => {
    const duration = fc.integer({ min: 1, max: 10_000_000 })
    fc.assert(
      fc.property(duration, duration, duration, (maxLagMs, pingIntervalMs, pongTimeoutMs) => {
        const timing = { maxLagMs, pingIntervalMs, pongTimeoutMs }
        const idleMs = 1000 * idleTimeoutOf(timing)
        assert.isAtMost(idleMs, 960_000, "what the library knows")
        // Silence is seen at the next ping.
        assert.isAtLeast(idleMs, mostSilentMs(timing) + pingEveryMs(timing) + 20_000)
        assert.isAtMost(pingEveryMs(timing), pingIntervalMs)
        // A live client has time for a pong.
        assert.isAbove(mostSilentMs(timing), pingEveryMs(timing))
      })
    )
    const { maxLagMs, pingIntervalMs, pongTimeoutMs } = defaults
    assert.strictEqual(mostSilentMs(defaults), maxLagMs + pingIntervalMs + pongTimeoutMs)
    assert.strictEqual(idleTimeoutOf(defaults), 140)
  })
})

describe("a client that sends nothing", () => {
  const timing = { maxLagMs: 600, pingIntervalMs: 100, pongTimeoutMs: 300 }
  const silent = (laggingSince: number) => {
    const ends: Array<string> = []
    const client = {
      awaitsPongSince: 0,
      heardAt: 0,
      delivery: { laggingSince },
      end: (reason: string, { code }: { readonly code: number }) => void ends.push(`${reason} ${code}`),
      ping: (now: number) => {
        if (client.awaitsPongSince === 0) client.awaitsPongSince = now
      },
      excuse: (now: number) => {
        client.awaitsPongSince = 0
        client.heardAt = now
      }
    }
    return { client, ends }
  }

  it("is closed when a pong is missing, or is excused by its lag for so long and no longer", () => {
    const [plain, lagging] = [silent(0), silent(1)]
    // As lagging clients are, by `tendSlow`.
    const pings = pinger([plain.client, lagging.client], timing, 0)
    for (let now = 100; now < 1000; now += 100) {
      pings(now)
      lagging.client.awaitsPongSince = 0
      if (now === 400) assert.deepStrictEqual(plain.ends, ["no_pong 1011"])
    }
    assert.deepStrictEqual(lagging.ends, [])
    pings(1000)
    assert.deepStrictEqual(lagging.ends, ["no_pong 1011"])
  })

  it("is not blamed for the time in which nobody listened", () => {
    const { client, ends } = silent(0)
    const pings = pinger([client], timing, 0)
    pings(100)
    pings(100_000)
    assert.deepStrictEqual(ends, [])
    for (let now = 100_100; now <= 100_200; now += 100) pings(now)
    assert.deepStrictEqual(ends, [])
    pings(100_300)
    assert.deepStrictEqual(ends, ["no_pong 1011"])
  })
})

describe("the end of a connection", () => {
  it("has a reason, whoever ended it", () => {
    const ends = [
      [1000, "", "client"],
      [1005, "", "client"],
      [4000, "Received too big message", "client"],
      [1006, "Received too big message", "too_big"],
      [1006, "WebSocket timed out from inactivity", "idle"],
      [1006, "Received invalid UTF-8", "invalid_text"],
      [1006, "Received invalid WebSocket frame", "invalid_frame"],
      [1006, "Received TCP FIN before WebSocket close frame", "lost"],
      [1006, "", "lost"]
    ] as const
    for (const [code, text, reason] of ends) assert.strictEqual(endOf(code, words(text)), reason, text)
  })
})
