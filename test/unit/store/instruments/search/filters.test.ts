/** Filters as people write them, and what is said of those that are wrong. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { indiaDay } from "../../../../../src/kit/indiaTime.ts"
import {
  readExpiry,
  readFilters,
  readStrikes,
  readText
} from "../../../../../src/store/instruments/search/filters.ts"
import { chunksOf } from "../../../../../src/store/instruments/search/words.ts"

const TODAY = "2026-11-30"

const right = <A>(result: Result.Result<A, string>): A =>
  Result.isSuccess(result) ? result.success : assert.fail(result.failure)
const wrong = <A>(result: Result.Result<A, string>): string =>
  Result.isFailure(result) ? result.failure : assert.fail(JSON.stringify(result.success))

const month = (start: string) => ({ from: `${start}-01`, to: `${start}-31` })
const day = (iso: string) => ({ from: iso, to: iso })

describe("an expiry", () => {
  it("is a date, a month or next", () => {
    const read = (text: string) => right(readExpiry(text, TODAY))
    assert.strictEqual(read("next"), "next")
    for (const text of [
      "2026-12-29",
      "29-12-2026",
      "29.12.2026",
      "29/12/2026",
      "29DEC26",
      "29-Dec-2026",
      "29 december 2026"
    ]) {
      assert.deepStrictEqual(read(text), day("2026-12-29"), text)
    }
    for (const text of ["2026-12", "DEC2026", "dec 26", "Dec-26"]) {
      assert.deepStrictEqual(read(text), month("2026-12"), text)
    }
    assert.deepStrictEqual(read("5JAN27"), day("2027-01-05"))
  })

  it("without a year is the next month of that name, this one included", () => {
    assert.deepStrictEqual(right(readExpiry("DEC", TODAY)), month("2026-12"))
    assert.deepStrictEqual(right(readExpiry("sept", TODAY)), month("2027-09"))
    assert.deepStrictEqual(right(readExpiry("november", TODAY)), month("2026-11"))
    assert.deepStrictEqual(right(readExpiry("oct", TODAY)), month("2027-10"))
  })

  it("is refused when there is no such thing", () => {
    for (const text of [
      "",
      "soon",
      "2026-02-30",
      "2026-13",
      "30FEB26",
      "30-02-2026",
      "29-13-2026",
      "29.12.26",
      "2026..12",
      "29DEC",
      "26",
      "D",
      "2026-1-1",
      "(2026-12",
      "x".repeat(100)
    ]) {
      const why = wrong(readExpiry(text, TODAY))
      assert.include(why, "is not an expiry; write a date (2026-12-29, 29-12-2026, 29DEC26)", text)
      assert.isBelow(why.length, 200)
    }
  })
})

describe("a range of strikes", () => {
  it("has both ends, one of them, or is one strike", () => {
    assert.deepStrictEqual(right(readStrikes("24000..26000")), { strikeMin: 24_000, strikeMax: 26_000 })
    assert.deepStrictEqual(right(readStrikes("24,000..")), { strikeMin: 24_000 })
    assert.deepStrictEqual(right(readStrikes("..83.25")), { strikeMax: 83.25 })
    assert.deepStrictEqual(right(readStrikes(" 25000 ")), { strikeMin: 25_000, strikeMax: 25_000 })
  })

  it("with a hyphen is refused with what would be right", () => {
    assert.include(wrong(readStrikes("24000-26000")), "write a range as 24000..26000")
    assert.include(wrong(readStrikes("24000 to 26000")), "write a range as 24000..26000")
  })

  it("is refused when it is none", () => {
    for (const text of ["", "..", "1..2..3", "a..b", "-1", "Infinity", "1e999", "2..1"]) {
      assert.match(wrong(readStrikes(text)), /is not a range|is not a strike|is above the highest/, text)
    }
  })
})

describe("filters", () => {
  it("take several names with commas, in any case, and nothing for nothing", () => {
    assert.deepStrictEqual(right(readFilters({}, TODAY)), {})
    assert.deepStrictEqual(right(readFilters({ exchange: " ", type: "", expiry: "" }, TODAY)), {})
    assert.deepStrictEqual(
      right(readFilters({ exchange: "nse, NFO", type: "ce,PE", expiry: "2026-12", strikeMin: "1" }, TODAY)),
      { exchanges: ["NSE", "NFO"], types: ["CE", "PE"], expiry: month("2026-12"), strikeMin: 1 }
    )
    assert.include(wrong(readFilters({ type: "CE,BOND" }, TODAY)), '"BOND" is not a type; known: EQ')
    assert.include(wrong(readFilters({ exchange: "," }, TODAY)), '"," is not an exchange; known: NSE')
    assert.include(wrong(readFilters({ type: " ,, " }, TODAY)), '" ,, " is not a type; known: EQ')
    assert.include(wrong(readFilters({ exchange: "NSEE" }, TODAY)), '"NSEE" is not an exchange; known: NSE')
  })
})

describe("a text", () => {
  it("has its bounds", () => {
    assert.strictEqual(right(readText("nifty 25000 ce")), "nifty 25000 ce")
    assert.include(
      wrong(readText("x".repeat(201))),
      "the search text has 201 characters; at most 200 are allowed"
    )
    assert.include(wrong(readText("a b c d e f g h i j k")), "a search may have at most 10 words")
    assert.include(
      wrong(readText("1a".repeat(100))),
      "a word may have at most 12 parts (runs of letters or digits)"
    )
    assert.include(wrong(readText("20 21 22 23 24 25")), "a search may have at most 5 different numbers")
    for (const text of ["NIFTY29DEC2625050CE", "nifty 50 29 dec 26 25000", "1 1 1 1 1 1 1"]) {
      assert.strictEqual(right(readText(text)), text)
    }
  })

  it("comes apart into words, letters and numbers", () => {
    const runs = (text: string) => chunksOf(text).map((chunk) => chunk.runs.join(" "))
    assert.deepStrictEqual(runs("BAJAJ-AUTO M&M 25,000ce"), ["bajaj auto", "m m", "25000 ce"])
    assert.deepStrictEqual(runs("NIFTY28MAR2420800CE"), ["nifty 28 mar 24 20800 ce"])
    assert.deepStrictEqual(runs("28dec2026"), ["28 dec 2026"])
    assert.deepStrictEqual(runs("Nestlé 83.25"), ["nestle", "83.25"])
    assert.deepStrictEqual(runs(` "*' \t- `), [])
  })
})

describe("a day in India", () => {
  it("begins at half past six in the evening in UTC", () => {
    assert.strictEqual(indiaDay(Date.parse("2026-11-30T18:29:59.999Z")), "2026-11-30")
    assert.strictEqual(indiaDay(Date.parse("2026-11-30T18:30:00Z")), "2026-12-01")
  })
})
