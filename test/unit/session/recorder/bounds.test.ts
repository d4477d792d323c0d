/** What bounds the flight recorder: memory, disk, alarms; what it keeps out of files; and files that are not whole. */
import { readFile, readdir, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Change } from "../../../../src/protocols/protocol.ts"
import { sweep, writeRecording } from "../../../../src/session/recorder/files.ts"
import { linesOf } from "../../../../src/session/recorder/format.ts"
import { KIND } from "../../../../src/session/recorder/records.ts"
import { Budget, Ring } from "../../../../src/session/recorder/ring.ts"
import { readRecording } from "../../../../src/session/replay/read.ts"
import type { ConnectionTap, Tap } from "../../../../src/session/ticks/tap.ts"
import { combineTaps, noTap } from "../../../../src/session/ticks/tap.ts"
import { makeSettableClock } from "../../../support/settableClock.ts"
import { DEPTH, LTP, QUOTE, instrument } from "../../protocols/support.ts"
import { buildRecorder, folder, nameAt } from "./support.ts"

// The recorder lets what is long silent rest, by the clock.
const NOW = Date.now()
const KIB = 1024
const header = {
  recording: "algoways",
  version: 1,
  algoways: "test",
  written_at: NOW,
  reason: "a test",
  ...nameAt("zerodha")
} as const

const ringOf = (budget: Budget, limits: { maxBytes?: number; windowMs?: number; now?: () => number } = {}) =>
  new Ring(
    nameAt("zerodha"),
    {
      windowMs: limits.windowMs ?? 60_000,
      maxBytes: limits.maxBytes ?? 1024 * KIB,
      prologueBytes: 256 * KIB,
      maxTotalBytes: 0
    },
    budget,
    limits.now ?? (() => 0)
  )

