import { decode } from "@msgpack/msgpack"
import { describe, expect, it } from "vitest"
import { statusOf } from "../../../../src/gateway/delivery/status.ts"
import { ClientSubscriptions } from "../../../../src/gateway/topics/subscriptions.ts"
import type { TopicSubscription } from "../../../../src/gateway/topics/fanOut.ts"
import type { FeedEvent } from "../../../../src/market/feedEvent.ts"
import { stepsOf } from "../../../support/iterations.ts"

const subscription = (
  ...names: ReadonlyArray<readonly [symbol: string, written?: string]>
): ClientSubscriptions => {
  const subscriptions = new ClientSubscriptions()
  for (const [symbol, written = symbol] of names) {
    const spelled = { ok: true, symbol: written, exchange: "NSE", suffixDepth: undefined } as const
    const name = { ...spelled, instrument: { symbol, exchange: "NSE" } }
    subscriptions.put({
      symbol: written,
      exchange: "NSE",
      tag: 1,
      topic: symbol,
      topicSubscription: {} as TopicSubscription,
      name,
      mode: "ltp",
      depth: undefined
    })
  }
  return subscriptions
}

const many = Array.from({ length: 1000 }, (_, i) => ({ symbol: `S${i}`, exchange: "NSE", last_tick: i }))
const stale: FeedEvent = { type: "stale", user: "asha", broker: "alpha", at: 1, instruments: many }
const everything = many.map(({ symbol }) => [symbol] as const)
const textOf = (payload: Uint8Array | undefined) =>
  payload === undefined ? undefined : (JSON.parse(Buffer.from(payload).toString()) as object)

describe("the status of one client", () => {
  it("is one text for all who hold everything by its usual name, in each encoding", () => {
    const status = statusOf(stale)
    const [one, other] = [subscription(...everything), subscription(...everything, ["X"])]
    const text = status(one, "json")
    expect(status(other, "json")).toBe(text)
    expect(textOf(text)).toEqual({
      type: "status",
      event: "stale",
      broker: "alpha",
      at: 1,
      instruments: many
    })
    const packed = status(one, "msgpack")!
    expect(status(other, "msgpack")).toBe(packed)
    expect(decode(packed)).toEqual(textOf(text))
  })

  it("names what a client holds as it does, once for each spelling", () => {
    const status = statusOf(stale)
    expect(textOf(status(subscription(["S7"], ["S7", "S7:20"], ["X"]), "json"))).toMatchObject({
      instruments: [
        { symbol: "S7", exchange: "NSE", last_tick: 7 },
        { symbol: "S7:20", exchange: "NSE", last_tick: 7 }
      ]
    })
    const odd = everything.map(([symbol]) => [symbol, `${symbol}:20`] as const)
    const names = textOf(status(subscription(...odd), "json")) as { instruments: ReadonlyArray<object> }
    expect(names.instruments).toEqual(many.map((m) => ({ ...m, symbol: `${m.symbol}:20` })))
    expect(status(subscription(["X"]), "json")).toBeUndefined()
  })

  it("costs by what the client holds, where that is less than the event names", () => {
    const status = statusOf(stale)
    const few = subscription(["S1"], ["X"])
    expect(stepsOf(() => status(few, "json"))).toBeLessThan(10)
  })
})
