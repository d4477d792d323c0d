/** What an instrument may be. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Instrument } from "../../../src/market/instrument.ts"
import { equity } from "../store/support.ts"

describe("an instrument's expiry", () => {
  const isInstrument = Schema.is(Instrument)
  const expiring = (expiry: string) => isInstrument({ ...equity("NIFTY29DEC26FUT", "1"), expiry })

  it("is a date whose month and day can be", () => {
    assert.isTrue(isInstrument(equity("INFY", "1")))
    for (const expiry of ["2026-12-29", "2027-01-01", "2028-02-29", "2026-10-31"]) {
      assert.isTrue(expiring(expiry), expiry)
    }
    for (const expiry of [
      "",
      "2026-00-10",
      "2026-13-10",
      "2026-12-00",
      "2026-12-32",
      "26-12-29",
      "2026-1-1"
    ]) {
      assert.isFalse(expiring(expiry), expiry)
    }
  })
})
