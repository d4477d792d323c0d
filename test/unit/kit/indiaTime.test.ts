/** Days and times in India, five and a half hours ahead of UTC. */
import { assert, it } from "@effect/vitest"
import {
  indiaDay,
  indiaDayNumber,
  indiaMidnight,
  indiaMinute,
  indiaTime
} from "../../../src/kit/indiaTime.ts"

const at = (iso: string): number => Date.parse(`${iso}+05:30`)

it("a day begins at midnight in India", () => {
  const midnight = at("2026-11-28T00:00:00")
  assert.strictEqual(indiaDay(midnight), "2026-11-28")
  assert.strictEqual(indiaDay(midnight - 1), "2026-11-27")
  assert.strictEqual(indiaDayNumber(midnight) - indiaDayNumber(midnight - 1), 1)
  for (const moment of [midnight, midnight + 1, at("2026-11-28T23:59:59")])
    assert.strictEqual(indiaMidnight(moment), midnight)
  assert.strictEqual(indiaMidnight(midnight - 1), midnight - 86_400_000)
})

it("a time is what a clock in India shows", () => {
  assert.strictEqual(indiaTime(at("2026-11-28T09:15:07")), "2026-11-28 09:15:07")
  assert.strictEqual(indiaMinute(at("2026-11-28T09:15:07")), "2026-11-28 09:15")
})
