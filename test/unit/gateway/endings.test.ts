import { assert, describe, it } from "@effect/vitest"
import { endOf, idleTimeoutOf } from "../../../src/gateway/endings.ts"
import { defaults } from "../../../src/gateway/options.ts"

const words = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer

describe("the library's timer", () => {
  it("is never the first to close a client that lags or answers no ping", () => {
    const { maxLagMs, pingIntervalMs, pongTimeoutMs } = defaults
    // Until a missing pong is noticed, or the lag that hides it is over.
    const ours = 2 * pingIntervalMs + pongTimeoutMs + maxLagMs
    assert.isAbove(1000 * idleTimeoutOf(defaults), ours + 4000, "its own resolution is four seconds")
    assert.isAbove(1000 * idleTimeoutOf({ ...defaults, maxLagMs: 300_000 }), 300_000)
  })

  it("is off where it could not wait for long enough", () => {
    assert.strictEqual(idleTimeoutOf({ ...defaults, maxLagMs: 3_600_000 }), 0)
    assert.strictEqual(idleTimeoutOf({ ...defaults, pingIntervalMs: 600_000 }), 0)
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
