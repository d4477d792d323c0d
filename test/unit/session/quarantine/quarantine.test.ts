import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { broker as zerodha } from "../../../../src/brokers/data/zerodha.ts"
import type { Change } from "../../../../src/protocols/protocol.ts"
import { protocol as kite } from "../../../../src/protocols/kite/index.ts"
import { combineTaps } from "../../../../src/session/ticks/tap.ts"
import { makeFiles, readQuarantine } from "../../../../src/session/quarantine/files.ts"
import type { QuarantineOptions } from "../../../../src/session/quarantine/index.ts"
import * as Quarantine from "../../../../src/session/quarantine/index.ts"
import { makeLimiter } from "../../../../src/session/quarantine/limiter.ts"
import { replay } from "../../../../src/session/quarantine/replay.ts"
import type { QuarantineRecord } from "../../../../src/session/quarantine/record.ts"
import { makeSettableClock } from "../../../support/settableClock.ts"
import { until } from "../../../system/simulatorSupport.ts"
import { INFY, RELIANCE, instrument } from "../instruments.ts"

const AT = 1_764_040_500_000
const LTP = { mode: "ltp", depth: 0 } as const
const wants = (...instruments: ReadonlyArray<typeof INFY>): ReadonlyArray<Change> =>
  instruments.map((i) => ({ instrument: i, to: LTP }))
/** RELIANCE in LTP mode at 2941.40, and the same without its last byte. */
const GOOD = Buffer.from("00010008000b450100047cfc", "hex")
const BROKEN = GOOD.subarray(0, 11)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-"))),
  (dir) => Effect.sync(() => rmSync(dir, { recursive: true, force: true }))
)
const kept = (dir: string) => Effect.promise(() => readQuarantine(dir))
const filesOf = (dir: string) => readdirSync(join(dir, "quarantine")).sort()

/** A quarantine of a broker that no other test counts for, and a connection that is open. */
const opened = Effect.fnUntraced(function* (
  broker: string,
  options: Omit<QuarantineOptions, "dataDir"> = {}
) {
  const dir = yield* folder
  const { clock, pass } = yield* makeSettableClock
  const tap = yield* Quarantine.make({ dataDir: dir, ...options }).pipe(
    Effect.provideService(Clock.Clock, clock)
  )
  const connection = tap.connection({ user: "asha", broker, stream: broker, connection: 1 })
  connection.opened(AT)
  const settled = (n: number) =>
    Effect.promise(async () => {
      let found: ReadonlyArray<QuarantineRecord> = []
      const poll = setInterval(() => void readQuarantine(dir).then((all) => (found = all)), 10)
      try {
        await until(`${n} records`, () => found.length >= n)
        return found
      } finally {
        clearInterval(poll)
      }
    })
  return { dir, connection, pass, settled }
})

const counts = Effect.fnUntraced(function* (name: string, broker: string) {
  const all = yield* Metric.snapshot
  return Object.fromEntries(
    all
      .filter((m) => m.id === `algoways_feed_${name}_total` && m.attributes?.["broker"] === broker)
      .map((m) => [m.attributes!["cause"], Number((m.state as { count: number | bigint }).count)])
  )
})

