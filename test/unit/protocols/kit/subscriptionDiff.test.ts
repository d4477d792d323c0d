import { assert, describe, it } from "@effect/vitest"
import type { WireInstrument } from "../../../../src/market/instrument.ts"
import type { Mode } from "../../../../src/market/mode.ts"
import { SubscriptionTable } from "../../../../src/protocols/kit/givenUp.ts"
import { LocalRefusals } from "../../../../src/protocols/kit/localRefusals.ts"
import type { FrameRules } from "../../../../src/protocols/kit/subscriptionDiff.ts"
import {
  applyChanges,
  lastWords,
  subscriptionFrames
} from "../../../../src/protocols/kit/subscriptionDiff.ts"
import type { Change, Sink, WireEvent } from "../../../../src/protocols/protocol.ts"

const named = (symbol: string, token: string): WireInstrument => ({
  symbol,
  exchange: "NSE",
  token,
  brokerExchange: "NSE",
  brokerSymbol: symbol
})
const infy = named("INFY", "1")
const tcs = named("TCS", "2")
const sbin = named("SBIN", "3")
const want = (mode: Mode) => ({ mode, depth: mode === "depth" ? 5 : 0 })
const LTP = want("ltp")
const QUOTE = want("quote")

interface Remembered {
  readonly instrument: WireInstrument
  readonly mode: Mode
  readonly since: number
}

/** A wire whose frames are texts: `+ltp 1,2`. */
const wire = (rules: Omit<FrameRules<Mode>, "batch"> & { readonly batch?: number }, strict = false) => {
  const table = new SubscriptionTable<string, Remembered>()
  const unasked = new LocalRefusals()
  let made = 0
  const request = (...changes: ReadonlyArray<Change>) =>
    subscriptionFrames(
      applyChanges(changes, {
        unasked,
        placeOf: (instrument) =>
          instrument.token === "" ? "no token" : { id: instrument.token, givenUp: table.givenUp },
        kinds: ({ mode }) => [mode],
        make: (instrument, { mode }, held) => ({ instrument, mode, since: held?.since ?? ++made }),
        ...(strict
          ? {
              clash: (a: WireInstrument, b: WireInstrument) =>
                a.symbol === b.symbol ? undefined : `${a.symbol} is not ${b.symbol}`
            }
          : {})
      }),
      { batch: 10, ...rules },
      (action, kind, items) =>
        `${action === "subscribe" ? "+" : "-"}${kind} ${items.map(({ place }) => place.id).join(",")}`
    )
  const refusals = (): ReadonlyArray<string> => {
    const events: Array<WireEvent> = []
    unasked.report({ event: (event) => events.push(event) } as Pick<Sink, "event"> as Sink)
    return events.flatMap((event) => (event.type === "refused" ? [event.detail] : []))
  }
  return { table, request, refusals }
}

const held: ReadonlyArray<Change> = [infy, tcs].map((instrument) => ({ instrument, to: LTP }))
/** One is given up, one changes its mode, one is new. */
const mixed: ReadonlyArray<Change> = [
  { instrument: tcs, from: LTP, to: QUOTE },
  { instrument: infy, from: LTP },
  { instrument: sbin, to: LTP }
]

describe("the order on the wire", () => {
  const orders: ReadonlyArray<readonly [FrameRules<Mode>["order"], ReadonlyArray<string>]> = [
    ["overlap", ["-ltp 1", "+ltp 3", "+quote 2", "-ltp 2"]],
    ["oldFirst", ["-ltp 2,1", "+ltp 3", "+quote 2"]],
    ["newFirst", ["+ltp 3", "+quote 2", "-ltp 2,1"]]
  ]
  for (const [order, expected] of orders) {
    it(order, () => {
      const { request } = wire({ order, kinds: ["ltp", "quote", "depth"] })
      assert.deepStrictEqual(request(...held), ["+ltp 1,2"])
      assert.deepStrictEqual(request(...mixed), expected)
    })
  }

  it("a wire on which a mode replaces the other gives up none of them", () => {
    const { request } = wire({ order: "oldFirst", replaces: true })
    request(...held)
    assert.deepStrictEqual(request(...mixed), ["-ltp 1", "+quote 2", "+ltp 3"])
  })

  it("cuts at the limit of a frame", () => {
    const { request } = wire({ order: "oldFirst", batch: 2 })
    assert.deepStrictEqual(request(...held, { instrument: sbin, to: LTP }), ["+ltp 1,2", "+ltp 3"])
  })
})

describe("what is asked for once more", () => {
  for (const order of ["overlap", "oldFirst"] as const) {
    it(`is subscribed again, or given up before where the wire needs it (${order})`, () => {
      const [plain, renewing] = [wire({ order }), wire({ order, renews: true })]
      for (const { request } of [plain, renewing]) request(...held)
      const again: Change = { instrument: infy, to: LTP }
      assert.deepStrictEqual(plain.request(again), ["+ltp 1"])
      assert.deepStrictEqual(renewing.request(again), ["-ltp 1", "+ltp 1"])
    })
  }

  it("is given up once more, though it is not in use", () => {
    const { request, table } = wire({ order: "overlap" })
    request(...held)
    const goodbye: Change = { instrument: infy, from: LTP }
    assert.deepStrictEqual(request(goodbye), ["-ltp 1"])
    assert.deepStrictEqual(request(goodbye), ["-ltp 1"])
    assert.isFalse(table.has("1"))
    assert.deepStrictEqual(request({ instrument: sbin, from: LTP }), [], "what it never had")
  })
})

it("keeps what is known of an instrument over a change of mode, and over an end that the same request takes back", () => {
  const { request, table } = wire({ order: "overlap" })
  request(...held)
  request({ instrument: infy, from: LTP, to: QUOTE })
  assert.strictEqual(table.get("1")?.since, 1)
  assert.deepStrictEqual(request({ instrument: infy, from: QUOTE }, { instrument: infy, to: QUOTE }), [
    "+quote 1"
  ])
  assert.strictEqual(table.get("1")?.since, 1)
  request({ instrument: infy, from: QUOTE })
  request({ instrument: infy, to: QUOTE })
  assert.strictEqual(table.get("1")?.since, 3, "over two requests it begins anew")
  request({ instrument: infy, from: QUOTE }, { instrument: named("INFOSYS", "1"), to: QUOTE })
  assert.strictEqual(table.get("1")?.since, 4, "another instrument gets nothing of it")
})

it("refuses what has no place, and what would take another one's where the rules forbid it", () => {
  const { refusals, request, table } = wire({ order: "oldFirst" }, true)
  request(...held)
  const other = named("OTHER", "1")
  assert.deepStrictEqual(
    request({ instrument: named("NONE", ""), to: LTP }, { instrument: other, to: LTP }),
    []
  )
  assert.deepStrictEqual(refusals(), ["no token", "OTHER is not INFY"])
  assert.deepStrictEqual(request({ instrument: other, from: LTP }), [], "its end is none of the other's")
  assert.deepStrictEqual(refusals(), [])
  assert.strictEqual(table.get("1")?.instrument, infy)
  request({ instrument: infy, from: LTP }, { instrument: other, to: LTP })
  assert.strictEqual(table.get("1")?.instrument, other)
})

it("the last word on each instrument stands where the first one stood", () => {
  const [a, b, c] = [
    { instrument: infy, from: LTP },
    { instrument: tcs, to: LTP },
    { instrument: infy, to: QUOTE }
  ] as const satisfies ReadonlyArray<Change>
  assert.deepStrictEqual(lastWords([a, b, c]), [c, b])
})
