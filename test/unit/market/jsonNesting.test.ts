import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { DEEPEST, excessOf, nestsTooDeep } from "../../../src/market/jsonNesting.ts"

const nested = (levels: number, inside = ""): string => "[".repeat(levels) + inside + "]".repeat(levels)

/** How deep a value nests, by walking it. */
const depthOf = (value: unknown): number =>
  typeof value !== "object" || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(depthOf))

describe("how deep a JSON text nests", () => {
  it("is told to the level", () => {
    assert.isFalse(nestsTooDeep(nested(DEEPEST)))
    assert.isTrue(nestsTooDeep(nested(DEEPEST + 1)))
    assert.isTrue(nestsTooDeep('{"a":'.repeat(DEEPEST + 1)))
  })

  it("takes brackets in strings as text, whichever way they point", () => {
    const closing = "]".repeat(10_000)
    assert.isTrue(nestsTooDeep(`{"x":"${closing}","y":${nested(10_000)}}`))
    assert.isTrue(nestsTooDeep(`{"${"}".repeat(500)}":1,"y":${nested(200)}}`))
    assert.isFalse(nestsTooDeep(JSON.stringify({ x: "[".repeat(10_000), "{{{{": nested(1000) })))
  })

  it("knows an escaped quote from one that ends a string", () => {
    for (const backslashes of [1, 2, 3, 4, 10_001, 10_002]) {
      const text = `{"x":"${"\\".repeat(backslashes)}"${nested(100)}`
      // An even number escape each other: the quote ends the string, and the brackets nest.
      assert.strictEqual(nestsTooDeep(text), backslashes % 2 === 0, String(backslashes))
    }
    assert.isTrue(nestsTooDeep(`["\\\\",${nested(100)}]`))
    assert.isTrue(nestsTooDeep(`["\\"]]]]]]]",${nested(100)}]`))
    assert.isFalse(nestsTooDeep(`["\\"${nested(100)}"]`))
  })

  it("stops where a parser stops", () => {
    assert.isFalse(nestsTooDeep(`]${nested(1000)}`))
    assert.isFalse(nestsTooDeep(`"${nested(1000)}`))
    assert.isFalse(nestsTooDeep(""))
  })

  it("is what a walk over the value says", () => {
    const value = FastCheck.letrec((tie) => ({
      value: FastCheck.oneof(
        { maxDepth: 3 },
        FastCheck.string({ unit: FastCheck.constantFrom("[", "]", "{", "}", '"', "\\", ",", "é") }),
        FastCheck.array(tie("value"), { maxLength: 3 }),
        FastCheck.dictionary(FastCheck.string(), tie("value"), { maxKeys: 3 })
      )
    })).value
    FastCheck.assert(
      FastCheck.property(value, FastCheck.nat(40), (inner, levels) => {
        let outer: unknown = inner
        for (let i = 0; i < levels; i++) outer = i % 2 === 0 ? [outer] : { "]": outer }
        assert.strictEqual(nestsTooDeep(JSON.stringify(outer)), depthOf(outer) > DEEPEST)
      }),
      { seed: 1, numRuns: 500 }
    )
  })

  it("is found before how much it holds, which is bounded too", () => {
    const most = { containers: 3, values: 4 }
    assert.isUndefined(excessOf('{"a":[1,2,3],"b":[",,,,[[[["]}', most))
    assert.strictEqual(excessOf('{"a":[1,2,3],"b":[1,2,3]}', most), "many")
    assert.strictEqual(excessOf("[[],[],[]]", most), "many")
    assert.strictEqual(excessOf(nested(DEEPEST + 1), { containers: DEEPEST, values: 0 }), "deep")
  })
})
