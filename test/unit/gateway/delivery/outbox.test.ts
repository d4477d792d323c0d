import { describe, expect, it } from "vitest"
import { Outbox } from "../../../../src/gateway/delivery/outbox.ts"
import { stepsOf } from "../../../support/iterations.ts"

const make = (historyFrames = 10, statusBytes = 1000) =>
  new Outbox<object, string>({ historyFrames, statusBytes })

const all = (outbox: Outbox<object, string>): ReadonlyArray<string> => {
  const frames: Array<string> = []
  for (let frame = outbox.next(); frame !== undefined; frame = outbox.next()) frames.push(frame)
  return frames
}

describe("an outbox", () => {
  const [infy, tcs] = [{ name: "INFY" }, { name: "TCS" }]

  it("keeps the newest frame of a conflated subscription, never before what is older", () => {
    const outbox = make()
    outbox.conflate(infy, "infy 1")
    outbox.conflate(tcs, "tcs 1")
    outbox.tell("the feed is down", 20)
    outbox.conflate(infy, "infy 2")
    outbox.conflate(infy, "infy 3")
    expect(outbox.size).toBe(3)
    expect(outbox.lost).toEqual({ conflated: 2, dropped: 0, statuses: 0 })
    expect([...outbox.takeLosses()]).toEqual([[infy, { conflated: 2, dropped: 0 }]])
    expect(all(outbox)).toEqual(["tcs 1", "the feed is down", "infy 3"])
    expect(outbox.takeLosses().size).toBe(0)
  })

  it("keeps the last frames of a history, and counts those that went", () => {
    const outbox = make(3)
    for (let i = 1; i <= 4; i++) outbox.append(infy, `infy ${i}`)
    outbox.append(tcs, "tcs 1")
    expect([...outbox.takeLosses()]).toEqual([[infy, { conflated: 0, dropped: 2 }]])
    expect(all(outbox)).toEqual(["infy 3", "infy 4", "tcs 1"])
  })

  it("counts what waits of a history, not what has left or was forgotten", () => {
    const outbox = make(3)
    for (const n of [1, 2]) outbox.append(infy, `infy ${n}`)
    outbox.append(tcs, "tcs 1")
    expect(outbox.next()).toBe("infy 1")
    outbox.forget(tcs)
    for (const n of [3, 4]) outbox.append(infy, `infy ${n}`)
    expect(outbox.lost.dropped).toBe(0)
    expect(all(outbox)).toEqual(["infy 2", "infy 3", "infy 4"])
  })

  it("forgets what waits of a subscription that is gone, and nothing else", () => {
    const outbox = make(3)
    outbox.append(infy, "infy 1")
    outbox.conflate(tcs, "tcs 1")
    outbox.conflate(tcs, "tcs 2")
    outbox.tell("the feed is up", 20)
    outbox.append(infy, "infy 2")
    outbox.forget(infy)
    outbox.forget(tcs)
    expect(outbox.takeLosses().size).toBe(0)
    expect(all(outbox)).toEqual(["the feed is up"])
  })

  it("stays within its bound over a long lag", () => {
    const outbox = make(100)
    for (let i = 0; i < 50_000; i++) outbox.append(i % 2 === 0 ? infy : tcs, `${i}`)
    expect(outbox.size).toBe(100)
    expect(all(outbox).at(-1)).toBe("49999")
  })

  it("keeps the newest messages about the feed within their bytes, and the last one however long it is", () => {
    const outbox = make(10, 100)
    outbox.conflate(infy, "infy 1")
    for (let i = 1; i <= 10; i++) outbox.tell(`event ${i}`, 30)
    expect(outbox.lost).toEqual({ conflated: 0, dropped: 0, statuses: 7 })
    outbox.tell("long", 5000)
    expect(outbox.lost.statuses).toBe(10)
    expect(outbox.size).toBe(2)
    expect(outbox.next()).toBe("infy 1")
    // What has left makes room again.
    expect(all(outbox)).toEqual(["long"])
    for (const n of [1, 2, 3]) outbox.tell(`event ${n}`, 30)
    expect(outbox.lost.statuses).toBe(10)
    expect(all(outbox)).toEqual(["event 1", "event 2", "event 3"])
  })

  it("is empty at once when all of it is given up", () => {
    const outbox = make()
    outbox.conflate(infy, "infy 1")
    outbox.conflate(infy, "infy 2")
    outbox.append(tcs, "tcs 1")
    outbox.tell("the feed is up", 999)
    outbox.clear()
    expect([outbox.size, outbox.next(), outbox.takeLosses().size]).toEqual([0, undefined, 0])
    outbox.tell("the feed is down", 999)
    outbox.conflate(infy, "infy 3")
    expect(all(outbox)).toEqual(["the feed is down", "infy 3"])
  })

  it("looks at nobody else's frames, whoever leaves and whatever goes out", () => {
    const many = 2000
    const keys = Array.from({ length: many }, (_, name) => ({ name }))
    const outbox = make(many)
    for (const [i, key] of keys.entries()) {
      outbox.conflate(key, `newest ${i}`)
      outbox.append(key, `history ${i}`)
      outbox.conflate(key, `newer ${i}`)
    }
    // One step over its own history, and one that says that it is over.
    const leaving = stepsOf(() => keys.slice(0, many / 2).forEach((key) => outbox.forget(key)))
    expect(leaving).toBeLessThanOrEqual(many)
    expect(outbox.size).toBe(many)
    expect(stepsOf(() => all(outbox))).toBe(0)
    for (const key of keys) outbox.conflate(key, "again")
    expect(stepsOf(() => outbox.clear())).toBe(0)
  })
})
