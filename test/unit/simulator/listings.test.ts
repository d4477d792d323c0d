import { describe, expect, it } from "vitest"
import { dateExpiry, monthlyExpiries, weeklyExpiry } from "../../../src/simulator/expiries.ts"
import { makeListings } from "../../../src/simulator/listings.ts"
import { makePacer } from "../../../src/simulator/pacer.ts"

const at = (text: string): number => Date.parse(`${text}T11:00:00+05:30`)

describe("expiries", () => {
  it("finds the last weekday of a month, today's included, and goes on after it", () => {
    expect(monthlyExpiries(at("2026-11-18"), 2, 2).map((e) => e.date)).toEqual(["2026-11-24", "2026-12-29"])
    expect(monthlyExpiries(at("2026-11-24"), 2, 1).map((e) => e.date)).toEqual(["2026-11-24"])
    expect(monthlyExpiries(at("2026-11-25"), 2, 1).map((e) => e.date)).toEqual(["2026-12-29"])
    expect(monthlyExpiries(at("2026-12-31"), 2, 1).map((e) => e.date)).toEqual(["2027-01-26"])
  })

  it("tells a weekly expiry from the month's last one", () => {
    expect(weeklyExpiry(at("2026-11-16"), 2)).toMatchObject({ date: "2026-11-17", weekly: true })
    expect(weeklyExpiry(at("2026-11-18"), 2)).toMatchObject({ date: "2026-11-24", weekly: false })
  })

  it("moves a commodity's date off the weekend", () => {
    expect(dateExpiry(at("2026-11-18"), 19).date).toBe("2026-11-19")
    expect(dateExpiry(at("2026-11-20"), 19).date).toBe("2026-12-18")
    expect(dateExpiry(at("2026-11-30"), 5).date).toBe("2026-12-04")
  })

  it("ends at half past three in India", () => {
    expect(weeklyExpiry(at("2026-11-16"), 2).at).toBe(Date.parse("2026-11-17T15:30:00+05:30"))
  })
})

describe("listings", () => {
  for (const day of ["2026-11-16", "2026-11-18", "2026-11-24", "2026-12-31", "2027-02-28"]) {
    it(`are unique and complete on ${day}`, () => {
      const listings = makeListings({ now: at(day), loadEquities: 50 })
      expect(new Set(listings.map((l) => l.name)).size).toBe(listings.length)
      expect(new Set(listings.map((l) => `${l.exchange}:${l.exchangeToken}`)).size).toBe(listings.length)
      const exchanges = new Set(listings.map((l) => l.exchange))
      for (const e of [
        "NSE",
        "BSE",
        "NFO",
        "BFO",
        "CDS",
        "BCD",
        "MCX",
        "CRYPTO",
        "NSE_INDEX",
        "BSE_INDEX"
      ] as const) {
        expect(exchanges).toContain(e)
      }
      for (const l of listings) {
        expect(l.close, l.name).toBeGreaterThan(0)
        if (l.expiry !== undefined) expect(l.expiry.date >= day, l.name).toBe(true)
        // Kite's wire has 24 bits for it.
        expect(l.exchangeToken).toBeLessThan(2 ** 24)
      }
      expect(listings.filter((l) => l.symbol.startsWith("LOAD"))).toHaveLength(50)
    })
  }

  it("spell symbols in the common way and share one token number between two segments", () => {
    const listings = makeListings({ now: at("2026-11-18") })
    const names = listings.map((l) => l.name)
    for (const name of [
      "NSE:RELIANCE",
      "BSE:RELIANCE",
      "NSE_INDEX:INDIAVIX",
      "NFO:NIFTY24NOV26FUT",
      "NFO:NIFTY24NOV2624800CE",
      "NFO:RELIANCE24NOV26FUT",
      "CDS:USDINR25NOV2684.25CE",
      "MCX:CRUDEOIL19NOV26FUT"
    ]) {
      expect(names).toContain(name)
    }
    const reliance = listings.filter((l) => l.exchangeToken === 2885).map((l) => l.name)
    expect(reliance).toEqual(["NSE:RELIANCE", "NFO:RELIANCE24NOV26FUT"])
  })
})

describe("the pacer", () => {
  const total = (pacer: ReturnType<typeof makePacer>, from: number, to: number, turn: number): number => {
    let sum = 0
    for (let now = from + turn; now <= to; now += turn) sum += pacer.due(now)
    return sum
  }

  it("keeps the rate, also where it is no whole number per turn", () => {
    expect(total(makePacer(1000, 25, 0), 0, 10_000, 25)).toBe(10_000)
    expect(total(makePacer(3, 25, 0), 0, 10_000, 25)).toBe(30)
  })

  it("makes up for a short stall at twice the pace and forgets a long one", () => {
    const pacer = makePacer(1000, 25, 0)
    expect(pacer.due(200)).toBe(50)
    expect(total(pacer, 200, 1000, 25)).toBe(950)
    expect(pacer.due(60_000)).toBe(50)
    // A second's worth of arrears, less what was just made.
    expect(total(pacer, 60_000, 70_000, 25)).toBe(10_950)
  })

  it("makes up for nothing after a restart, and takes no absurd rate", () => {
    const pacer = makePacer(1000, 25, 0)
    pacer.restart(5000)
    expect(pacer.due(5025)).toBe(25)
    pacer.setRate(Number.NaN)
    expect(pacer.due(6000)).toBe(0)
    pacer.setRate(Number.POSITIVE_INFINITY)
    expect(pacer.due(6025)).toBeLessThanOrEqual(50_000)
    pacer.setRate(-5)
    expect(pacer.due(9000)).toBe(0)
  })
})
