import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { namesOf } from "../../../../src/cli/load/names.ts"

const NOW = Date.UTC(2026, 10, 27)

const names = (list?: string, count?: number) =>
  Effect.map(namesOf(list, count, NOW), (found) => found.map((n) => `${n.exchange}:${n.symbol}`))

const fileOf = (content: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "names-"))
      writeFileSync(join(folder, "list"), content)
      return { folder, list: `@${join(folder, "list")}` }
    }),
    ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

describe("instruments of a load", () => {
  it.effect("are those of the demo's market, fifty unless another number is asked for", () =>
    Effect.gen(function* () {
      const some = yield* names()
      assert.strictEqual(new Set(some).size, 50)
      assert.deepStrictEqual(yield* names(undefined, 2), ["NSE:RELIANCE", "NSE:INFY"])
      assert.isAbove((yield* names(undefined, 70)).length, 69)
    })
  )

  it.effect("are those that are named, once each", () =>
    Effect.gen(function* () {
      const list = " NSE:INFY,NSE:TCS ,NSE:INFY,CDS:USDINR30DEC26FUT,"
      assert.deepStrictEqual(yield* names(list), ["NSE:INFY", "NSE:TCS", "CDS:USDINR30DEC26FUT"])
      assert.deepStrictEqual(yield* names(list, 2), ["NSE:INFY", "NSE:TCS"])
    })
  )

  it.effect("are those of a file, without its remarks", () =>
    Effect.gen(function* () {
      const { list } = yield* fileOf("# mine\r\nNSE:INFY\r\n\r\n  # NSE:SBIN\nNSE_INDEX:NIFTY, NSE:M&M\n")
      assert.deepStrictEqual(yield* names(list), ["NSE:INFY", "NSE_INDEX:NIFTY", "NSE:M&M"])
    })
  )

  it.effect("are numbered where a pattern is given", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* names("NSE:LOAD###X", 2), ["NSE:LOAD001X", "NSE:LOAD002X"])
      assert.strictEqual((yield* names("NSE:S#", 12)).at(-1), "NSE:S12")
    })
  )

  it.effect("that cannot be had are explained", () =>
    Effect.gen(function* () {
      const { list } = yield* fileOf("# nothing\n")
      const cases: ReadonlyArray<readonly [string | undefined, number | undefined, RegExp]> = [
        ["INFY", undefined, /"INFY" names no instrument/],
        ["NSE:", undefined, /"NSE:" names no instrument/],
        [":INFY", undefined, /":INFY" names no instrument/],
        [list, undefined, /names no instrument/],
        ["@/no/such/file", undefined, /no such file/],
        ["NSE:LOAD#####", undefined, /say how many with --symbols/],
        ["NSE:INFY", 2, /names 1 instruments, fewer than --symbols 2/],
        [undefined, 500, /The demo has \d+ instruments, not 500: .*--load-equities/]
      ]
      for (const [given, count, words] of cases) {
        assert.match((yield* Effect.flip(names(given, count))).message, words)
      }
    })
  )
})
