/** The bench suite's cases give the right results; how fast they are is not a test's business. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { BadFlag, readFlags } from "../../bench/flags.ts"
import type { Contestant } from "../../bench/harness.ts"
import { WrongResult, checkAll, measure, summarise } from "../../bench/harness.ts"
import { table, toRow, write } from "../../bench/report.ts"

const root = resolve(import.meta.dirname, "../..")
const bench = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/main.ts", ...args], {
    cwd: root,
    encoding: "utf8"
  })

const contestant = (run: Contestant["run"], check: Contestant["check"] = () => {}): Contestant => ({
  name: "counter",
  ticks: 2,
  run,
  check
})

/** Something to time: the yield of so many operations, counted one by one. */
const count = (operations: number): number => {
  let ticks = 0
  for (let i = 0; i < operations; i++) ticks += Math.sin(i) > 2 ? 1 : 2
  return ticks
}

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail("it did not fail")
}

describe("the bench suite", () => {
  it("checks every case, the SDKs' too", () => {
    const { status, stderr, stdout } = bench("--check")
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /^[1-9]\d* cases give the right results$/m)
  })

  it("names a bad flag and shows the help", () => {
    const { status, stderr } = bench("--fast")
    assert.strictEqual(status, 1)
    assert.include(stderr, "--fast")
    assert.include(stderr, "--quick")
  })
})

describe("flags", () => {
  it("writes a whole run, and a part of one only under a name of its own", () => {
    assert.isTrue(readFlags([]).write)
    assert.isFalse(readFlags(["--only", "kite"]).write)
    assert.isTrue(readFlags(["--only", "kite", "--name", "kite"]).write)
    assert.isFalse(readFlags(["--name", "kite", "--no-write"]).write)
  })

  it("refuses what it does not know", () => {
    assert.throws(() => readFlags(["--name", "../x"]), BadFlag, /--name/)
    assert.throws(() => readFlags(["--only"]), BadFlag, /--only/)
    assert.throws(() => readFlags(["full"]), BadFlag, /full/)
  })
})

describe("the harness", () => {
  it("takes the median and the spread", () => {
    assert.deepStrictEqual(summarise([50, 10, 20, 30, 40]), { median: 30, spread: 1 / 3 })
    assert.deepStrictEqual(summarise([4]), { median: 4, spread: 0 })
  })

  it("times everybody, with a check before and after", async () => {
    let checks = 0
    const sync = contestant(count, () => void checks++)
    const async = contestant(async (n) => count(n))
    const steps: Array<string> = []
    const timings = await measure([sync, async], { rounds: 3, roundMs: 1, warmUpMs: 1 }, (s) => steps.push(s))
    assert.strictEqual(checks, 2)
    assert.deepStrictEqual([...timings.keys()], [sync, async])
    assert.isAbove(timings.get(async)!.median, 0)
    assert.include(steps, "round 3 of 3")
  })

  it("refuses the figures of those who lose a tick or give a wrong one", async () => {
    const lost = await rejection(checkAll([contestant((n) => 2 * n - 1)]))
    assert.instanceOf(lost, WrongResult)
    assert.include((lost as Error).message, "199 ticks instead of 200")
    const wrong = contestant(
      (n) => 2 * n,
      () => {
        throw new WrongResult("not this")
      }
    )
    assert.instanceOf(await rejection(checkAll([wrong])), WrongResult)
  })
})

describe("the report", () => {
  const base = {
    suite: "micro",
    unit: "ns/tick",
    name: "first",
    ours: { median: 100, spread: 0.01 }
  } as const
  const peer = { name: "peer", timing: { median: 250, spread: 0 } }
  const met = toRow({ ...base, peer, goal: { of: "ratio", bound: "at least", is: 2 } })
  const missed = toRow({ ...base, peer, goal: { of: "ratio", bound: "at least", is: 30 } })
  const cost = toRow({ ...base, peer, ratioOf: "cost", goal: { of: "ratio", bound: "at most", is: 0.5 } })
  const rate = toRow({ ...base, peer, isRate: true })
  const alone = toRow({ ...base, ours: { median: 12.34, spread: Number.NaN } })
  const value = toRow({ ...base, goal: { of: "value", bound: "at most", is: 99 }, note: "alone" })

  it("says whether a goal was met, and nothing where there is none", () => {
    assert.include(met, { value: 100, peer: "peer", peerValue: 250, ratio: 2.5, goal: 2, met: true })
    assert.include(missed, { ratio: 2.5, goal: 30, met: false })
    assert.include(cost, { ratio: 0.4, ratioOf: "cost", goalBound: "at most", met: true })
    assert.include(rate, { ratio: 0.4, ratioOf: "speed", goal: null, met: null })
    assert.include(alone, { value: 12.3, spread: null, peer: null, peerValue: null, ratio: null, met: null })
    assert.include(value, { ratio: null, goal: 99, goalOf: "value", met: false, note: "alone" })
  })

  it("prints a line per case", () => {
    const lines = table([met, missed, alone]).split("\n")
    assert.lengthOf(lines, 4)
    assert.match(lines[1]!, /^first +100 +ns\/tick +1 % +peer +250 +0 % +2\.50x +speed +>= 2x +yes$/)
    assert.match(lines[2]!, / NO$/)
  })

  it("writes machine, versions, date, command and rows", () => {
    const folder = mkdtempSync(join(tmpdir(), "bench-"))
    try {
      const named = write(
        "test",
        { command: "npm run bench", load: [0.5, 1], rows: [met] },
        pathToFileURL(`${folder}/`)
      )
      const [file] = readdirSync(folder)
      assert.strictEqual(named, `bench/results/${file}`)
      assert.match(file!, /^\d{4}-\d{2}-\d{2}-test\.json$/)
      const result = JSON.parse(readFileSync(join(folder, file!), "utf8")) as Record<string, unknown>
      assert.deepStrictEqual(Object.keys(result), ["machine", "versions", "date", "command", "rows"])
      assert.deepStrictEqual(result["rows"], [met])
      assert.hasAllKeys(result["machine"], ["cpu", "cores", "memoryGiB", "platform", "load"])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