describe("a ring", () => {
  it("keeps within its bytes, and gives frames larger than a slab one of their own", () => {
    const budget = new Budget(64 * 1024 * KIB)
    const ring = ringOf(budget, { maxBytes: 512 * KIB })
    ring.mark(KIND.opened, NOW)
    for (let i = 0; i < 5000; i++) ring.frame(Buffer.alloc(700, i), NOW + i)
    ring.frame(Buffer.alloc(300 * KIB), NOW + 5000)
    ring.frame("x".repeat(100 * KIB), NOW + 5001)
    assert.isAtMost(ring.bytes, 512 * KIB)
    // The prologue beside it.
    assert.isAtMost(budget.used, ring.bytes + 256 * KIB)
  })

  it("lets go of what is older than its window, a slab more at most", () => {
    let now = 0
    const ring = ringOf(new Budget(64 * 1024 * KIB), { windowMs: 1000, now: () => now })
    for (; now < 20_000; now += 100) ring.frame(Buffer.alloc(1000), NOW + now)
    const times = ring.view().slabs.map(([slab]) => slab.heardAt)
    assert.isAtLeast(times[0]!, 199 * 100 - 1000 - 65 * 100)
  })

  it("keeps its window when the time of day is set", () => {
    for (const step of [-60_000, 3_600_000]) {
      let now = 0
      const ring = ringOf(new Budget(64 * 1024 * KIB), { windowMs: 10_000, now: () => now })
      for (; now < 20_000; now += 100) ring.frame(Buffer.alloc(1000), NOW + now + (now < 15_000 ? 0 : step))
      const times = ring.view().slabs.map(([slab]) => slab.heardAt)
      assert.isAtLeast(times[0]!, 20_000 - 10_000 - 65 * 100)
      assert.isAtMost(times[0]!, 20_000 - 10_000 + 65 * 100)
    }
  })

  it("takes memory from the one that has most when all together have too much, and gives it back at rest", () => {
    const budget = new Budget(1024 * KIB)
    const [large, small] = [ringOf(budget, { maxBytes: 4096 * KIB }), ringOf(budget)]
    small.frame("a few", NOW)
    for (let i = 0; i < 3000; i++) large.frame(Buffer.alloc(1000), NOW + i)
    assert.isAtMost(budget.used, 1024 * KIB)
    assert.isAbove(large.bytes, 512 * KIB)
    for (let i = 0; i < 200; i++) small.frame(Buffer.alloc(1000), NOW + i)
    assert.isAtLeast(small.bytes, 192 * KIB)
    assert.isAtMost(budget.used, 1024 * KIB)
    large.rest()
    small.rest()
    assert.deepStrictEqual([budget.used, budget.rings.size], [0, 0])
    // What rested may speak again.
    large.frame("again", NOW)
    assert.strictEqual(budget.rings.size, 1)
    assert.isAtLeast(budget.used, large.bytes)
    large.rest()
    assert.strictEqual(budget.used, 0)
  })

  it("is written as it was, though frames go on coming meanwhile", () => {
    const ring = ringOf(new Budget(64 * 1024 * KIB), { maxBytes: 128 * KIB })
    for (let i = 0; i < 100; i++) ring.frame(`frame ${i}`, NOW + i)
    const view = ring.view()
    for (let i = 0; i < 2000; i++) ring.frame(Buffer.alloc(1000, "z"), NOW + 1000 + i)
    const texts = [...linesOf(header, view)]
      .join("")
      .split("\n")
      .filter((line) => line.includes(`"kind":"text"`))
      .map((line) => (JSON.parse(line) as { text: string }).text)
    assert.deepStrictEqual(
      texts,
      Array.from({ length: 100 }, (_, i) => `frame ${i}`)
    )
  })

  it.live("keeps what is subscribed when there were too many changes to keep them all", () =>
    Effect.gen(function* () {
      const ring = ringOf(new Budget(64 * 1024 * KIB), { maxBytes: 128 * KIB })
      const instruments = Array.from({ length: 100 }, (_, i) => instrument("NSE", `S${i}`, String(i)))
      const wanted = new Map<string, string>()
      const note = (changes: ReadonlyArray<Change>, into: Map<string, string>) => {
        for (const { instrument: i, to } of changes) {
          if (to === undefined) into.delete(i.symbol)
          else into.set(i.symbol, to.mode)
        }
      }
      ring.mark(KIND.opened, NOW)
      const modes = [LTP, QUOTE, DEPTH, undefined]
      const rounds = 2501
      for (let round = 0; round < rounds; round++) {
        const changes = instruments.map((one, i): Change => {
          const [from, to] = [modes[(round + i) % 4], modes[(round + i + 1) % 4]]
          return {
            instrument: one,
            ...(from === undefined ? {} : { from }),
            ...(to === undefined ? {} : { to })
          }
        })
        ring.requested(changes, NOW + round)
        note(changes, wanted)
      }
      const directory = yield* folder
      const path = yield* Effect.promise(() =>
        writeRecording(directory, "one.jsonl.gz", linesOf(header, ring.view()))
      )
      const { prologue, records } = yield* readRecording(path)
      const read = new Map<string, string>()
      for (const record of [...prologue, ...records]) {
        if (record.kind === "requested") note(record.changes, read)
      }
      assert.isBelow(prologue.length + records.length, rounds)
      assert.deepStrictEqual([...read].sort(), [...wanted].sort())
    })
  )
})

