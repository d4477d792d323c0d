import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadCalendar } from "../../../src/cli/service/calendar.ts"
import { makeCalendar } from "../../../src/market/calendar.ts"
import { CalendarFile } from "../../../src/market/calendarFile.ts"
import { builtInCalendar } from "../../../src/market/calendarData.ts"
import type { Exchange } from "../../../src/market/exchange.ts"
import { exchanges } from "../../../src/market/exchange.ts"

const calendar = makeCalendar()
/** @param moment in India */
const at = (exchange: Exchange, moment: string) => calendar.at(exchange, Date.parse(`${moment}:00+05:30`))

describe("the exchange calendar", () => {
  it.each<[Exchange, string, boolean, string]>([
    ["NSE", "2026-11-27T09:14", false, "outside the regular session, 09:15 to 15:30"],
    ["NSE", "2026-11-27T09:15", true, "the regular session"],
    ["NFO", "2026-11-27T15:29", true, "the regular session"],
    ["NSE_INDEX", "2026-11-27T15:30", false, "outside the regular session"],
    ["BSE", "2026-11-28T12:00", false, "a weekend"],
    ["NSE", "2026-11-24T12:00", false, "a holiday: Guru Nanak Jayanti"],
    ["CDS", "2026-11-27T16:59", true, "the regular session"],
    ["MCX", "2026-11-24T12:00", false, "outside the evening session of Guru Nanak Jayanti"],
    ["MCX", "2026-11-24T18:00", true, "the evening session of Guru Nanak Jayanti"],
    ["MCX", "2026-12-25T18:00", false, "a holiday: Christmas"],
    ["NSE", "2026-11-08T18:00", true, "Muhurat trading on Diwali"],
    ["NSE", "2026-11-08T12:00", false, "outside Muhurat trading on Diwali"],
    ["NSE", "2026-02-01T12:00", true, "the session on budget day"],
    ["CDS", "2026-02-19T12:00", false, "a holiday: Shivaji Maharaj Jayanti"],
    ["NSE", "2026-02-19T12:00", true, "the regular session"],
    ["BCD", "2025-09-05T12:00", true, "the regular session"],
    ["BCD", "2025-09-08T12:00", false, "a holiday: Id-E-Milad"],
    ["MCX", "2026-02-01T16:59", true, "the session on budget day"],
    ["MCX", "2026-02-01T17:00", false, "outside the session on budget day"],
    ["CDS", "2026-02-01T12:00", false, "a weekend"],
    ["MCX", "2026-01-01T18:00", false, "outside the morning session of New Year's Day"],
    ["MCX", "2025-10-21T14:00", true, "Muhurat trading on Diwali"],
    ["MCX", "2025-10-21T18:00", false, "outside Muhurat trading on Diwali"],
    ["MCX", "2026-11-08T18:00", true, "Muhurat trading on Diwali"],
    ["CRYPTO", "2026-11-28T03:00", true, "it never closes"],
    ["NSE", "2031-07-02T12:00", true, "the regular session (this calendar has no holidays of 2031)"]
  ])("%s at %s: open %s, %s", (exchange, moment, open, why) => {
    const answer = at(exchange, moment)
    assert.strictEqual(answer.open, open)
    assert.include(answer.why, why)
  })

  it("closes commodities later while New York is on standard time", () => {
    // Summer time ends there on 2026-11-01 and began on 2026-03-08.
    assert.isFalse(at("MCX", "2026-10-30T23:40").open)
    assert.isTrue(at("MCX", "2026-11-02T23:40").open)
    assert.isTrue(at("MCX", "2026-03-06T23:40").open)
    assert.isFalse(at("MCX", "2026-03-09T23:40").open)
  })

  it("tells when that changes, over weekends and holidays", () => {
    const iso = (until: number | undefined) => new Date(until! + 5.5 * 3_600_000).toISOString().slice(0, 16)
    assert.strictEqual(iso(at("NSE", "2026-11-27T10:00").until), "2026-11-27T15:30")
    assert.strictEqual(iso(at("NSE", "2026-11-27T16:00").until), "2026-11-30T09:15")
    assert.strictEqual(iso(at("NSE", "2026-11-07T12:00").until), "2026-11-08T17:45")
    assert.strictEqual(iso(at("NSE", "2026-12-24T15:30").until), "2026-12-28T09:15")
  })

  it("knows every exchange, whatever the user's file leaves out", () => {
    const own = makeCalendar({
      groups: [
        {
          exchanges: ["NSE"],
          hours: [["10:00", "11:00"]],
          years: [2026],
          holidays: { "2026-11-27": "a day off" },
          special: {}
        }
      ]
    })
    const friday = Date.parse("2026-11-27T10:30:00+05:30")
    assert.include(own.at("NSE", friday).why, "a day off")
    assert.isTrue(own.at("BSE", friday).open)
    for (const exchange of exchanges) assert.isString(calendar.at(exchange, friday).why)
  })

  it("keeps to what a user's file is held to", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(CalendarFile)(builtInCalendar), builtInCalendar)
  })

  it.effect("is read from a file, whose faults are named", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => mkdtemp(join(tmpdir(), "calendar-")))
      const path = join(folder, "calendar.json")
      const write = (value: unknown) => Effect.promise(() => writeFile(path, JSON.stringify(value)))
      const monday = Date.parse("2026-11-30T12:00:00+05:30")
      assert.isTrue((yield* loadCalendar(folder, undefined)).at("NSE", monday).open)
      yield* write({
        groups: [{ ...builtInCalendar.groups[0], holidays: { "2026-11-30": "an election" } }]
      })
      assert.include((yield* loadCalendar(folder, undefined)).at("NSE", monday).why, "an election")
      yield* write({ groups: [{ exchanges: ["NASDAQ"], hours: [], years: [], holidays: {}, special: {} }] })
      const wrong = yield* Effect.flip(loadCalendar(folder, undefined))
      assert.include(wrong.message, path)
      assert.include(wrong.message, `["groups"][0]["exchanges"][0]`)
      const group = { exchanges: ["NSE"], hours: [["09:15", "15:30"]], years: [], holidays: {}, special: {} }
      const faults: ReadonlyArray<readonly [unknown, string]> = [
        [{ ...group, winterHour: [["09:15", "15:30"]] }, "winterHour"],
        [{ ...group, hours: [["15:30", "09:15"]] }, "15:30 to 09:15 ends before it begins"],
        [{ ...group, hours: [["09:15", "close"]] }, `["hours"][0][1]`],
        [{ ...group, holidays: { "2027-02-30": "Holi" } }, "2027-02-30 is no day"],
        [{ ...group, holidays: { "26-01-2027": "Republic Day" } }, "26-01-2027 is no day"],
        [{ ...group, exchanges: ["NSE", "BSE", "NSE"] }, "NSE stands in two groups"],
        [
          {
            ...group,
            special: {
              "2027-10-29": {
                why: "a day in two parts",
                hours: [
                  ["10:00", "12:00"],
                  ["11:00", "close"]
                ]
              }
            }
          },
          "11:00 to close begins before"
        ]
      ]
      for (const [fault, told] of faults) {
        yield* write({ groups: [fault] })
        const { message } = yield* Effect.flip(loadCalendar(folder, undefined))
        assert.include(message, path)
        assert.include(message, told)
        assert.include(message, "remove it to use the built-in one")
      }
      const missing = yield* Effect.flip(loadCalendar(folder, join(folder, "none.json")))
      assert.include(missing.message, "ENOENT")
      yield* Effect.promise(() => rm(folder, { recursive: true }))
    })
  )
})
