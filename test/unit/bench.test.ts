/** The bench suite's cases give the right results; how fast they are is not a test's business. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { DOMParser } from "@xmldom/xmldom"
import { chart, scoreOf } from "../../bench/chart.ts"
import { bench as command } from "../../bench/flags.ts"
import { readTool, refusalOf } from "../support/toolFlags.ts"
import type { Contestant } from "../../bench/harness.ts"
import { WrongResult, checkAll, measure, summarise } from "../../bench/harness.ts"
import { SUITES, countGoals, toRow } from "../../bench/report.ts"
import { shareRow } from "../../bench/share.ts"
import type { Result } from "../../bench/resultFile.ts"
import { drawAgain, write } from "../../bench/resultFile.ts"
import { goalTable, table } from "../../bench/table.ts"

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
  }, 120_000)

  it("runs the chosen suite and the chosen cases of it only", () => {
    const { status, stderr, stdout } = bench("--check", "--suite", "pipeline", "--only", "KITE FULL")
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stdout, "pipeline  bytes to bus: kite full (184 B)\n1 case gives the right results\n")
    const none = bench("--check", "--suite", "pipeline", "--only", "serialise")
    assert.strictEqual(none.status, 1)
    assert.include(none.stderr, "no case of pipeline has this in its name")
  })

  it("names a bad flag and shows the help", () => {
    const { status, stderr, stdout } = bench("--fast")
    assert.strictEqual(status, 1)
    assert.include(stderr, "--fast")
    assert.include(stdout, "--quick")
  })
})

describe("flags", () => {
  const read = (...args: ReadonlyArray<string>) => readTool(command, args)
  const refused = (...args: ReadonlyArray<string>) => refusalOf(command, args)

  it.effect("writes a whole run, and a part of one only under a name of its own", () =>
    Effect.gen(function* () {
      assert.isTrue((yield* read()).write)
      assert.isFalse((yield* read("--only", "kite")).write)
      assert.isTrue((yield* read("--only", "kite", "--name", "kite")).write)
      assert.isFalse((yield* read("--name", "kite", "--no-write")).write)
    })
  )

  it.effect("takes suites with commas between, all of them unless told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual([...(yield* read()).suites], [...SUITES])
      assert.deepStrictEqual([...(yield* read("--suite", "micro, fan-out")).suites], ["micro", "fan-out"])
      assert.isFalse((yield* read("--suite", "micro")).write)
      assert.isTrue((yield* read("--suite", "micro", "--name", "micro")).write)
      assert.match(yield* refused("--suite", "micro,fanout"), /--suite.*pipeline, fan-out.*"fanout"/)
      assert.match(yield* refused("--suite="), /--suite/)
    })
  )

  it.effect("runs those of which a case can be run, or that are quick, unless told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual([...(yield* read("--only", "kite")).suites], ["micro", "pipeline"])
      assert.deepStrictEqual([...(yield* read("--quick")).suites], ["micro", "pipeline", "fan-out"])
    })
  )

  it.effect("does not let a quick run replace a whole one", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read()).name, "all")
      assert.strictEqual((yield* read("--quick")).name, "quick")
      assert.strictEqual((yield* read("--quick", "--name", "now")).name, "now")
    })
  )

  it.effect("refuses what it does not know, by name and with the remedy", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read("--soak-minutes", "0.5")).soakMinutes, 0.5)
      for (const minutes of ["0", "1441", "long"])
        assert.match(
          yield* refused("--soak-minutes", minutes),
          /--soak-minutes: "\w+"\. Expected: a number of minutes: more than 0, at most a day/
        )
      assert.match(yield* refused("--name", "../x"), /--name: "\.\.\/x"\. Expected: letters, digits/)
      assert.match(yield* refused("--only"), /--only/)
      assert.match(yield* refused("--fast"), /--fast/)
      assert.match(yield* refused("full"), /full/)
    })
  )
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

describe("a share", () => {
  const turns: Array<string> = []
  const turning = (name: string) =>
    contestant((n) => {
      turns.push(name)
      return count(n)
    })
  const row = (whole: Contestant) =>
    shareRow(
      { suite: "micro", name: "share", ours: whole, peer: turning("part"), share: true, goal: 1 },
      { rounds: 1, roundMs: 1, warmUpMs: 1 }
    )

  it("is of the time, with a goal of its value, measured in turns whose order changes", async () => {
    const { goal, goalBound, goalOf, note, peer, unit, value } = await row(turning("whole"))
    assert.deepStrictEqual([unit, goal, goalOf, goalBound, peer], ["share", 1, "value", "at most", null])
    assert.isBelow(value, 1)
    assert.match(note!, /^\d+ ns\/tick, \d+ without it$/)
    assert.deepStrictEqual(turns.slice(0, 5), ["whole", "whole", "part", "part", "whole"])
    assert.lengthOf(turns, 201)
  })

  it("is not told of those who lose a tick", async () => {
    assert.instanceOf(await rejection(row(contestant((n) => 2 * n - 1))), WrongResult)
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

  it("keeps what small figures say", () => {
    assert.include(toRow({ ...base, ours: { median: 0.012345, spread: 0 } }), { value: 0.0123 })
    assert.include(toRow({ ...base, ours: { median: 1234.56, spread: 0 } }), { value: 1234.6 })
  })

  it("prints a line per case, and a note below its own", () => {
    const lines = table([met, missed, alone, value]).split("\n")
    assert.lengthOf(lines, 6)
    assert.match(lines[1]!, /^first +100 +ns\/tick +1 % +peer +250 +0 % +2\.50x +speed +>= 2x +yes$/)
    assert.match(lines[2]!, / NO$/)
    assert.strictEqual(lines[5], "    alone")
  })

  it("leaves out columns that say nothing", () => {
    assert.match(table([alone]), /^case +value +unit\nfirst +12\.3 +ns\/tick$/)
  })

  it("prints the goals once more, and how many are met", () => {
    const unknown = toRow({ ...base, goal: { of: "ratio", bound: "at least", is: 2 } })
    assert.deepStrictEqual(countGoals([met, alone, missed, cost, unknown]), { met: 2, missed: 1, unknown: 1 })
    const lines = goalTable([met, alone, missed, unknown]).split("\n")
    assert.deepStrictEqual(
      lines.map((line) => line.slice(0, 3)),
      ["goa", "", "met", "yes", "NO ", "?  ", "", "1 g"]
    )
    assert.strictEqual(lines.at(-1), "1 goal met, 1 missed, 1 not measured")
    assert.strictEqual(goalTable([alone]), "0 goals met, 0 missed")
  })

  const inFolder = (use: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), "bench-"))
    try {
      use(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it("writes machine, versions, date, command and rows, and the chart of it", () => {
    inFolder((folder) => {
      const run = { command: "npm run bench", load: [0.5, 1], rows: [met] }
      const written = write("test", run, pathToFileURL(`${folder}/`))
      const [json, svg] = readdirSync(folder).sort()
      assert.deepStrictEqual([...written], [`bench/results/${json}`, `bench/results/${svg}`])
      assert.match(json!, /^\d{4}-\d{2}-\d{2}-test\.json$/)
      const result = JSON.parse(readFileSync(join(folder, json!), "utf8")) as Result
      assert.deepStrictEqual(Object.keys(result), ["machine", "versions", "date", "command", "rows"])
      assert.deepStrictEqual(result.rows, [met])
      assert.hasAllKeys(result.machine, ["cpu", "cores", "memoryGiB", "platform", "load"])
      const drawn = readFileSync(join(folder, svg!), "utf8")
      assert.strictEqual(drawn, chart(result))
      rmSync(join(folder, svg!))
      assert.strictEqual(drawAgain(join(folder, json!)), join(folder, svg!))
      assert.strictEqual(readFileSync(join(folder, svg!), "utf8"), drawn)
    })
  })

  it("draws files from before rows named their suite, and refuses what is no result", () => {
    inFolder((folder) => {
      const old = join(folder, "old.json")
      const { goalBound: _, goalOf: __, note: ___, ratioOf: ____, suite: _____, ...row } = met
      writeFileSync(old, JSON.stringify({ ...result([]), rows: [row] }))
      assert.include(readFileSync(drawAgain(old), "utf8"), "1 goal met")
      writeFileSync(old, "{}")
      const { status, stderr } = bench("--chart", old)
      assert.strictEqual(status, 1)
      assert.include(stderr, `${old} is no result file`)
    })
  })

  const result = (rows: Result["rows"]): Result => ({
    machine: { cpu: "A & B", cores: 2, memoryGiB: 4, platform: "linux x64", load: [0.5, 1] },
    versions: { node: "22.0.0" },
    date: "2026-11-28T00:00:00.000Z",
    command: 'npm run bench -- --only "<x>"',
    rows
  })

  /** Any breach of XML's rules ends the test. */
  const textsOf = (svg: string): ReadonlyArray<string> => {
    const fail = (_: string, message: string): never => assert.fail(message)
    const parsed = new DOMParser({ onError: fail }).parseFromString(svg, "image/svg+xml")
    return [...parsed.getElementsByTagName("text")].map(({ textContent }) => textContent ?? "")
  }

  it("draws every row, with its value and goal, and where it comes from", () => {
    const rows = SUITES.flatMap((suite) =>
      [met, missed, cost, rate, alone, value].map((row, i) => ({ ...row, suite, name: `${suite} ${i}` }))
    )
    const texts = textsOf(chart(result(rows)))
    for (const { name } of rows)
      assert.isTrue(
        texts.some((t) => t.startsWith(name)),
        name
      )
    for (const suite of SUITES) assert.include(texts, suite)
    const count = (content: string): number => texts.filter((t) => t.includes(content)).length
    assert.strictEqual(count("goal ≥ 2x"), SUITES.length)
    assert.strictEqual(count("0.40x cost, goal ≤ 0.5x"), SUITES.length)
    assert.strictEqual(count("100 ns/tick, goal ≤ 99"), SUITES.length)
    assert.strictEqual(texts.filter((t) => t === "met").length, 2 * SUITES.length)
    assert.strictEqual(texts.filter((t) => t === "MISSED").length, 2 * SUITES.length)
    const goals = `${2 * SUITES.length} goals met`
    for (const content of ["2026-11-28", "A & B, 2 cores", "Node 22.0.0", "load 0.5 to 1", goals]) {
      assert.isAbove(count(content), 0, content)
    }
  })

  it("escapes what XML does not take as it is, and draws any figures", () => {
    const name = `<&>"'\u0000]]>`
    const odd = [0, -1, 1e-9, 1e12].flatMap((median) => {
      const ours = { median, spread: 0 }
      return [
        toRow({ ...base, name, ours, note: name }),
        toRow({ ...base, name, ours, peer, goal: { of: "value", bound: "at most", is: 1 } })
      ]
    })
    const svg = chart(
      result([...odd, toRow({ ...base, name, goal: { of: "ratio", bound: "at least", is: 2 } })])
    )
    assert.notMatch(svg, /NaN|Infinity|undefined|null/)
    const texts = textsOf(svg)
    assert.isTrue(texts.some((t) => t.includes(`<&>"'?]]>`)))
    assert.isTrue(texts.some((t) => t.includes('--only "<x>"')))
  })

  it("draws bars the longer the better, whichever way the goal is bound", () => {
    assert.closeTo(scoreOf(met), 1.25, 1e-9)
    assert.closeTo(scoreOf(cost), 1.25, 1e-9)
    assert.closeTo(scoreOf(value), 0.99, 1e-9)
    assert.strictEqual(scoreOf({ ...value, value: -1 }), Number.POSITIVE_INFINITY)
  })
})