describe("the quarantine", () => {
  it.live("keeps a frame with its cause and what was subscribed, for this user's eyes only", () =>
    Effect.gen(function* () {
      const { connection, dir, settled } = yield* opened("q-one")
      connection.requested(wants(RELIANCE, INFY), AT)
      connection.requested([{ instrument: INFY, from: LTP }], AT)
      connection.rejected("truncated", "a packet of 8 bytes in 7", BROKEN, AT + 5)
      const [record, ...more] = yield* settled(1)
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(record, {
        id: 1,
        at: AT + 5,
        user: "asha",
        broker: "q-one",
        stream: "q-one",
        connection: 1,
        cause: "truncated",
        detail: "a packet of 8 bytes in 7",
        bytes: 11,
        base64: BROKEN.toString("base64"),
        asked: [["NSE", "RELIANCE", "738561", "NSE", "RELIANCE", "ltp", 0]]
      })
      assert.strictEqual(statSync(join(dir, "quarantine", filesOf(dir)[0]!)).mode & 0o777, 0o600)
      assert.strictEqual(statSync(join(dir, "quarantine")).mode & 0o777, 0o700)
      assert.deepStrictEqual(yield* counts("quarantined", "q-one"), { truncated: 1 })
    }).pipe(Effect.scoped)
  )

  it.live("copies the frame at once, and cuts off a long one", () =>
    Effect.gen(function* () {
      const { connection, settled } = yield* opened("q-long")
      const frame = Buffer.alloc(10_000, 7)
      connection.rejected("unknown_packet", "x".repeat(2000), frame, AT)
      frame.fill(9)
      const [record] = yield* settled(1)
      assert.deepInclude(record, { bytes: 10_000, truncated: true })
      assert.deepStrictEqual(Buffer.from(record!.base64!, "base64"), Buffer.alloc(4096, 7))
      assert.strictEqual(record!.detail.length, 500)
    }).pipe(Effect.scoped)
  )

  it.live(
    "keeps no text before the first tick of a connection, nor everyday rejects, nor answers over HTTP",
    () =>
      Effect.gen(function* () {
        const { connection, dir, settled } = yield* opened("q-secret")
        const login = `{"status":"ok","token":"s3cret-token"}`
        connection.rejected("malformed_text", "what is this", login, AT)
        connection.rejected("unknown_packet", "the same as bytes", Buffer.from(login), AT)
        connection.rejected("malformed_text", "an answer", undefined, AT)
        connection.rejected("not_subscribed", "NSE:INFY", GOOD, AT)
        connection.ticked?.(AT)
        connection.rejected("malformed_text", "after a tick", "{broken", AT)
        connection.opened(AT)
        connection.rejected("malformed_text", "the next login", login, AT)
        connection.rejected("truncated", "binary", BROKEN, AT)
        const records = yield* settled(2)
        assert.deepStrictEqual(
          records.map((r) => r.detail),
          ["after a tick", "binary"]
        )
        assert.strictEqual(records[0]!.text, "{broken")
        for (const file of filesOf(dir))
          assert.notInclude(readFileSync(join(dir, "quarantine", file), "utf8"), "s3cret")
        assert.deepStrictEqual(yield* counts("quarantine_skipped", "q-secret"), {
          malformed_text: 3,
          unknown_packet: 1
        })
      }).pipe(Effect.scoped)
  )

  it.live("keeps little of a flood, counts all of it, and still keeps another cause", () =>
    Effect.gen(function* () {
      const { connection, pass, settled } = yield* opened("q-flood", { burst: 5, perMinute: 6 })
      for (let i = 0; i < 100_000; i++) connection.rejected("truncated", "flood", BROKEN, AT)
      connection.rejected("guard", "another", BROKEN, AT)
      pass(10_000)
      for (let i = 0; i < 3; i++) connection.rejected("truncated", "ten seconds later", BROKEN, AT)
      const records = yield* settled(7)
      assert.deepStrictEqual(
        records.map((r) => r.detail),
        [...Array.from({ length: 5 }, () => "flood"), "another", "ten seconds later"]
      )
      assert.deepStrictEqual(yield* counts("quarantined", "q-flood"), { truncated: 6, guard: 1 })
      assert.deepStrictEqual(yield* counts("quarantine_skipped", "q-flood"), { truncated: 99_997 })
    }).pipe(Effect.scoped)
  )

  it.live("holds at most 256 frames while the disk is slow, and counts the rest as skipped", () =>
    Effect.gen(function* () {
      const { connection, settled } = yield* opened("q-queue", { burst: 1000 })
      for (let i = 0; i < 1000; i++) connection.rejected("truncated", String(i), BROKEN, AT)
      const records = yield* settled(256)
      assert.strictEqual(records.length, 256)
      assert.deepStrictEqual(yield* counts("quarantine_skipped", "q-queue"), { truncated: 744 })
    }).pipe(Effect.scoped)
  )

  it.live("writes what waits when it ends, and goes on counting ids when it starts again", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const life = (detail: string) =>
        Effect.gen(function* () {
          const tap = yield* Quarantine.make({ dataDir: dir })
          const c = tap.connection({ user: "asha", broker: "q-lives", stream: "q-lives", connection: 1 })
          c.rejected("truncated", detail, BROKEN, AT)
        }).pipe(Effect.scoped)
      yield* life("one")
      writeFileSync(join(dir, "quarantine", filesOf(dir)[0]!), `{"cut off by a cr`, { flag: "a" })
      yield* life("two")
      assert.deepStrictEqual(
        (yield* kept(dir)).map((r) => [r.id, r.detail]),
        [
          [1, "one"],
          [2, "two"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.live("serves on when its folder cannot be written, and counts what it lost", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      writeFileSync(join(dir, "quarantine"), "a file where the folder should be")
      yield* Effect.gen(function* () {
        const tap = yield* Quarantine.make({ dataDir: dir })
        const c = tap.connection({ user: "asha", broker: "q-disk", stream: "q-disk", connection: 1 })
        c.rejected("truncated", "lost", BROKEN, AT)
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* counts("quarantine_skipped", "q-disk"), { truncated: 1 })
    }).pipe(Effect.scoped)
  )

  it.live("names the instruments that a frame is about, out of thousands", () =>
    Effect.gen(function* () {
      const { connection, settled } = yield* opened("q-many")
      const many = Array.from({ length: 3000 }, (_, i) => instrument(`S${i}`, "NSE", 1_000_000 + i))
      connection.requested(wants(...many, RELIANCE, INFY), AT)
      connection.rejected("truncated", "NSE:INFY is odd", BROKEN.subarray(0, 9), AT)
      const [record] = yield* settled(1)
      assert.strictEqual(record!.asked.length, 200)
      assert.strictEqual(record!.askedOf, 3002)
      assert.deepStrictEqual(
        record!.asked.slice(0, 2).map(([, symbol]) => symbol),
        ["RELIANCE", "INFY"]
      )
    }).pipe(Effect.scoped)
  )
})

describe("the files", () => {
  const record = {
    at: AT,
    user: "asha",
    broker: "zerodha",
    stream: "zerodha",
    connection: 1,
    cause: "truncated",
    detail: "d".repeat(200),
    bytes: 1,
    base64: "AA==",
    asked: []
  }

  it.live("go on behind a line of which a full disk took a part", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const files = makeFiles(dir, { maxFileBytes: 100_000, maxFiles: 3 })
      const write = (detail: string) => Effect.promise(() => files.write([{ ...record, detail }]))
      yield* write("one")
      const path = join(dir, "quarantine", filesOf(dir)[0]!)
      const whole = readFileSync(path, "utf8")
      // What stands for the file while it cannot be written.
      unlinkSync(path)
      mkdirSync(path)
      const failed = yield* Effect.result(Effect.tryPromise(() => files.write([record])))
      assert.strictEqual(failed._tag, "Failure")
      rmdirSync(path)
      writeFileSync(path, `${whole}{"id":2,"at":17`)
      yield* write("three")
      yield* write("four")
      const all = yield* Effect.promise(() => readQuarantine(dir))
      assert.deepStrictEqual(
        all.map((r) => [r.id, r.detail]),
        [
          [1, "one"],
          [2, "three"],
          [3, "four"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.live("stay within their bound: the oldest go", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const files = makeFiles(dir, { maxFileBytes: 1000, maxFiles: 3 })
      for (let i = 0; i < 50; i++) yield* Effect.promise(() => files.write([record]))
      const names = filesOf(dir)
      assert.strictEqual(names.length, 3)
      for (const name of names) assert.isAtMost(statSync(join(dir, "quarantine", name)).size, 1000)
      const ids = (yield* kept(dir)).map((r) => r.id)
      assert.strictEqual(ids.at(-1), 50)
      assert.deepStrictEqual(
        ids,
        ids.map((_, i) => ids[0]! + i)
      )
    }).pipe(Effect.scoped)
  )

  it.live("are none where there is no folder, and strangers among them are left alone", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      assert.deepStrictEqual(yield* kept(dir), [])
      mkdirSync(join(dir, "quarantine"))
      writeFileSync(join(dir, "quarantine", "notes.txt"), "mine")
      writeFileSync(join(dir, "quarantine", "00000001.jsonl"), "not JSON\n{}\n")
      assert.deepStrictEqual(yield* kept(dir), [])
    }).pipe(Effect.scoped)
  )
})

describe("the limiter", () => {
  it("lets a burst pass, then so many a minute, each key by itself", () => {
    let now = 0
    const passes = makeLimiter({ burst: 2, perMinute: 6 }, () => now)
    const said = [0, 0, 0, 9_999, 10_000, 10_000].map((at) => {
      now = at
      return passes("a")
    })
    assert.deepStrictEqual(said, [true, true, false, false, true, false])
    assert.isTrue(passes("b"))
  })
})

describe("replay", () => {
  const record = (frame: Buffer, asked: QuarantineRecord["asked"]): QuarantineRecord => ({
    id: 3,
    at: AT,
    user: "asha",
    broker: "zerodha",
    stream: "zerodha",
    connection: 1,
    cause: "truncated",
    detail: "",
    bytes: frame.length,
    base64: frame.toString("base64"),
    asked
  })
  const asked: QuarantineRecord["asked"] = [["NSE", "RELIANCE", "738561", "NSE", "RELIANCE", "ltp", 0]]

  it("says what the decoder makes of a frame now", () => {
    const good = replay(record(GOOD, asked), zerodha, kite)
    assert.strictEqual(good.outcome, "ticks")
    assert.deepInclude(good.ticks[0], { symbol: "RELIANCE", ltp: 2941.4, received_time: AT })
    const broken = replay(record(BROKEN, asked), zerodha, kite)
    assert.strictEqual(broken.outcome, "rejected")
    assert.strictEqual(broken.rejects[0]!.cause, "truncated")
    assert.strictEqual(replay(record(GOOD, []), zerodha, kite).rejects[0]!.cause, "not_subscribed")
  })

  it("survives a decoder that throws", () => {
    const throwing = {
      ...kite,
      open: () => {
        throw new Error("no state")
      }
    }
    assert.deepStrictEqual(replay(record(GOOD, asked), zerodha, throwing).rejects, [
      { cause: "defect", detail: "Error: no state" }
    ])
  })
})

describe("combineTaps", () => {
  it("tells all of them, whatever they listen to", () => {
    const heard: Array<string> = []
    const tap = (name: string, ticked: boolean) => ({
      connection: () => ({
        opened: () => void heard.push(`${name} opened`),
        requested: () => {},
        frame: () => {},
        answered: () => {},
        rejected: (cause: string, detail: string) => void heard.push(`${name} ${cause} ${detail}`),
        ...(ticked ? { ticked: () => void heard.push(`${name} ticked`) } : {}),
        closed: () => {},
        alarm: () => {}
      })
    })
    const c = combineTaps([tap("a", true), tap("b", false)]).connection({
      user: "asha",
      broker: "zerodha",
      stream: "zerodha",
      connection: 1
    })
    c.opened(AT)
    c.ticked?.(AT)
    c.rejected("guard", "x", undefined, AT)
    assert.deepStrictEqual(heard, ["a opened", "b opened", "a ticked", "a guard x", "b guard x"])
  })
})
