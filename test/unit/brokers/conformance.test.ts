import { assert, describe, it } from "@effect/vitest"
import { MalformedVectors, runVectorFile } from "../../../src/brokers/conformance.ts"
import { difference } from "../../../src/brokers/tickDifference.ts"
import { broker } from "../../../src/brokers/data/zerodha.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { protocol } from "../../../src/protocols/kite/index.ts"
import type { Change } from "../../../src/protocols/protocol.ts"

const tick: Tick = {
  symbol: "A",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_711_600_000_000,
  ltp: 10.05,
  ltq: 0,
  depth: {
    buy: [
      { price: 10, quantity: 5, orders: 1 },
      { price: 0, quantity: 0, orders: 0 }
    ],
    sell: []
  }
}
const compared = (expected: Readonly<Record<string, unknown>>): string | undefined =>
  difference([tick], [expected])

describe("comparing ticks", () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ["fewer keys", { symbol: "A" }],
    ["prices within 1e-9", { ltp: 10.05 * (1 + 9e-10) }],
    ["a price of 0 for an absent one", { open: 0, upper_circuit: 0 }],
    [
      "a book without its empty levels",
      { depth: { buy: [{ price: 10, quantity: 5, orders: 1 }], sell: [] } }
    ],
    [
      "empty levels on the other side too",
      { depth: { buy: [{ price: 10, quantity: 5 }], sell: [{ price: 0, quantity: 0, orders: 9 }] } }
    ],
    ["a book of one side", { depth: { sell: [] } }]
  ])("allows %s", (_, expected) => assert.isUndefined(compared(expected)))

  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ["another symbol", { symbol: "B" }, 'tick 1, symbol: expected "B", got "A"'],
    ["a price beyond 1e-9", { ltp: 10.05 * (1 + 2e-9) }, "ltp"],
    ["a missing price", { open: 1 }, "open: expected 1, got nothing"],
    ["a price where none should be", { ltp: 0 }, "ltp"],
    ["a missing quantity of 0", { volume: 0 }, "volume: expected 0, got nothing"],
    ["another quantity", { ltq: 1 }, "ltq"],
    ["another mode", { mode: "quote" }, "mode"],
    ["another number of levels", { depth: { buy: [], sell: [] } }, "depth.buy: expected 0 levels, got 1"],
    ["another level", { depth: { buy: [{ price: 10, quantity: 6 }], sell: [] } }, "level 1"],
    ["other orders", { depth: { buy: [{ price: 10, quantity: 5, orders: 2 }], sell: [] } }, "level 1"],
    ["an expected book that is none", { depth: 7 }, "no readable buy side"]
  ])("finds %s", (_, expected, message) => assert.include(compared(expected), message))

  it("finds a missing and a superfluous tick, and a missing book", () => {
    assert.strictEqual(difference([], [{}]), "expected 1 ticks, got 0")
    assert.strictEqual(difference([tick], []), "expected 0 ticks, got 1")
    const { depth: _, ...bookless } = tick
    assert.include(difference([bookless], [{ depth: { buy: [], sell: [] } }]), "expected a book, got nothing")
  })
})

const file = {
  broker: "zerodha",
  protocol: "kite",
  oracle: "people read this",
  instruments: [
    { symbol: "RELIANCE", exchange: "NSE", token: "738561", brexchange: "NSE", brsymbol: "RELIANCE" }
  ],
  cases: [
    {
      name: "good",
      frames: [{ hex: "00010008000b450100047cfc" }],
      expect: [{ symbol: "RELIANCE", exchange: "NSE", mode: "ltp", ltp: 2941.4 }]
    },
    { name: "cut", frames: [{ hex: "00010008000b45" }], expect: "error" },
    { name: "text", frames: [{ text: "hello" }], expect: "ignored" }
  ]
}
const withCase = (change: object) => ({ ...file, cases: [{ ...file.cases[0], ...change }] })

describe("running a file of vectors", () => {
  it("reports what passed", () => {
    assert.deepStrictEqual(runVectorFile(file, broker, protocol), {
      stream: "zerodha",
      passed: 3,
      failed: 0,
      failures: []
    })
  })

  it("reports what failed, with what the codec said", () => {
    const report = runVectorFile(withCase({ frames: [{ hex: "00010008000b45" }] }), broker, protocol)
    assert.deepStrictEqual([report.passed, report.failed], [0, 1])
    assert.strictEqual(report.failures[0]?.case, "good")
    assert.match(
      report.failures[0]?.difference ?? "",
      /^expected 1 ticks, got 0 \(the codec said: truncated: /
    )
  })

  it("reports a codec that throws as a failure of the case", () => {
    const broken = {
      ...protocol,
      open: () => ({
        request: () => [],
        decode: () => {
          throw new Error("oh no")
        }
      })
    }
    const { failures } = runVectorFile(file, broker, broken)
    assert.deepStrictEqual(
      failures.map((f) => f.difference),
      Array.from({ length: 3 }, () => "the codec threw: Error: oh no")
    )
  })

  it("gives each case a connection of its own, with every mode and level that the broker offers", () => {
    const asked: Array<ReadonlyArray<Change>> = []
    const watching = {
      ...protocol,
      open: (options: Parameters<typeof protocol.open>[0]) => {
        const seen: Array<Change> = []
        asked.push(seen)
        const codec = protocol.open(options)
        return {
          request: (changes: ReadonlyArray<Change>) => {
            seen.push(...changes)
            return codec.request(changes)
          },
          decode: codec.decode.bind(codec)
        }
      }
    }
    const deeper = { ...broker, exchanges: { NSE: { code: 1, depthLevels: [5, 20] } } }
    runVectorFile(file, deeper, watching)
    const wants = [
      { mode: "ltp", depth: 0 },
      { mode: "quote", depth: 0 },
      { mode: "depth", depth: 5 },
      { mode: "depth", depth: 20 }
    ]
    assert.deepStrictEqual<unknown>(
      asked.map((changes) => changes.map((c) => c.to)),
      [wants, wants, wants]
    )
  })

  it.each<readonly [string, unknown, string]>([
    ["no object", [], "Expected object"],
    ["no broker", { ...file, broker: undefined }, "broker"],
    [
      "instruments without a token",
      { ...file, instruments: [{ symbol: "A", exchange: "NSE" }] },
      "instruments.0.token"
    ],
    [
      "an exchange that is none",
      { ...file, instruments: [{ ...file.instruments[0], exchange: "LSE" }] },
      '"LSE"'
    ],
    ["half a byte", withCase({ frames: [{ hex: "000" }] }), "cases.0.frames.0"],
    ["a frame of nothing", withCase({ frames: [{}] }), "cases.0.frames.0"],
    ["an unknown expectation", withCase({ expect: "maybe" }), "cases.0.expect"]
  ])("says where a file with %s is wrong", (_, json, message) => {
    assert.throws(() => runVectorFile(json, broker, protocol), MalformedVectors, message)
  })
})
