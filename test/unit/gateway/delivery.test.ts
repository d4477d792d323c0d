import { decode } from "@msgpack/msgpack"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { toMsgpack, withExtras } from "../../../src/gateway/delivery/encoding.ts"
import { Intervals } from "../../../src/gateway/delivery/intervals.ts"
import { Outbox } from "../../../src/gateway/delivery/outbox.ts"

const all = (outbox: Outbox<object, string>): ReadonlyArray<string> => {
  const frames: Array<string> = []
  for (let item = outbox.next(); item !== undefined; item = outbox.next()) frames.push(item.frame)
  return frames
}

describe("an outbox", () => {
  const [infy, tcs] = [{ name: "INFY" }, { name: "TCS" }]

  it("keeps the newest frame of a conflated subscription, never before what is older", () => {
    const outbox = new Outbox<object, string>(10)
    outbox.conflate(infy, "infy 1")
    outbox.conflate(tcs, "tcs 1")
    outbox.signal("the feed is down")
    outbox.conflate(infy, "infy 2")
    outbox.conflate(infy, "infy 3")
    expect(outbox.size).toBe(3)
    expect([...outbox.takeLosses()]).toEqual([[infy, { conflated: 2, dropped: 0 }]])
    expect(all(outbox)).toEqual(["tcs 1", "the feed is down", "infy 3"])
    expect(outbox.takeLosses().size).toBe(0)
  })

  it("keeps the last frames of a history, and counts those that went", () => {
    const outbox = new Outbox<object, string>(3)
    for (let i = 1; i <= 4; i++) outbox.append(infy, `infy ${i}`)
    outbox.append(tcs, "tcs 1")
    expect([...outbox.takeLosses()]).toEqual([[infy, { conflated: 0, dropped: 2 }]])
    expect(all(outbox)).toEqual(["infy 3", "infy 4", "tcs 1"])
  })

  it("forgets what waits of a subscription that is gone", () => {
    const outbox = new Outbox<object, string>(3)
    outbox.append(infy, "infy 1")
    outbox.conflate(tcs, "tcs 1")
    outbox.conflate(tcs, "tcs 2")
    outbox.forget(infy)
    outbox.forget(tcs)
    expect(all(outbox)).toEqual([])
    expect(outbox.takeLosses().size).toBe(0)
  })

  it("stays within its bound over a long lag", () => {
    const outbox = new Outbox<object, string>(100)
    for (let i = 0; i < 50_000; i++) outbox.append(i % 2 === 0 ? infy : tcs, `${i}`)
    expect(outbox.size).toBe(100)
    expect(all(outbox).at(-1)).toBe("49999")
  })
})

describe("intervals", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("send the first frame at once and the last one of each interval at its end", () => {
    const sent: Array<string> = []
    const key = {}
    const intervals = new Intervals<object, string>(
      (_, frame) => sent.push(`${Date.now()} ${frame}`),
      (frame) => frame,
      () => 100,
      () => Date.now()
    )
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
    intervals.forget(key)
    vi.advanceTimersByTime(500)
    expect(sent).toEqual(["1000 a", "1100 c", "1550 d"])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe("extras of one client", () => {
  const text = '{"type":"market_data","symbol":"M&M","data":{"ltp":1.5},"broker":"a"}'
  const extras = { snapshot: true, times: { received: 1764040501250, sent: 1764040501251 }, seq: 7 }
  const expected = { ...JSON.parse(text), ...extras }

  it("go at the end of the JSON text", () => {
    const payload = withExtras(Buffer.from(text), "json", extras).toString()
    expect(payload.startsWith(text.slice(0, -1))).toBe(true)
    expect(JSON.parse(payload)).toEqual(expected)
  })

  it("go at the end of the MessagePack map, also where it has to grow beyond the short form", () => {
    expect(decode(withExtras(toMsgpack(text), "msgpack", extras))).toEqual(expected)
    const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`key${i}`, i]))
    const long = withExtras(toMsgpack(JSON.stringify(many)), "msgpack", extras)
    expect(decode(long)).toEqual({ ...many, ...extras })
  })
})
