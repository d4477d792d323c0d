import { assert, describe, it } from "@effect/vitest"
import { RestartIntensity } from "../../../../src/session/health/restartIntensity.ts"

const intensity = { connectionFaults: 3, sessionRestarts: 2, withinMs: 1000, pauseMs: 5000 }

describe("RestartIntensity", () => {
  it("restarts a connection, then the session, then gives up for a while", () => {
    const restarts = new RestartIntensity(intensity)
    const said = [1, 2, 3, 4, 5, 6, 7].map((n) => restarts.fault(1, n))
    assert.deepStrictEqual(said, [
      "restart_connection",
      "restart_connection",
      "restart_session",
      "restart_connection",
      "restart_connection",
      "unavailable",
      "restart_connection"
    ])
  })

  it("forgets faults that are long ago, and counts each connection by itself", () => {
    const restarts = new RestartIntensity(intensity)
    const far = [0, 2000, 4000, 6000, 8000].map((at) => restarts.fault(1, at))
    assert.deepStrictEqual(new Set(far), new Set(["restart_connection"]))
    restarts.fault(2, 8001)
    assert.strictEqual(restarts.fault(3, 8002), "restart_connection")
    assert.strictEqual(restarts.fault(2, 8003), "restart_connection")
    assert.strictEqual(restarts.fault(2, 8004), "restart_session")
  })

  it("remembers the last fifty decisions", () => {
    const restarts = new RestartIntensity()
    for (let at = 1; at <= 60; at++) restarts.note("resume", `n${at}`, at, 2)
    assert.strictEqual(restarts.decisions.length, 50)
    assert.deepStrictEqual(restarts.decisions[0], {
      at: 11,
      decision: "resume",
      cause: "n11",
      connection: 2
    })
  })
})
