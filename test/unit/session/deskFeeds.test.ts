import { assert, describe, it } from "@effect/vitest"
import type { Broker } from "../../../src/brokers/broker.ts"
import { feedsOf } from "../../../src/brokers/broker.ts"
import type { SubscribeResult, SubscribeSuccess } from "../../../src/market/subscription.ts"
import { protocol as kite } from "../../../src/protocols/kite/index.ts"
import type { Orders } from "../../../src/session/subscriptions/planner.ts"
import { Desk } from "../../../src/session/subscriptions/planner.ts"
import type { Resolved } from "../../../src/session/subscriptions/resolver.ts"
import { books, deepBroker, deepFeed } from "./deepSupport.ts"
import { INFY, RELIANCE, TCS } from "./instruments.ts"

const deskOf = (broker: Broker): Desk =>
  new Desk(
    "asha",
    broker,
    feedsOf(broker).map((feed, i) => ({ broker: feed, protocol: i === 0 ? kite : books }))
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
const shown = ({ close, open, send }: Orders) => ({
  open: open.map((slot) => slot.feed),
  send: [...send].flatMap(([slot, changes]) =>
    changes.map(
      ({ entry, to }) => `${slot.feed} ${entry.symbol} ${to === undefined ? "-" : `${to.mode}/${to.depth}`}`
    )
  ),
  close: close.map((slot) => slot.feed)
})
const levelOf = (result: SubscribeResult | undefined): number => (result as SubscribeSuccess).actual_depth

describe("a desk with a deep feed", () => {
  it("asks the main feed for its own five levels and the deep feed for the twenty", () => {
    const desk = deskOf(deepBroker(deepFeed(20)))
    const { orders, results } = desk.hold("one", [depthOf(RELIANCE, 20)])
    assert.deepStrictEqual(shown(orders), {
      open: [0, 1],
      send: ["0 RELIANCE depth/5", "1 RELIANCE depth/20"],
      close: []
    })
    assert.deepInclude(results[0], { status: "success", actual_depth: 20, is_fallback: false })
  })

  it("opens the deep feed for a deep book only, and leaves the main feed alone when one is added", () => {
    const desk = deskOf(deepBroker(deepFeed(20)))
    const quote = desk.hold("one", [quoteOf(RELIANCE)]).orders
    assert.deepStrictEqual(shown(quote), { open: [0], send: ["0 RELIANCE quote/0"], close: [] })
    const five = desk.hold("two", [depthOf(RELIANCE, 5)]).orders
    assert.deepStrictEqual(shown(five), { open: [], send: ["0 RELIANCE depth/5"], close: [] })
    const twenty = desk.hold("three", [depthOf(RELIANCE, 20)]).orders
    assert.deepStrictEqual(shown(twenty), { open: [1], send: ["1 RELIANCE depth/20"], close: [] })
    assert.strictEqual(new Set(desk.slots.map((slot) => slot.id)).size, 2, "ids are unique over the feeds")
  })

  it("closes the deep feed's connection with its last book, and keeps what else is read", () => {
    const desk = deskOf(deepBroker(deepFeed(20)))
    desk.hold("one", [depthOf(RELIANCE, 20), depthOf(INFY, 20)])
    desk.hold("two", [quoteOf(RELIANCE)])
    const first = desk.drop("one", [{ symbol: "INFY", exchange: "NSE" }]).orders
    assert.deepStrictEqual(shown(first), { open: [], send: ["0 INFY -", "1 INFY -"], close: [] })
    const last = desk.release("one")
    assert.deepStrictEqual(shown(last), { open: [], send: ["0 RELIANCE quote/0"], close: [1] })
    assert.deepStrictEqual(
      desk.slots.map((slot) => slot.feed),
      [0]
    )
    assert.deepStrictEqual(shown(desk.hold("one", [depthOf(TCS, 20)]).orders).open, [1], "and opens it again")
  })

  it("gives the main feed's levels, and says so, when the deep feed is full", () => {
    const desk = deskOf(deepBroker(deepFeed(20, 1)))
    const { orders, results } = desk.hold("one", [depthOf(RELIANCE, 20), depthOf(INFY, 20)])
    assert.deepInclude(results[0], { actual_depth: 20, is_fallback: false })
    assert.deepInclude(results[1], {
      status: "success",
      requested_depth: 20,
      actual_depth: 5,
      is_fallback: true,
      message: "Zerodha has no room for another book of 20 levels: using 5"
    })
    assert.deepStrictEqual(shown(orders).send, [
      "0 RELIANCE depth/5",
      "0 INFY depth/5",
      "1 RELIANCE depth/20"
    ])
    assert.strictEqual(
      levelOf(desk.hold("two", [depthOf(RELIANCE, 20)]).results[0]),
      20,
      "the open book is shared"
    )
    desk.release("one")
    desk.release("two")
    assert.strictEqual(levelOf(desk.hold("two", [depthOf(INFY, 20)]).results[0]), 20)
  })

  it("moves a book from one deep feed to a deeper one and back", () => {
    const desk = deskOf(deepBroker(deepFeed(20), deepFeed(200)))
    desk.hold("one", [depthOf(RELIANCE, 20)])
    const deeper = desk.hold("two", [depthOf(RELIANCE, 200)]).orders
    assert.deepStrictEqual(shown(deeper), { open: [2], send: ["2 RELIANCE depth/200"], close: [1] })
    assert.deepStrictEqual(shown(desk.release("two")), {
      open: [1],
      send: ["1 RELIANCE depth/20"],
      close: [2]
    })
  })

  it("serves a book out of a deeper one that is open, however full the shallower feed is", () => {
    const desk = deskOf(deepBroker(deepFeed(20, 1), deepFeed(200)))
    desk.hold("one", [depthOf(RELIANCE, 200), depthOf(INFY, 20)])
    const { orders, results } = desk.hold("two", [depthOf(RELIANCE, 20)])
    assert.deepStrictEqual(shown(orders), { open: [], send: [], close: [] })
    assert.deepInclude(results[0], { actual_depth: 20, is_fallback: false })
  })
})
