/** The simulated market as the brokers on Noren back ends list it, through their own parsers. */
import { assert, describe, it } from "@effect/vitest"
import { broker as aliceblue } from "../../../../src/brokers/data/aliceblue.ts"
import type { Broker } from "../../../../src/brokers/broker.ts"
import { broker as definedge } from "../../../../src/brokers/data/definedge.ts"
import { broker as firstock } from "../../../../src/brokers/data/firstock.ts"
import { broker as flattrade } from "../../../../src/brokers/data/flattrade.ts"
import { broker as shoonya } from "../../../../src/brokers/data/shoonya.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import { listAt } from "../../../../src/simulator/identity.ts"
import { makeListings } from "../../../../src/simulator/listings.ts"
import { loadMaster } from "../../../../src/simulator/masters/index.ts"

describe.each<readonly [string, Broker]>(
  [aliceblue, definedge, firstock, flattrade, shoonya].map((b) => [b.name, b])
)("the simulated master of %s", (_, broker) => {
  // With a weekly chain, without one, on an expiry day, at a year's end.
  it.each(["2026-11-16", "2026-11-18", "2026-11-24", "2026-12-31"])(
    "is imported whole on %s, under the same names and tokens",
    async (day) => {
      const master = (await loadMaster(broker.instrumentMaster.format))!
      const listed = listAt(broker, makeListings({ now: Date.parse(`${day}T11:00:00+05:30`) }), master)
      const parse = await broker.instrumentMaster.load()
      const { instruments, rejects, skipped } = parse(master.write(listed).toReversed())
      assert.deepStrictEqual([rejects, skipped], [[], {}])
      const shape = (i: Instrument) =>
        `${i.exchange}:${i.symbol} ${i.token} ${i.brokerSymbol} ${i.expiry} ${i.strike} ${i.lotSize} ${i.type}`
      assert.deepStrictEqual(instruments.map(shape).sort(), listed.map((l) => shape(l.instrument)).sort())
    }
  )
})
