/** Whatever the gateway writes is one of the published messages, and nothing that is wrong passes for one. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import type { View } from "../../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../../src/frame/frameToJson.ts"
import { FeedError } from "../../../../src/bus/feed.ts"
import * as answers from "../../../../src/gateway/messages/answerWriter.ts"
import { statusOf } from "../../../../src/gateway/delivery/status.ts"
import { ClientSubscriptions } from "../../../../src/gateway/topics/subscriptions.ts"
import { missingFor, missingOf } from "../../../../src/gateway/requests/missingFeed.ts"
import { outboundFault } from "../../../../src/gateway/messages/outbound.ts"
import { orderFrame } from "../../../../src/gateway/orderUpdates.ts"
import type { FeedEvent } from "../../../../src/market/feedEvent.ts"
import { MAX_PRICE, MAX_TIME, MIN_TIME } from "../../../../src/market/tickRules.ts"
import type { Tick } from "../../../../src/market/tick.ts"
import { faultBySchema } from "../../../support/messageSchemas.ts"

const published = (text: string): void => {
  const frame: unknown = JSON.parse(text)
  assert.isUndefined(outboundFault(frame), text)
  assert.isUndefined(faultBySchema("Outbound", frame), text)
}

const info = { broker: "zerodha", state: "connected", modes: ["ltp", "quote", "depth"] } as const
const optIns = { events: true, snapshot: false, clocks: true }

describe("answers", () => {
  const served = answers.subscribedEntry(
    "A",
    "NSE",
    "depth",
    {
      status: "success",
      symbol: "A",
      exchange: "NSE",
      mode: "depth",
      requested_depth: 50,
      actual_depth: 20,
      is_fallback: true,
      message: "Using 20",
      topic: "t"
    },
    "zerodha"
  )
  const failed = answers.failedEntry("", "", "no", "zerodha")
  const given = { symbol: "A", exchange: "NSE", status: "success", broker: "zerodha" } as const

  it.each([
    answers.errorFrame("SERVER_ERROR", "m", "{}"),
    answers.authenticated(info, "asha"),
    answers.authenticated(info, "asha", { optIns }, "[1]"),
    answers.authenticated(info, "asha", { optIns, missing: missingOf({ ...info, state: "connecting" }) }),
    answers.authenticated(info, "asha", {
      missing: missingFor(new FeedError({ code: "BROKER_ERROR", detail: "no broker" }))
    }),
    answers.subscribed([served, failed], "zerodha"),
    answers.subscribed([], "zerodha", "0"),
    answers.unsubscribed([given], [failed], "zerodha"),
    answers.unsubscribed([], [failed], "zerodha", '"x"'),
    answers.ordersSubscribed(),
    answers.ordersUnsubscribed("false"),
    answers.brokerInfo(info, "asha"),
    answers.supportedBrokers(["a"]),
    answers.pong(1, "[null]", '"p"', "2")
  ])("%s is published", published)
})

describe("frames of the feed", () => {
  const price = FastCheck.double({ min: -MAX_PRICE, max: MAX_PRICE, noNaN: true })
  const quantity = FastCheck.maxSafeNat()
  const time = FastCheck.integer({ min: MIN_TIME, max: MAX_TIME })
  const level = FastCheck.record({ price, quantity, orders: quantity })
  const side = FastCheck.array(level, { maxLength: 6 })
  const prices = [
    "ltp",
    "open",
    "high",
    "low",
    "close",
    "average_price",
    "upper_circuit",
    "week52_low",
    "indicative_price",
    "reference_price"
  ]
  const quantities = [
    "ltq",
    "volume",
    "total_buy_quantity",
    "total_sell_quantity",
    "oi",
    "oi_high",
    "oi_low",
    "indicative_quantity"
  ]
  const signed = ["imbalance", "market_imbalance"]
  const ticks = FastCheck.record(
    {
      received_time: time,
      exchange_time: time,
      ltt: time,
      implausible: FastCheck.constantFrom("jump", "circuit"),
      depth: FastCheck.record({ buy: side, sell: side }),
      ...Object.fromEntries(prices.map((name) => [name, price])),
      ...Object.fromEntries(quantities.map((name) => [name, quantity])),
      ...Object.fromEntries(signed.map((name) => [name, FastCheck.maxSafeInteger()]))
    },
    { requiredKeys: ["received_time"] }
  )

  it.each(["ltp", "quote", "depth"] as const)("are published, in mode %s, whatever the tick has", (mode) => {
    const view: View = {
      topic: "t",
      user: "asha",
      broker: "zerodha",
      symbol: 'M&M "x"',
      exchange: "NSE",
      mode,
      levels: mode === "depth" ? 5 : 0
    }
    const writers = [makeFrameWriter(view), makeFrameWriter({ ...view, simulated: true })]
    FastCheck.assert(
      FastCheck.property(ticks, (fields) => {
        const tick = { symbol: view.symbol, exchange: "NSE", mode: "depth", ...fields } as unknown as Tick
        for (const write of writers) published(write(tick).payload.toString("utf8"))
      }),
      { numRuns: 300, seed: 7 }
    )
  })

  const subscriptions = new ClientSubscriptions()
  const name = { symbol: "A", exchange: "NSE" }
  const named = { ok: true, ...name, instrument: name, suffixDepth: undefined } as const
  subscriptions.put({
    ...name,
    name: named,
    mode: "ltp",
    depth: 5,
    tag: 1,
    topic: "t",
    topicSubscription: undefined as never
  })
  const envelope = { user: "asha", broker: "zerodha", at: 5 }
  const events: ReadonlyArray<FeedEvent> = [
    { type: "feed_down", ...envelope, connection: 1, cause: "ConnectionLost", detail: "reset", since: 4 },
    { type: "feed_up", ...envelope, connection: 1, gap_ms: 1.5, restored: 3, failed: 0 },
    { type: "waiting_for_login", ...envelope, reason: "expired" },
    { type: "stale", ...envelope, instruments: [{ ...name, last_tick: 3 }, name] },
    { type: "fresh", ...envelope, instruments: [name] },
    { type: "subscription_confirmed", ...envelope, instruments: [{ ...name, mode: "ltp" }] },
    { type: "subscription_failed", ...envelope, instruments: [{ ...name, mode: "ltp", reason: "no" }] },
    { type: "supervisor", ...envelope, connection: 1, decision: "unavailable", cause: "too many" }
  ]

  it.each(events)("tell of $type as published", (event) => {
    const payload = statusOf(event)(subscriptions, "json")
    assert.isDefined(payload)
    published(Buffer.from(payload).toString())
  })

  it("tell of orders as published", () => {
    published(
      orderFrame("asha", {
        mode: "live",
        broker: "upstox",
        orderid: "1",
        ...name,
        action: "BUY",
        quantity: 12,
        price: 1500.5,
        trigger_price: 0,
        pricetype: "SL-M",
        product: "MIS",
        order_status: "trigger pending",
        filled_quantity: 0,
        pending_quantity: 12,
        average_price: 0,
        rejection_reason: ""
      })
    )
  })
})

describe("what is no message", () => {
  const error = { status: "error", code: "INVALID_JSON", message: "m" }
  const tick = {
    type: "market_data",
    symbol: "A",
    exchange: "NSE",
    mode: 1,
    data: { symbol: "A", exchange: "NSE", ltp: 1, timestamp: 1 },
    broker: "b"
  }

  it.each<[unknown, RegExp]>([
    [null, /no JSON object/],
    [{ type: "hello" }, /no message of type "hello"/],
    [{ ...error, type: "error" }, /no message of type "error"/],
    [{ ...error, code: "OUCH" }, /OUCH|code/],
    [{ ...error, topic: "x" }, /topic/],
    [{ ...tick, topic: "x" }, /topic/],
    [{ ...tick, mode: 2, data: { ...tick.data, ltq: 5 } }, /ltq/],
    [{ ...tick, data: { ...tick.data, ltp: null } }, /ltp/],
    [{ ...tick, data: { ...tick.data, timestamp: 1.5 } }, /timestamp/],
    [{ ...tick, data: { ...tick.data, depth: {} } }, /depth/],
    [{ type: "status", event: "feed_down", user: "asha" }, /broker|user|at/]
  ])("%j is told apart", (frame, why) => {
    assert.match(outboundFault(frame) ?? "", why)
  })
})
