import { assert, describe, it } from "@effect/vitest"
import type { Broker } from "../../../../src/brokers/broker.ts"
import { streamsOf } from "../../../../src/brokers/broker.ts"
import type { SubscribeResult, SubscribeSuccess } from "../../../../src/market/subscription.ts"
import { protocol as kite } from "../../../../src/protocols/kite/index.ts"
import type { WireActions } from "../../../../src/session/subscriptions/planner.ts"
import { SubscriptionPlanner } from "../../../../src/session/subscriptions/planner.ts"
import type { Resolved } from "../../../../src/session/subscriptions/resolver.ts"
import { books, deepBroker, deepFeed } from "./deepSupport.ts"
import { INFY, RELIANCE, TCS } from "../instruments.ts"

const deskOf = (broker: Broker): SubscriptionPlanner =>
  new SubscriptionPlanner(
    "asha",
    broker,
    streamsOf(broker).map((feed, i) => ({ broker: feed, protocol: i === 0 ? kite : books }))
  )

const depthOf = (instrument: typeof RELIANCE, levels: number): Resolved => ({
  tag: "resolved",
  instrument,
  request: { symbol: instrument.symbol, exchange: "NSE", mode: "depth", depth: levels },
  requestedDepth: levels,
  depth: { tag: "level", actual: levels, fallback: false },
  bookless: false
})
const quoteOf = (instrument: typeof RELIANCE): Resolved => ({
  tag: "resolved",
  instrument,
  request: { symbol: instrument.symbol, exchange: "NSE", mode: "quote" },
  requestedDepth: 5,
  depth: undefined,
  bookless: false
})

/** By feed: which connections open and close, and what is asked for, as `FEED SYMBOL mode/levels`. */
const shown = ({ close, open, send }: WireActions) => ({
  open: open.map((connection) => connection.stream),
  send: [...send].flatMap(([connection, changes]) =>
    changes.map(
      ({ instrument, to }) =>
        `${connection.stream} ${instrument.symbol} ${to === undefined ? "-" : `${to.mode}/${to.depth}`}`
    )
  ),
  close: close.map((connection) => connection.stream)
})
const levelOf = (result: SubscribeResult | undefined): number => (result as SubscribeSuccess).actual_depth

describe("a planner with a deep stream", () => {
  it("asks the main feed for its own five levels and the deep feed for the twenty", () => {
    const planner = deskOf(deepBroker(deepFeed(20)))
    const { actions, results } = planner.add("one", [depthOf(RELIANCE, 20)])
    assert.deepStrictEqual(shown(actions), {
      open: [0, 1],
      send: ["0 RELIANCE depth/5", "1 RELIANCE depth/20"],
      close: []
    })
    assert.deepInclude(results[0], { status: "success", actual_depth: 20, is_fallback: false })
  })

  it("opens the deep feed for a deep book only, and leaves the main feed alone when one is added", () => {
    const planner = deskOf(deepBroker(deepFeed(20)))
    const quote = planner.add("one", [quoteOf(RELIANCE)]).actions
    assert.deepStrictEqual(shown(quote), { open: [0], send: ["0 RELIANCE quote/0"], close: [] })
    const five = planner.add("two", [depthOf(RELIANCE, 5)]).actions
    assert.deepStrictEqual(shown(five), { open: [], send: ["0 RELIANCE depth/5"], close: [] })
    const twenty = planner.add("three", [depthOf(RELIANCE, 20)]).actions
    assert.deepStrictEqual(shown(twenty), { open: [1], send: ["1 RELIANCE depth/20"], close: [] })
    assert.strictEqual(
      new Set(planner.connections.map((connection) => connection.id)).size,
      2,
      "ids are unique over the feeds"
    )
  })

  it("closes the deep feed's connection with its last book, and keeps what else is read", () => {
    const planner = deskOf(deepBroker(deepFeed(20)))
    planner.add("one", [depthOf(RELIANCE, 20), depthOf(INFY, 20)])
    planner.add("two", [quoteOf(RELIANCE)])
    const first = planner.remove("one", [{ symbol: "INFY", exchange: "NSE" }]).actions
    assert.deepStrictEqual(shown(first), { open: [], send: ["0 INFY -", "1 INFY -"], close: [] })
    const last = planner.release("one")
    assert.deepStrictEqual(shown(last), { open: [], send: ["0 RELIANCE quote/0"], close: [1] })
    assert.deepStrictEqual(
      planner.connections.map((connection) => connection.stream),
      [0]
    )
    assert.deepStrictEqual(
      shown(planner.add("one", [depthOf(TCS, 20)]).actions).open,
      [1],
      "and opens it again"
    )
  })

  it("gives the main feed's levels, and says so, when the deep feed is full", () => {
    const planner = deskOf(deepBroker(deepFeed(20, 1)))
    const { actions, results } = planner.add("one", [depthOf(RELIANCE, 20), depthOf(INFY, 20)])
    assert.deepInclude(results[0], { actual_depth: 20, is_fallback: false })
    assert.deepInclude(results[1], {
      status: "success",
      requested_depth: 20,
      actual_depth: 5,
      is_fallback: true,
      message: "Zerodha has no room for another book of 20 levels: using 5"
    })
    assert.deepStrictEqual(shown(actions).send, [
      "0 RELIANCE depth/5",
      "0 INFY depth/5",
      "1 RELIANCE depth/20"
    ])
    assert.strictEqual(
      levelOf(planner.add("two", [depthOf(RELIANCE, 20)]).results[0]),
      20,
      "the open book is shared"
    )
    planner.release("one")
    planner.release("two")
    assert.strictEqual(levelOf(planner.add("two", [depthOf(INFY, 20)]).results[0]), 20)
  })

  it("moves a book from one deep feed to a deeper one and back", () => {
    const planner = deskOf(deepBroker(deepFeed(20), deepFeed(200)))
    planner.add("one", [depthOf(RELIANCE, 20)])
    const deeper = planner.add("two", [depthOf(RELIANCE, 200)]).actions
    assert.deepStrictEqual(shown(deeper), { open: [2], send: ["2 RELIANCE depth/200"], close: [1] })
    assert.deepStrictEqual(shown(planner.release("two")), {
      open: [1],
      send: ["1 RELIANCE depth/20"],
      close: [2]
    })
  })

  it("serves a book out of a deeper one that is open, however full the shallower feed is", () => {
    const planner = deskOf(deepBroker(deepFeed(20, 1), deepFeed(200)))
    planner.add("one", [depthOf(RELIANCE, 200), depthOf(INFY, 20)])
    const { actions, results } = planner.add("two", [depthOf(RELIANCE, 20)])
    assert.deepStrictEqual(shown(actions), { open: [], send: [], close: [] })
    assert.deepInclude(results[0], { actual_depth: 20, is_fallback: false })
  })
})