describe("the recorder", () => {
  it.live("writes once for an alarm that repeats, again later, and of that connection alone", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const { clock, pass, step } = yield* makeSettableClock
      const recorder = yield* buildRecorder({ directory, alarmEveryMs: 60_000 }).pipe(
        Effect.provideService(Clock.Clock, clock)
      )
      const tap = recorder.tap.connection(nameAt("zerodha"))
      recorder.tap.connection(nameAt("zerodha", 2)).frame("another", NOW)
      const files = Effect.promise(async () =>
        (await readdir(directory)).filter((name) => name.endsWith(".gz")).sort()
      )
      const filesOnce = Effect.fnUntraced(function* (count: number) {
        for (let i = 0; i < 1000 && (yield* files).length < count; i++) yield* Effect.sleep("5 millis")
        return yield* files
      })
      tap.frame("before", NOW)
      tap.alarm("restart_session: a fault", NOW)
      tap.alarm("restart_session: a fault", NOW + 1000)
      assert.strictEqual((yield* filesOnce(1)).length, 1)
      step(-3_600_000)
      pass(61_000)
      tap.alarm("restart_session: another", NOW - 3_539_000)
      assert.strictEqual((yield* filesOnce(2)).length, 2)
      // What was due has been written before this one.
      yield* recorder.write("asked for")
      const all = yield* files
      const read = yield* Effect.forEach(all, (name) => readRecording(join(directory, name)))
      assert.deepStrictEqual(read.map(({ header: h }) => `${h.connection} ${h.reason}`).sort(), [
        "1 asked for",
        "1 restart_session: a fault",
        "1 restart_session: another",
        "2 asked for"
      ])
      const first = read.find(({ header: h }) => h.reason === "restart_session: a fault")
      assert.deepStrictEqual(first?.records[0], { kind: "frame", at: NOW, frame: "before" })
    })
  )

  it.live("writes for all, or for one user, in files for the service's user alone", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const recorder = yield* buildRecorder({ directory: join(directory, "recordings") })
      recorder.tap.connection(nameAt("zerodha")).frame("hers", NOW)
      recorder.tap.connection(nameAt("dhan_depth20", 3, "bala/../x")).frame("his", NOW)
      const [his, ...none] = yield* recorder.write("a test", "bala/../x")
      assert.deepStrictEqual(none, [])
      assert.strictEqual((yield* Effect.promise(() => stat(his!))).mode & 0o777, 0o600)
      const { header: found, records } = yield* readRecording(his!)
      assert.strictEqual(found.protocol, "dhan-depth20")
      assert.deepStrictEqual(records, [{ kind: "frame", at: NOW, frame: "his" }])
      assert.strictEqual((yield* recorder.write("a test")).length, 2)
      const all = yield* Effect.promise(() => readdir(directory))
      assert.deepStrictEqual(all, ["recordings"], "a user's name leads nowhere else")
    })
  )

  it.live("answers with nothing where nothing can be written", () =>
    Effect.gen(function* () {
      const blocked = join(yield* folder, "file")
      yield* Effect.promise(() => writeFile(blocked, ""))
      const recorder = yield* buildRecorder({ directory: blocked })
      recorder.tap.connection(nameAt("zerodha")).frame("x", NOW)
      assert.deepStrictEqual(yield* recorder.write("a test"), [])
    })
  )

  it.live("masks what looks like a token while the login lasts, and nothing after it", () =>
    Effect.gen(function* () {
      const recorder = yield* buildRecorder({ directory: yield* folder })
      const tap = recorder.tap.connection(nameAt("zerodha"))
      const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhc2hhIn0.c2lnbmF0dXJl"
      const login = `{"t":"ck","s":"OK","susertoken":"0123456789abcdef0123456789","x":"${jwt}","token":"2885"}`
      const later = `{"token":"2885","session":"0123456789abcdef0123"}`
      tap.opened(NOW)
      tap.frame(login, NOW)
      tap.requested([{ instrument: instrument("NSE", "INFY", "1594"), to: LTP }], NOW)
      tap.frame(later, NOW)
      const [path] = yield* recorder.write("a test")
      const text = gunzipSync(yield* Effect.promise(() => readFile(path!))).toString()
      assert.notInclude(text, "0123456789abcdef0123456789")
      assert.notInclude(text, "c2lnbmF0dXJl")
      const frames = (yield* readRecording(path!)).records.flatMap((r) =>
        r.kind === "frame" ? [String(r.frame)] : []
      )
      assert.strictEqual(frames[0]?.length, login.length)
      assert.include(frames[0], `"token":"2885"`)
      assert.strictEqual(frames[1], later)
    })
  )
})

