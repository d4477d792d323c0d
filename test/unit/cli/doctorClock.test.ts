/** The doctor's clock: a broker's Date header against this machine's time. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkClock } from "../../../src/cli/doctor/machine.ts"
import { brokerWith } from "../store/support.ts"

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
      assert.strictEqual(check.grade, grade, check.found)
      assert.include(check.found, found)
    })
  )

  it.live("a front that does not answer is a warning", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(front(0))
      const check = yield* checkClock(brokerAt(url))
      assert.strictEqual(check.grade, "warn")
      assert.include(check.remedy, "internet")
    })
  )
})
