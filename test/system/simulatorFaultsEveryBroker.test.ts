/** Every broker's simulator lives through every fault: no codec of its throws, and the market behind it goes on. */
import { assert, describe, it } from "@effect/vitest"
import { builtInBrokers } from "../../src/brokers/registry.ts"
import { faultNames } from "../../src/simulator/index.ts"
import type { Fault } from "../../src/simulator/index.ts"
import { until } from "./simulatorSupport.ts"
import { faultyBroker } from "./support/rawClient.ts"
import type { AnyClient } from "./support/rawClient.ts"

/** Faults that do not hide each other go together. */
const rounds: ReadonlyArray<ReadonlyArray<Fault>> = [
  [{ fault: "mute" }],
  [{ fault: "pingsOnly" }],
  [{ fault: "silent" }],
  [{ fault: "blackHole" }],
  [{ fault: "deadTokens" }, { fault: "slowdown", to: 0.3 }, { fault: "clockSkew", by: 3_600_000 }],
  [{ fault: "duplicate" }, { fault: "reorder" }],
  [
    { fault: "truncate", probability: 0.3 },
    { fault: "corrupt", probability: 0.5 }
  ],
  [
    { fault: "truncate", level: "wire", probability: 0.2 },
    { fault: "corrupt", level: "wire", probability: 0.2 }
  ],
  [{ fault: "split" }, { fault: "merge" }],
  [{ fault: "fragment" }, { fault: "segment" }],
  [{ fault: "coalesce" }, { fault: "drip", bytes: 50, every: 1 }],
  [{ fault: "garbage" }, { fault: "huge", bytes: 100_000 }],
  [{ fault: "close", code: 1005 }],
  [{ fault: "drop" }],
  [{ fault: "reset" }],
  [{ fault: "displaced" }]
]

/** These show when somebody comes. */
const atTheDoor: ReadonlyArray<Fault> = [
  { fault: "hang" },
  { fault: "refuse" },
  { fault: "refuseSubscriptions" },
  { fault: "symbolCap", most: 2 },
  { fault: "connectionCap", most: 1, excess: "displace" },
  { fault: "rateLimit", perSecond: 1 },
  { fault: "tokenExpiry", existing: "close" }
]

it("tries all faults", () => {
  const tried = new Set([...rounds.flat(), ...atTheDoor].map(({ fault }) => fault))
  assert.deepStrictEqual([...tried].sort(), [...faultNames].sort())
})

describe.concurrent.each(builtInBrokers)("%s", (name) => {
  it("survives every fault", { timeout: 30_000 }, async () => {
    const { join, simulator, some, stop, wanted } = await faultyBroker(name, { turnsPerSecond: 200 })
    const few = some.slice(0, 4)
    try {
      let client: AnyClient | undefined
      for (const faults of [...rounds, ...atTheDoor.map((fault) => [fault])]) {
        const what = faults.map(({ fault }) => fault).join(", ")
        if (client === undefined || client.ended() !== undefined) {
          client = await join()
          client.want(few, wanted)
        }
        const before = simulator.counters().changes
        for (const fault of faults) simulator.inject(fault)
        if (atTheDoor.includes(faults[0]!)) {
          const guest = join().then((other) => {
            other.want(few, wanted)
            setTimeout(other.close, 30)
          })
          // Whether he is let in is another test's.
          void guest.catch(() => {})
        }
        await until(`a market in ${what}`, () => simulator.counters().changes > before + 40)
        simulator.clearFaults()
        simulator.setCredentials(simulator.credentials)
        assert.strictEqual(simulator.counters().defects, 0, what)
      }
      const last = await join()
      last.want(few, wanted)
      await until("ticks in the end", () => last.ticks.length > 0)
    } finally {
      await stop()
    }
  })
})