describe("the folder of recordings", () => {
  it.live("keeps the newest, within number and size, and clears away what was left half written", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const put = (name: string, size: number) => writeFile(join(directory, name), Buffer.alloc(size))
      const half = "20261120T000000000Z-asha-zerodha-1.jsonl.gz.part"
      yield* Effect.promise(async () => {
        for (let i = 1; i <= 6; i++) await put(`2026112${i}T000000000Z-asha-zerodha-1.jsonl.gz`, 1000)
        await put(half, 1000)
        await utimes(join(directory, half), 1, 1)
        await put("notes.txt", 10)
      })
      const kept = (keepFiles: number, keepBytes: number, stays = "") =>
        Effect.promise(async () => {
          await sweep(directory, { keepFiles, keepBytes }, [join(directory, stays)])
          return (await readdir(directory)).sort().map((name) => name.slice(0, 8))
        })
      assert.deepStrictEqual(yield* kept(4, 1e9), [
        "20261123",
        "20261124",
        "20261125",
        "20261126",
        "notes.tx"
      ])
      assert.deepStrictEqual(yield* kept(4, 2500), ["20261125", "20261126", "notes.tx"])
      // Just written, by a clock that was set back.
      yield* Effect.promise(() => put("20261101T000000000Z-asha-zerodha-1.jsonl.gz", 1000))
      assert.deepStrictEqual(yield* kept(1, 1, "20261101T000000000Z-asha-zerodha-1.jsonl.gz"), [
        "20261101",
        "20261126",
        "notes.tx"
      ])
      assert.deepStrictEqual(yield* kept(4, 1), ["20261126", "notes.tx"])
    })
  )
})

describe("a file that is no whole recording", () => {
  const first = JSON.stringify(header)
  const cases: ReadonlyArray<readonly [string, Buffer, RegExp]> = [
    ["empty", gzipSync(""), /it is empty/],
    ["plain text", Buffer.from("hello"), /no gzip file/],
    ["cut short", gzipSync(`${first}\n${first}`).subarray(0, 60), /cut short/],
    ["without a header", gzipSync(`{"kind":"opened","at":1}\n`), /line 1: .*header/],
    ["of a later version", gzipSync(JSON.stringify({ ...header, version: 99 })), /update AlgoWays/],
    ["with an odd line", gzipSync(`${first}\n{"kind":"surprise"}\n`), /line 2: /],
    ["with a line that is no JSON", gzipSync(`${first}\n{"kind":\n`), /line 2: it is no JSON/],
    [
      "with a change of no instrument",
      gzipSync(`${first}\n{"kind":"requested","at":1,"changes":[{"instrument":7}]}\n`),
      /line 2: there is no instrument 7/
    ],
    [
      "with an instrument of nowhere",
      gzipSync(`${first}\n{"kind":"instruments","list":[[0,"MARS","A","1","M","A"]]}\n`),
      /line 2: there is no exchange "MARS"/
    ]
  ]
  it.live.each(cases)("%s: says so", ([, content, message]) =>
    Effect.gen(function* () {
      const path = join(yield* folder, "one.jsonl.gz")
      yield* Effect.promise(() => writeFile(path, content))
      const error = yield* Effect.flip(readRecording(path))
      assert.include(error.message, path)
      assert.match(error.message, message)
    })
  )
})

describe("several taps", () => {
  it("listen as one, and one that throws costs the others nothing", () => {
    const heard: Array<string> = []
    const silent = noTap.connection(nameAt("zerodha"))
    const good: Tap = {
      connection: () => ({
        ...silent,
        frame: (frame) => void heard.push(`frame ${String(frame)}`),
        alarm: (why) => void heard.push(`alarm ${why}`)
      })
    }
    let calls = 0
    const bad: ConnectionTap = {
      ...silent,
      frame: () => {
        calls++
        throw new Error("a broken listener")
      }
    }
    const faults: Array<string> = []
    const tap = combineTaps([{ connection: () => bad }, good], (defect) =>
      faults.push(String(defect))
    ).connection(nameAt("zerodha"))
    tap.frame("a", NOW)
    tap.frame("b", NOW)
    tap.alarm("c", NOW)
    assert.deepStrictEqual(heard, ["frame a", "frame b", "alarm c"])
    assert.deepStrictEqual([calls, faults], [1, ["Error: a broken listener"]])
  })
})
