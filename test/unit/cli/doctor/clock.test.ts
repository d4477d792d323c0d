/** The doctor's clock: a broker's Date header against this machine's time. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import type { BrokerModule } from "../../../../src/brokers/registry.ts"
import { checkCalendar, checkClock, checkClocks } from "../../../../src/cli/doctor/machine.ts"
import { makeCalendar } from "../../../../src/market/calendar.ts"
import { brokerWith } from "../../store/support.ts"

/** A front whose clock is so far from ours. Answers its address. */
const front = (aheadMs: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer((_, answer) => {
        answer.setHeader("Date", new Date(Date.now() + aheadMs).toUTCString())
        answer.writeHead(404).end()
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return server
    }),
    (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`))

const brokerAt = (url: string) =>
  brokerWith({ load: () => Promise.reject(new Error("unused")), sources: [{ name: "master", url }] })

describe("the doctor's clock", () => {
  it.live.each([
    [0, "ok", "within"],
    [10_000, "warn", "s off"],
    [-10_000, "warn", "s off"],
    [60_000, "fail", "s off"],
    [-60_000, "fail", "s off"]
  ] as const)("%s ms away: %s", ([ahead, grade, found]) =>
    Effect.gen(function* () {
      const check = yield* checkClock(brokerAt(yield* front(ahead)))
      assert.strictEqual(check?.grade, grade, check?.found)
      assert.include(check?.found, found)
    })
  )

  it.live("fronts that do not answer are one warning, and a simulator's clock is none", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(front(0))
      const names = ["zerodha", "kotak", "upstox"]
      const users = [...names, "kotak"].map((broker, i) => ({ name: `user${i}`, broker, createdAt: 0 }))
      const registry = Layer.mock(BrokerRegistry, {
        load: (name) =>
          Effect.succeed({
            broker: { ...brokerAt(url), name, title: name.toUpperCase(), simulated: name === "upstox" }
          } as BrokerModule)
      })
      const checks = yield* Effect.provide(checkClocks(users), registry)
      assert.deepStrictEqual(checks, [
        {
          grade: "warn",
          what: "clock",
          found: "could not be compared: no answer from ZERODHA, KOTAK",
          remedy: "Check this machine's connection to the internet"
        }
      ])
    })
  )
})

describe("the doctor's calendar", () => {
  it("has India's time, and says so", () => {
    const at = Date.parse("2026-12-01T07:00:00+05:30")
    assert.strictEqual(
      checkCalendar(makeCalendar(), at).found,
      "NSE is closed until 2026-12-01 09:15 IST: outside the regular session, 09:15 to 15:30"
    )
  })
})
