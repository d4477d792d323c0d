import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Intervals } from "../../../../src/gateway/delivery/intervals.ts"
import { PIECE, Turns } from "../../../../src/gateway/delivery/turns.ts"
import { Wheel } from "../../../../src/gateway/delivery/wheel.ts"
import { stepsOf } from "../../../support/iterations.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const start = (intervalMs: number) => {
  const sent: Array<string> = []
  const wheel = new Wheel(new Turns(), () => Date.now())
  const client = () =>
    new Intervals<object, string>(
      wheel,
      (_, frame) => sent.push(`${Date.now()} ${frame}`),
      (frame) => frame,
      () => intervalMs
    )
  return { client, sent, wheel }
}

describe("intervals", () => {
  it("send the first frame at once and the last one of each interval at its end", () => {
    const { client, sent, wheel } = start(100)
    const key = {}
    const intervals = client()
    vi.setSystemTime(1000)
    intervals.offer(key, "a")
    intervals.offer(key, "b")
    vi.advanceTimersByTime(50)
    intervals.offer(key, "c")
    vi.advanceTimersByTime(500)
    expect(sent).toEqual(["1000 a", "1100 c"])
    expect(vi.getTimerCount()).toBe(0)
    intervals.offer(key, "d")
    intervals.offer(key, "e")
    expect(wheel.size).toBe(1)
    intervals.forget(key)
    expect(wheel.size).toBe(0)
    vi.advanceTimersByTime(500)
    expect(sent).toEqual(["1000 a", "1100 c", "1550 d"])
    expect(vi.getTimerCount()).toBe(0)
  })

  it("of all clients share one timer, and end in their order", () => {
    const { client, sent } = start(100)
    vi.setSystemTime(1000)
    const [one, other, key] = [client(), client(), {}]
    one.offer(key, "one")
    vi.advanceTimersByTime(30)
    other.offer(key, "other")
    other.offer(key, "other again")
    one.offer(key, "one again")
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(500)
    expect(sent).toEqual(["1000 one", "1030 other", "1100 one again", "1130 other again"])
  })

  it("cost by what is sent, not by what is held", () => {
    const { client, sent, wheel } = start(60_000)
    vi.setSystemTime(0)
    const keys = Array.from({ length: 1000 }, (_, name) => ({ name }))
    const clients = Array.from({ length: 10 }, client)
    for (const round of ["first", "second"]) {
      for (const intervals of clients) for (const key of keys) intervals.offer(key, round)
    }
    expect([sent.length, wheel.size]).toEqual([10_000, 10_000])
    expect(stepsOf(() => vi.advanceTimersByTime(59_000))).toBe(0)
    // One that is due alone is looked at alone.
    const soon = new Intervals<object, string>(
      wheel,
      (_, frame) => sent.push(frame),
      (frame) => frame,
      () => 100
    )
    soon.offer(keys[0]!, "soon")
    soon.offer(keys[0]!, "soon again")
    expect(stepsOf(() => vi.advanceTimersByTime(500))).toBeLessThanOrEqual(2)
    expect(sent.at(-1)).toBe("soon again")
  })

  it("that end in one moment do so in several turns of the event loop", () => {
    const { client, sent } = start(100)
    vi.setSystemTime(0)
    const intervals = client()
    const keys = Array.from({ length: 3 * PIECE }, (_, name) => ({ name }))
    for (const frame of ["first", "second"]) for (const key of keys) intervals.offer(key, frame)
    sent.length = 0
    vi.advanceTimersByTime(99)
    expect(sent).toHaveLength(0)
    vi.advanceTimersToNextTimer()
    const atOnce = sent.length
    expect(atOnce).toBeGreaterThan(0)
    expect(atOnce).toBeLessThanOrEqual(PIECE)
    vi.advanceTimersByTime(50)
    expect(sent).toHaveLength(3 * PIECE)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("are forgotten while others of the same moment end", () => {
    const { client, sent, wheel } = start(100)
    vi.setSystemTime(0)
    const intervals = client()
    const keys = Array.from({ length: 2 * PIECE }, (_, name) => ({ name }))
    for (const frame of ["first", "second"]) for (const key of keys) intervals.offer(key, frame)
    sent.length = 0
    vi.advanceTimersByTime(99)
    vi.advanceTimersToNextTimer()
    for (const key of keys) intervals.forget(key)
    expect(wheel.size).toBe(0)
    vi.advanceTimersByTime(500)
    expect(sent).toHaveLength(PIECE)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe("turns", () => {
  it("do one piece of all jobs at a time, each job in its turn, until nothing is left", () => {
    const turns = new Turns()
    const done: Array<string> = []
    const job = (name: string, pieces: number) => {
      let left = pieces
      return () => {
        done.push(name)
        return --left > 0
      }
    }
    turns.add(job("a", 3))
    turns.add(job("b", 1))
    expect(done).toEqual([])
    vi.advanceTimersToNextTimer()
    expect(done).toEqual(["a"])
    turns.add(job("c", 2))
    vi.runAllTimers()
    expect(done).toEqual(["a", "b", "a", "c", "a", "c"])
    expect([turns.size, vi.getTimerCount()]).toEqual([0, 0])
    turns.add(job("d", 5))
    turns.stop()
    vi.runAllTimers()
    expect(done).toHaveLength(6)
  })
})
