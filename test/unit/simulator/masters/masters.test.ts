import { describe, expect, it } from "vitest"
import { broker as angel } from "../../../../src/brokers/data/angel.ts"
import { broker as arrow } from "../../../../src/brokers/data/arrow.ts"
import { broker as dhan } from "../../../../src/brokers/data/dhan.ts"
import { broker as mstock } from "../../../../src/brokers/data/mstock.ts"
import { broker as motilal } from "../../../../src/brokers/data/motilal.ts"
import { broker as paytm } from "../../../../src/brokers/data/paytm.ts"
import { broker as pocketful } from "../../../../src/brokers/data/pocketful.ts"
import { broker as tradejini } from "../../../../src/brokers/data/tradejini.ts"
import { broker as zerodha } from "../../../../src/brokers/data/zerodha.ts"
import { nameOf } from "../../../../src/market/instrument.ts"
import { listAt } from "../../../../src/simulator/identity.ts"
import { makeListings } from "../../../../src/simulator/listings.ts"
import { loadMaster } from "../../../../src/simulator/masters/index.ts"

/** With a weekly chain, without one, on an expiry day, at a year's end. */
const days = ["2026-11-16", "2026-11-18", "2026-11-24", "2026-12-31"]

describe.each([zerodha, angel, arrow, dhan, mstock, motilal, paytm, pocketful, tradejini])(
  "the simulated master of $name",
  (broker) => {
    it.each(days)("is imported whole on %s, under the same names and tokens", async (day) => {
      const master = (await loadMaster(broker.instrumentMaster.format))!
      const listed = listAt(broker, makeListings({ now: Date.parse(`${day}T11:00:00+05:30`) }), master)
      const parse = await broker.instrumentMaster.load()
      const { instruments, rejects, skipped } = parse(master.write(listed))
      expect(rejects).toEqual([])
      expect(skipped).toEqual({})
      const shape = (i: {
        symbol: string
        exchange: string
        token: string
        strike?: number
        expiry?: string
      }) => `${nameOf(i)} ${i.token} ${i.expiry ?? "-"} ${i.strike ?? "-"}`
      expect(instruments.map(shape).sort()).toEqual(listed.map((l) => shape(l.instrument)).sort())
    })
  }
)

describe("broker names", async () => {
  const masters = { angel: (await loadMaster("angel"))!, zerodha: (await loadMaster("zerodha"))! }
  const listings = makeListings({ now: Date.parse("2026-11-16T11:00:00+05:30") })
  const at = (broker: typeof zerodha, name: string) =>
    listAt(broker, listings, masters[broker.name as "angel" | "zerodha"])
      .map((l) => l.instrument)
      .find((i) => nameOf(i) === name)

  it("derives Kite's tokens and spellings", () => {
    expect(at(zerodha, "NSE:RELIANCE")).toMatchObject({ token: "738561", brokerSymbol: "RELIANCE" })
    expect(at(zerodha, "BSE:RELIANCE")).toMatchObject({ token: "128083204" })
    expect(at(zerodha, "NSE_INDEX:NIFTY")).toMatchObject({ token: "256265", brokerSymbol: "NIFTY 50" })
    expect(at(zerodha, "BSE_INDEX:SENSEX")).toMatchObject({ token: "265", brokerExchange: "BSE" })
    expect(at(zerodha, "NFO:NIFTY24NOV2624800CE")).toMatchObject({ brokerSymbol: "NIFTY26NOV24800CE" })
    expect(at(zerodha, "NFO:NIFTY17NOV2624800CE")).toMatchObject({ brokerSymbol: "NIFTY26N1724800CE" })
  })

  it("takes Angel's own index tokens and the exchange's for the rest", () => {
    expect(at(angel, "NSE:RELIANCE")).toMatchObject({ token: "2885", brokerSymbol: "RELIANCE-EQ" })
    expect(at(angel, "NSE_INDEX:NIFTY")).toMatchObject({ token: "99926000", brokerSymbol: "Nifty 50" })
    expect(at(angel, "BSE_INDEX:SENSEX")).toMatchObject({ token: "99919000", brokerExchange: "BSE" })
    // Angel has no exchange type for BSE currency.
    const listed = listAt(angel, makeListings({ now: Date.now() }), masters.angel)
    expect(listed.some((l) => l.listing.exchange === "BCD")).toBe(false)
  })
})
