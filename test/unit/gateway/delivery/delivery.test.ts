import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { MarketFrame } from "../../../../src/frame/marketFrame.ts"
import { Delivery } from "../../../../src/gateway/delivery/delivery.ts"
import { OutboundFrame } from "../../../../src/gateway/delivery/outboundFrame.ts"
import { PIECE, Turns } from "../../../../src/gateway/delivery/turns.ts"
import { Wheel } from "../../../../src/gateway/delivery/wheel.ts"
import type { TopicSubscription } from "../../../../src/gateway/topics/fanOut.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const topicSubscriptionOf = (
  symbol: string,
  slow: TopicSubscription["options"]["slow"] = "conflate"
): TopicSubscription =>
  ({
    requested: { symbol, exchange: "NSE", tag: 1 },
    options: { slow, intervalMs: 0 }
  }) as unknown as TopicSubscription

const times = { received: 1, exchanged: 0, published: 2 }
const tick = (text: string): OutboundFrame => new OutboundFrame(Buffer.from(JSON.stringify({ text })), times)

const start = (events: boolean) => {
  const sent: Array<Record<string, unknown>> = []
  const socket = { waiting: 0, takes: true, behind: 0, caughtUp: 0, closed: 0 }
  const lost: Array<object> = []
  const turns = new Turns()
  const now = () => Date.now()
  const delivery = new Delivery(
    "json",
    {
      waiting: () => socket.waiting,
      send: (payload) => {
        sent.push(JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>)
        if (!socket.takes) socket.waiting += payload.length
      },
      together: (act) => act(),
      behind: () => void socket.behind++,
      caughtUp: () => void socket.caughtUp++,
      tooSlow: () => void socket.closed++,
      lost: (loss) => void lost.push(loss)
    },
    { slowMarkBytes: 1000, historyFrames: 10, statusBytes: 500 },
    { turns, wheel: new Wheel(turns, now) },
    { now, timeOfDay: now }
  )
  delivery.choose({ events, snapshot: true, clocks: false })
  return { delivery, lost, sent, socket, turns }
}

const texts = (sent: ReadonlyArray<Record<string, unknown>>) => sent.map((f) => f["text"] ?? f["type"])

describe("a delivery", () => {
  it("tells a client that reads nothing for long once what it missed, when there is room", () => {
    const { delivery, lost, sent, socket } = start(true)
    const infy = topicSubscriptionOf("INFY")
    socket.waiting = 2000
    for (let second = 0; second < 100; second++) {
      for (let i = 0; i < 10; i++) delivery.tick(infy, tick(`${second}.${i}`))
      vi.advanceTimersByTime(1000)
      delivery.drain()
    }
    expect([sent.length, socket.behind]).toEqual([0, 1])
    // Operators see it at once.
    expect(lost).toHaveLength(100)
    socket.waiting = 0
    delivery.drain()
    vi.runAllTimers()
    expect(texts(sent)).toEqual(["99.9", "notice"])
    expect(sent[1]).toMatchObject({
      conflated: 999,
      dropped: 0,
      statuses: 0,
      subscriptions: 1,
      symbols: [{ symbol: "INFY", conflated: 999 }],
      seq: 2
    })
    expect(socket.caughtUp).toBe(1)
    expect(delivery.laggingSince).toBe(0)
  })

  it("lets what waits out piece by piece, and ticks between them wait their turn", () => {
    const { delivery, sent, socket, turns } = start(false)
    socket.waiting = 2000
    const topicSubscriptions = Array.from({ length: 2 * PIECE + 1 }, (_, i) => topicSubscriptionOf(`S${i}`))
    for (const [i, topicSubscription] of topicSubscriptions.entries())
      delivery.tick(topicSubscription, tick(`${i}`))
    socket.waiting = 0
    delivery.drain()
    delivery.drain()
    expect([sent.length, turns.size]).toEqual([0, 1])
    vi.advanceTimersToNextTimer()
    expect([sent.length, turns.size]).toEqual([PIECE, 1])
    delivery.tick(topicSubscriptions[0]!, tick("newer"))
    vi.runAllTimers()
    expect(texts(sent).at(-1)).toBe("newer")
    expect(sent).toHaveLength(2 * PIECE + 2)
    expect(socket.caughtUp).toBe(1)
  })

  it("stops where the socket is full again, and goes on from there", () => {
    const { delivery, sent, socket } = start(false)
    socket.waiting = 2000
    const topicSubscriptions = Array.from({ length: 200 }, (_, i) => topicSubscriptionOf(`S${i}`))
    for (const [i, topicSubscription] of topicSubscriptions.entries())
      delivery.tick(topicSubscription, tick(`${i}`))
    Object.assign(socket, { waiting: 0, takes: false })
    delivery.drain()
    vi.runAllTimers()
    const first = sent.length
    expect(first).toBeLessThan(200)
    expect(socket.waiting).toBeLessThan(1000 + 100)
    Object.assign(socket, { waiting: 0, takes: true })
    delivery.drain()
    vi.runAllTimers()
    expect(texts(sent)).toEqual(topicSubscriptions.map((_, i) => `${i}`))
  })

  it("counts messages about the feed alone as what a socket falls behind with", () => {
    const { delivery, sent, socket } = start(true)
    socket.waiting = 2000
    for (let i = 0; i < 100; i++) delivery.message(Buffer.from(JSON.stringify({ text: `event ${i}` })))
    expect([sent.length, socket.behind]).toEqual([0, 1])
    socket.waiting = 0
    delivery.drain()
    vi.runAllTimers()
    expect(texts(sent).slice(-2)).toEqual(["event 99", "notice"])
    expect(sent.at(-1)).toMatchObject({ statuses: 100 - (sent.length - 1), subscriptions: 0 })
    expect(sent.map((f) => f["seq"])).toEqual(sent.map((_, i) => i + 1))
  })

  it("keeps one snapshot of a subscription, as of its ticks", () => {
    const { delivery, sent, socket } = start(false)
    socket.waiting = 2000
    const infy = topicSubscriptionOf("INFY")
    const proud = topicSubscriptionOf("TCS", "close")
    for (let i = 0; i < 100; i++) {
      delivery.snapshot(infy, Buffer.from(`{"text":"${i}"}`), times as MarketFrame)
      delivery.snapshot(proud, Buffer.from(`{"text":"${i}"}`), times as MarketFrame)
    }
    // No frame is missed by that.
    expect(socket.closed).toBe(0)
    delivery.forget(proud)
    socket.waiting = 0
    delivery.drain()
    vi.runAllTimers()
    expect(sent).toEqual([{ text: "99", snapshot: true }])
  })

  it("gives nothing more to a client that is gone", () => {
    const { delivery, sent, socket } = start(true)
    const infy = topicSubscriptionOf("INFY")
    socket.waiting = 2000
    delivery.tick(infy, tick("1"))
    socket.waiting = 0
    delivery.drain()
    delivery.close()
    delivery.tick(infy, tick("2"))
    delivery.message(Buffer.from("{}"))
    delivery.snapshot(infy, Buffer.from("{}"), times as MarketFrame)
    vi.runAllTimers()
    expect(sent).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
