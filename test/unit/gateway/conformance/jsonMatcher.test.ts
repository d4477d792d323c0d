import { describe, expect, it } from "vitest"
import { matches } from "../../../../src/gateway/conformance/jsonMatcher.ts"

describe("matchers of the conversation cases", () => {
  it.each<[unknown, unknown, boolean]>([
    [1, 1, true],
    [1, "1", false],
    [null, null, true],
    ["$x", "$x", true],
    [undefined, "$any", false],
    [null, "$any", true],
    ["", "$string", true],
    ["", "$nonempty", false],
    [1.5, "$number", true],
    ["1", "$number", false],
    [1.5, "$int", false],
    [2, "$int", true],
    [false, "$bool", true],
    [[], "$object", false],
    [{}, "$object", true],
    [[], "$array", true],
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ b: 2 }, { a: "$any" }, false],
    [[1], { 0: 1 }, false],
    [{ a: 1, b: 2 }, { a: 1, $exact: true }, false],
    [{ a: 1, b: 2 }, { a: 1, $optional: { b: 2 }, $exact: true }, true],
    [{ a: 1 }, { $optional: { b: 2 } }, true],
    [{ b: 3 }, { $optional: { b: 2 } }, false],
    [{ type: "x" }, { $absent: ["type"] }, false],
    [{ a: { b: [1, null] } }, { $noNull: true }, false],
    [{ a: { b: [1] } }, { $noNull: true }, true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1], false],
    [{ 0: 1, length: 1 }, [1], false],
    [[2, 1, 1], { $unordered: [1, 2, 1] }, true],
    [[2, 2, 1], { $unordered: [1, 2, 1] }, false],
    [[1], { $unordered: ["$any", 1] }, false],
    [["a", 1], { $unordered: ["$any", "a"] }, true],
    [[1, 2], { $contains: 2 }, true],
    [[1, 3], { $contains: 2 }, false],
    [[1, 2], { $each: "$int", $length: 2 }, true],
    [[1, 2.5], { $each: "$int" }, false],
    [[1], { $min: 2 }, false],
    [[1, 2], { $min: 2 }, true],
    [{}, { $length: 0 }, false],
    [3, { $oneOf: ["Depth", 3] }, true],
    [4, { $oneOf: ["Depth", 3] }, false]
  ])("%j against %j is %s", (value, matcher, expected) => {
    expect(matches(value, matcher)).toBe(expected)
  })
})
