/** Code from text: each its own, from constants alone. */
import { assert, describe, it } from "@effect/vitest"
import { compile, identifier } from "../../../src/kit/compile.ts"

describe("compile", () => {
  it("gives the text the names that it was given", () => {
    assert.strictEqual(compile<(n: number) => number>("return (n) => n * factor", { factor: 3 })!(5), 15)
  })

  it("makes another function of the same text each time", () => {
    const text = "return () => 1"
    assert.notStrictEqual(compile(text), compile(text))
  })

  it("runs in strict mode", () => {
    assert.throws(() => compile<() => void>("return () => { undeclared = 1 }")!(), ReferenceError)
  })

  it("fails on a text that is no code", () => {
    assert.throws(() => compile("return ("), SyntaxError)
  })
})

describe("identifier", () => {
  it.each(["ltp", "week52_high", "_x"])("takes %s", (name) => {
    assert.strictEqual(identifier(name), name)
  })

  it.each(["", "a b", "a;b", "a.b", "a\n", "5d", "a-b", 'a"', "ä"])("refuses %j", (name) => {
    assert.throws(() => identifier(name), /is no name of a field/)
  })
})
