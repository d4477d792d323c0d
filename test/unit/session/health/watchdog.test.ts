import { assert, describe, it } from "@effect/vitest"
import { modeBit } from "../../../../src/market/mode.ts"
import type { Protocol } from "../../../../src/protocols/protocol.ts"
import { noteTick } from "../../../../src/session/subscriptions/upstreamSubscription.ts"
import type { UpstreamSubscription } from "../../../../src/session/model.ts"
import { ConnectionPool } from "../../../../src/session/subscriptions/pool.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import { judge } from "../../../../src/session/health/watchdog.ts"
import { INFY, RELIANCE } from "../instruments.ts"

const limits = { ticklessAfterMs: 10_000, firstTickAfterMs: 15_000, partialAfterMs: 15_000 }
const protocol = { cost: () => 1 } as unknown as Protocol
const broker = {
  limits: {
    subscriptionsPerConnection: { value: 10, confirmed: true },
    connectionsPerLogin: { value: 1, confirmed: true }
  }
}

describe("the watchdog's verdict", () => {
  it("asks again, ever more slowly, for what was acknowledged and has said nothing since", () => {
    const subscriptions = new Subscriptions("asha", { name: "test" })
    const pool = new ConnectionPool(broker as never, protocol)
    const upstreams = [RELIANCE, INFY].map((instrument): UpstreamSubscription => {
      const { change } = subscriptions.add("one", instrument, "ltp", 5, 0, false)
      pool.place(change!)
      const upstream = change!.instrument.upstream[0]!
      upstream.sentAt = 1000
      upstream.state = "confirmed"
      return upstream
    })
    const connection = pool.connections[0]!
    connection.since = 1000
    const [silent, lively] = upstreams as [UpstreamSubscription, UpstreamSubscription]
    // Two ticks of the connection before: not enough to know its pace.
    noteTick(silent, 500, modeBit.ltp)
    noteTick(silent, 800, modeBit.ltp)
    silent.seenModes = 0

    const resentAt: Array<number> = []
    for (let now = 2000; now <= 130_000; now += 1000) {
      noteTick(lively, now, modeBit.ltp)
      connection.clocks.tick = now
      const verdict = judge(connection, 1, { now, elapsedMs: 1000, limits, closed: () => undefined })
      assert.isUndefined(verdict.mute)
      if (verdict.resend.length === 0) continue
      assert.deepStrictEqual(verdict.resend, [silent])
      silent.resends++
      silent.resentAt = now
      resentAt.push(Math.round(now / 1000))
    }
    assert.deepStrictEqual(resentAt, [17, 33, 64, 125])
  })
})
