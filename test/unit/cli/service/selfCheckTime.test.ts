/** When the self-check of a service runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import { Feed } from "../../../../src/bus/feed.ts"
import { FrameBus } from "../../../../src/bus/frameBus.ts"
import { selfCheck } from "../../../../src/cli/service/selfCheck.ts"
import { makeCalendar } from "../../../../src/market/calendar.ts"
import { Hours } from "../../../../src/session/references.ts"
import { CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { makeSettableClock } from "../../../support/settableClock.ts"
import { temporaryFolder } from "../../store/support.ts"

const at = (moment: string): number => Date.parse(`${moment}+05:30`)
const lines: Array<string> = []
const collecting = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
/** Without users nothing is asked of the others. A real store would look for new logins every second of these days. */
const service = Layer.mergeAll(
  Layer.mock(Users, { list: Effect.succeed([]) }),
  Layer.mock(CredentialStore, {}),
  Layer.mock(Instruments, {}),
  Layer.mock(BrokerRegistry, {}),
  Layer.mock(Feed, {}),
  FrameBus.layer,
  Layer.succeed(Hours, makeCalendar()),
  collecting
)

/** Files are read in real time, whatever the clock of the test says. */
const rounds = (count: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < 400 && seen() < count; i++) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.strictEqual(seen(), count)
  })
const seen = (): number => lines.filter((line) => line.includes("ok calendar:")).length

describe("the self-check's time", () => {
  it.effect("comes once on each trading day, in India's time", () =>
    Effect.gen(function* () {
      lines.length = 0
      yield* TestClock.setTime(at("2026-11-27T08:30:00"))
      yield* selfCheck(Option.some("08:45"), yield* temporaryFolder)
      yield* TestClock.adjust("14 minutes")
      assert.strictEqual(seen(), 0)
      yield* TestClock.adjust("1 minute")
      yield* rounds(1)
      // Saturday, Sunday, Monday.
      for (let day = 0; day < 3; day++) yield* TestClock.adjust("1 day")
      yield* rounds(2)
      assert.isFalse(lines.some((line) => line.includes("a weekend")))
    }).pipe(Effect.provide(service))
  )

  it.effect("is the time of day, also where that is set meanwhile", () =>
    Effect.gen(function* () {
      lines.length = 0
      yield* TestClock.setTime(at("2026-11-27T08:30:00"))
      const { clock, step } = yield* makeSettableClock
      yield* selfCheck(Option.some("08:45"), yield* temporaryFolder).pipe(
        Effect.provideService(Clock.Clock, clock)
      )
      yield* TestClock.adjust("1 minute")
      step(10 * 60_000)
      yield* TestClock.adjust("5 minutes")
      yield* rounds(1)
    }).pipe(Effect.provide(service))
  )

  it.effect("is refused where it is no time of day", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(selfCheck(Option.some("8.45"), "unused"))
      assert.include(error.message, "write a time of day in India as HH:MM")
    }).pipe(Effect.provide(service))
  )
})
