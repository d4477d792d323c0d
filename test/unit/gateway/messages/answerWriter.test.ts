import { describe, expect, it } from "vitest"
import * as answers from "../../../../src/gateway/messages/answerWriter.ts"
import type { SubscribeSuccess } from "../../../../src/market/subscription.ts"

const info = { broker: "zerodha", state: "connected", modes: ["ltp", "quote", "depth"] } as const

const result = (change: Partial<SubscribeSuccess> = {}): SubscribeSuccess => ({
  status: "success",
  symbol: "INFY",
  exchange: "NSE",
  mode: "depth",
  requested_depth: 5,
  actual_depth: 5,
  is_fallback: false,
  topic: "asha/NSE:INFY/depth/5",
  ...change
})

describe("texts of answers", () => {
  it.each([
    [answers.errorFrame("INVALID_JSON", "m"), '{"status":"error","code":"INVALID_JSON","message":"m"}'],
    [
      answers.errorFrame("INVALID_MODE", 'a "b"', '{"a":1}'),
      '{"status":"error","code":"INVALID_MODE","message":"a \\"b\\"","request_id":{"a":1}}'
    ],
    [
      answers.authenticated(info, "asha"),
      '{"type":"auth","status":"success","message":"Authentication successful","broker":"zerodha",' +
        '"user_id":"asha","supported_features":{"ltp":true,"quote":true,"depth":true}}'
    ],
    [
      answers.brokerInfo({ ...info, state: "reconnecting" }, "asha", '"r"'),
      '{"type":"broker_info","status":"success","broker":"zerodha","adapter_status":"disconnected",' +
        '"user_id":"asha","request_id":"r"}'
    ],
    [
      answers.supportedBrokers(["angel", "zerodha"]),
      '{"type":"supported_brokers","status":"success","brokers":["angel","zerodha"],"count":2}'
    ],
    [
      answers.pong(1764040500131, "1764040500123", '"ping-88-x"'),
      '{"type":"pong","status":"success","server_timestamp":1764040500131,' +
        '"client_timestamp":1764040500123,"_pingId":"ping-88-x"}'
    ],
    [
      answers.pong(7, undefined, undefined, "1"),
      '{"type":"pong","status":"success","server_timestamp":7,"request_id":1}'
    ],
    [
      answers.ordersSubscribed('"o1"'),
      '{"type":"subscribe_orders","status":"success","message":"Subscribed to order updates","request_id":"o1"}'
    ],
    [
      answers.ordersUnsubscribed(),
      '{"type":"unsubscribe_orders","status":"success","message":"Unsubscribed from order updates"}'
    ]
  ])("%s", (text, expected) => {
    expect(text).toBe(expected)
  })

  it("features follow the feed's modes", () => {
    const text = answers.authenticated({ ...info, modes: ["ltp"] }, "asha")
    expect(JSON.parse(text)).toMatchObject({ supported_features: { ltp: true, quote: false, depth: false } })
  })
})

describe("subscribe acknowledgements", () => {
  const good = answers.subscribedEntry("INFY", "NSE", "depth", result(), "zerodha")
  const bad = answers.failedEntry("FOO", "NSE", "no such symbol", "zerodha")

  it("carry the documented keys and no others", () => {
    expect(answers.subscribed([good], "zerodha", '"r-12"')).toBe(
      '{"type":"subscribe","status":"success","subscriptions":[{"symbol":"INFY","exchange":"NSE",' +
        '"status":"success","mode":"Depth","depth":5,"broker":"zerodha"}],' +
        '"message":"Subscription processing complete","broker":"zerodha","request_id":"r-12"}'
    )
  })

  it("add the four keys of a fallback", () => {
    const fallback = result({
      requested_depth: 50,
      actual_depth: 20,
      is_fallback: true,
      message: "20, not 50"
    })
    expect(answers.subscribedEntry("INFY:50", "NSE", "depth", fallback, "zerodha")).toEqual({
      symbol: "INFY:50",
      exchange: "NSE",
      status: "success",
      mode: "Depth",
      depth: 20,
      broker: "zerodha",
      requested_depth: 50,
      actual_depth: 20,
      is_fallback: true,
      message: "20, not 50"
    })
  })

  it.each([
    [[], "success"],
    [[good], "success"],
    [[good, bad], "partial"],
    [[bad], "partial"]
  ])("status of %j is %s", (entries, status) => {
    expect(JSON.parse(answers.subscribed(entries, "zerodha"))).toMatchObject({ status })
  })
})

describe("unsubscribe acknowledgements", () => {
  const good = { symbol: "INFY", exchange: "NSE", status: "success", broker: "zerodha" } as const
  const bad = answers.failedEntry("FOO", "NSE", "bad", "zerodha")

  it.each([
    [[], [], "success"],
    [[good], [], "success"],
    [[good], [bad], "partial"],
    [[], [bad], "error"]
  ])("%j and %j are %s", (successful, failed, status) => {
    expect(JSON.parse(answers.unsubscribed(successful, failed, "zerodha", "7"))).toEqual({
      type: "unsubscribe",
      status,
      message: "Unsubscription processing complete",
      successful,
      failed,
      broker: "zerodha",
      request_id: 7
    })
  })
})
