/** The simulated exchange paces itself by the time that passes, whatever the time of day is set to. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, vi } from "vitest"
import { broker } from "../../../src/brokers/data/zerodha.ts"
import type { Peer } from "../../../src/simulator/peer.ts"
import { makeSimulatedBroker } from "../../../src/simulator/simulatedBroker.ts"
import { STEPS } from "../../support/settableClock.ts"

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(STEPS)("the time of day is set %s", (_, ms) => {
  it.live("and the market walks on at its pace, and idle clients hear of it", () =>
    Effect.gen(function* () {
      const real = Date.now
      let offset = 0
      vi.spyOn(Date, "now").mockImplementation(() => real() + offset)
      const { venue, feeds } = yield* makeSimulatedBroker({ broker, ticksPerSecond: 1000 })
      let frames = 0
      const peer: Peer = {
        remote: "a test",
        isOpen: () => true,
        buffered: () => 0,
        send: (all) => void (frames += all.length),
        close: () => {},
        terminate: () => {},
        reset: () => {}
      }
      venue.join(peer, feeds[0]!)
      venue.turn()
      offset = ms
      frames = 0
      const before = venue.counters().changes
      for (let i = 0; i < 60; i++) {
        yield* Effect.sleep("20 millis")
        venue.turn()
      }
      const changes = venue.counters().changes - before
      assert.isAbove(changes, 300)
      assert.isBelow(changes, 3000)
      assert.isAbove(frames, 0, "a heartbeat each second")
    })
  )
})
