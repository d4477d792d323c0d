/** Finding instruments in a table of 600 000: the queries that cost most, and what the index costs an import. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Store from "../src/store/index.ts"
import { Instruments } from "../src/store/instruments/instruments.ts"
import type { InstrumentSearch } from "../src/store/instruments/search/query.ts"
import { WrongResult, summarise } from "./harness.ts"
import type { Row } from "./report.ts"
import { toRow } from "./report.ts"
import { marketOf } from "./searchMarket.ts"
import type { BenchSuite } from "./suites.ts"

const SIZE = 200_000
const OTHERS = ["angel", "dhan", "fyers", "upstox"]
const OF_OTHERS = 100_000
const ROUNDS = 30
const IMPORTS = 5
const GOAL_MS = 20

interface Question {
  readonly name: string
  readonly query: Omit<InstrumentSearch, "limit" | "today">
  /** The first that must be found; undefined: nothing. */
  readonly first: string | undefined
}

const questions: ReadonlyArray<Question> = [
  { name: `"nifty"`, query: { text: "nifty" }, first: "NIFTY" },
  { name: `"ce"`, query: { text: "ce" }, first: "CEMO" },
  { name: `"ce", contracts`, query: { text: "ce", types: ["CE"] }, first: "NIFTY01DEC9920000CE" },
  { name: `"a"`, query: { text: "a" }, first: "AXBA" },
  { name: `"nifty 25000 ce dec"`, query: { text: "nifty 25000 ce dec" }, first: "NIFTY01DEC9925000CE" },
  { name: "a word that nobody has", query: { text: "zzzz" }, first: undefined },
  { name: "ten letters", query: { text: "q w e r t y u i o p" }, first: undefined },
  {
    name: "strikes that nobody has",
    query: { text: "ce", strikeMin: 1001.1, strikeMax: 1001.2 },
    first: undefined
  }
]

const measure = Effect.fnUntraced(function* (progress: (step: string) => void) {
  const table = yield* Instruments
  for (const broker of OTHERS) {
    progress(`importing ${broker}`)
    yield* table.replace(broker, marketOf(OF_OTHERS))
  }
  const market = marketOf(SIZE)
  const imports: Array<number> = []
  for (let round = 0; round < IMPORTS; round++) {
    progress(`import ${round + 1} of ${IMPORTS}`)
    const start = performance.now()
    yield* table.replace("zerodha", market)
    imports.push(performance.now() - start)
  }
  const rows: Array<Row> = []
  for (const { first, name, query } of questions) {
    progress(name)
    const times: Array<number> = []
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now()
      const found = yield* table.search("zerodha", { ...query, limit: 20, today: "2099-11-30" })
      times.push(performance.now() - start)
      if (found[0]?.symbol !== first) {
        throw new WrongResult(
          `search ${name}: ${found[0]?.symbol ?? "nothing"} comes first instead of ${first ?? "nothing"}`
        )
      }
    }
    rows.push(
      toRow({
        suite: "search",
        name: `find ${name}`,
        unit: "ms",
        ours: summarise(times),
        goal: { of: "value", bound: "at most", is: GOAL_MS },
        note: `slowest of ${ROUNDS}: ${Math.max(...times).toFixed(1)} ms`
      })
    )
  }
  rows.push(
    toRow({ suite: "search", name: `replace ${SIZE} of a broker's`, unit: "ms", ours: summarise(imports) })
  )
  return rows
})

export const searchSuite: BenchSuite = {
  name: "search",
  run: async ({ only }, progress) => {
    const dataDir = mkdtempSync(join(tmpdir(), "algoways-search-"))
    try {
      const rows = await Effect.runPromise(measure(progress).pipe(Effect.provide(Store.layer({ dataDir }))))
      return rows.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()))
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  }
}
