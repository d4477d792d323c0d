/** The scanner of everyday Noren frames reads what `JSON.parse` reads, or gives up. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { NO_WORD, ROOT, makeKeyTrie } from "../../../src/protocols/kit/keyTrie.ts"
import type { Fields } from "../../../src/protocols/noren/fields.ts"
import { makeFields, pick } from "../../../src/protocols/noren/fields.ts"
import { keys } from "../../../src/protocols/noren/layout.ts"
import { Scanner } from "../../../src/protocols/noren/scan.ts"
import { parseObject } from "../../../src/protocols/kit/text.ts"

const kinds = ["tk", "tf", "dk", "df"]
const exchanges = ["NSE", "NFO", "N"]

const toldBy = ({ bad, count, slots, values }: Fields) => ({
  bad,
  told: Array.from({ length: count }, (_, i) => [slots[i]!, values[i]!] as const).sort(([a], [b]) => a - b)
})

const fields = makeFields()
const scanner = new Scanner(fields, kinds, exchanges)

/** Whether it took the text; what it took must be what `JSON.parse` and `pick` make of it. */
const takes = (text: string): boolean => {
  if (!scanner.scan(text)) return false
  const scanned = toldBy(fields)
  const message = parseObject(text)
  assert.isDefined(message, text)
  const picked = makeFields()
  pick(message!, picked)
  assert.deepStrictEqual(scanned, toldBy(picked), text)
  assert.strictEqual(message!["t"], kinds[scanner.kind], text)
  assert.strictEqual(message!["e"], exchanges[scanner.exchange], text)
  assert.strictEqual(message!["tk"], String(scanner.token), text)
  return true
}

const head = { t: "tf", e: "NSE", tk: "2885" }
const delta =
  '{"t":"tf","e":"NSE","tk":"2885","lp":"1498.85","pc":"-0.20","ft":"1711611418","ltt":"13:07:03"}'

const decimal = FastCheck.tuple(
  FastCheck.constantFrom("", "-"),
  FastCheck.bigInt({ min: 0n, max: 10n ** 14n }),
  FastCheck.constantFrom("", ".0", ".05", ".5")
).map((parts) => parts.join(""))

const odd = FastCheck.oneof(
  FastCheck.constantFrom(
    "",
    "-",
    "--",
    "-0",
    "5.",
    "00.50",
    "1e3",
    "1e999",
    "0x10",
    "NaN",
    " 1",
    "1 ",
    "9".repeat(20)
  ),
  FastCheck.constantFrom("13:58:37", "00:00:00", "24:00:00", "3:58:37"),
  FastCheck.double().map(String),
  FastCheck.string({ maxLength: 6 }),
  FastCheck.jsonValue()
)
const value = FastCheck.oneof({ weight: 19, arbitrary: decimal }, { weight: 1, arbitrary: odd })

const key = FastCheck.oneof(
  { weight: 19, arbitrary: FastCheck.constantFrom(...keys.filter((k) => k !== "ltt"), "pc", "toi", "ts") },
  FastCheck.constantFrom("ltt", "t", "e", "tk", "lpx", "l", "", "52", "__proto__"),
  FastCheck.string({ maxLength: 5 })
)

const message = FastCheck.tuple(
  FastCheck.array(FastCheck.tuple(key, value), { maxLength: 8 }),
  FastCheck.nat(9),
  FastCheck.nat(8),
  FastCheck.constantFrom(...kinds, ...kinds, "ok"),
  FastCheck.constantFrom(...exchanges, ...exchanges, "NSEX"),
  FastCheck.oneof(
    { weight: 9, arbitrary: FastCheck.nat().map(String) },
    FastCheck.constantFrom("02885", "", "1234567890123")
  )
).map(([members, chance, at, t, e, tk]) => {
  // A key twice is rare.
  const some = (chance === 0 ? members : [...new Map(members)]).map(
    ([name, told]) => `${JSON.stringify(name)}:${JSON.stringify(told)}`
  )
  const own = [`"t":"${t}"`, `"e":"${e}"`, `"tk":"${tk}"`]
  return `{${[...some.slice(0, at), ...own, ...some.slice(at)].join(",")}}`
})

describe("noren: the scanner", () => {
  it("takes the everyday frame, in any order of keys", () => {
    assert.isTrue(takes(delta))
    assert.isTrue(takes('{"lp":"-3.05","tk":"0","v":"0","e":"N","pc":"","oi":"-","zz9":"u","t":"dk"}'))
    assert.isTrue(
      takes(JSON.stringify({ ...head, ...Object.fromEntries(keys.map((k) => [k, "13:58:37"])) })) === false
    )
    const all = Object.fromEntries(keys.map((k, i) => [k, k === "ltt" ? "13:58:37" : `${i}.25`]))
    assert.isTrue(takes(JSON.stringify({ ...head, ...all })))
  })

  it.each([
    ["a key twice", delta.replace('"pc"', '"lp"')],
    ["an escape", delta.replace("13:07:03", "13:07:0\\u0033")],
    ["an escaped key", delta.replace('"lp"', '"l\\u0070"')],
    ["a blank", delta.replace(",", ", ")],
    ["a number that is none in quotation marks", delta.replace('"1498.85"', "1498.85")],
    ["more digits than are exact", delta.replace("1498.85", "1498.8512345678901")],
    ["a token with a leading zero", delta.replace("2885", "02885")],
    ["an unknown exchange", delta.replace("NSE", "XYZ")],
    ["another kind of message", delta.replace("tf", "om")],
    ["no token", delta.replace('"tk":"2885",', "")],
    ["something behind the end", `${delta} `],
    ["an end that is missing", delta.slice(0, -1)],
    ["a control character", delta.replace("-0.20", "\t")],
    ["an array", `[${delta}]`],
    ["a letter beyond ASCII", delta.replace("-0.20", "ü")],
    ["a huge text", delta.replace("-0.20", "x".repeat(70_000))],
    ["nothing", ""]
  ])("leaves %s to JSON.parse", (_what, text) => {
    assert.isFalse(scanner.scan(text))
  })

  it("agrees with JSON.parse on any message", () => {
    let taken = 0
    FastCheck.assert(
      FastCheck.property(message, (text) => void (takes(text) && taken++)),
      { numRuns: 2000 }
    )
    assert.isAbove(taken, 100)
  })

  it("agrees with JSON.parse on whatever becomes of a frame", () => {
    const letter = FastCheck.constantFrom(...'{}[]",:\\-.0123456789eEtfkNSxX \u007f\u0000é')
    const change = FastCheck.tuple(
      FastCheck.nat(delta.length),
      FastCheck.nat(3),
      FastCheck.string({ unit: letter, maxLength: 3 })
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = delta
        for (const [at, cut, put] of changes) text = text.slice(0, at) + put + text.slice(at + cut)
        takes(text)
      }),
      { numRuns: 5000 }
    )
    for (let end = 0; end <= delta.length; end++) takes(delta.slice(0, end))
  })
})

describe("a trie of keys", () => {
  const words = ["lp", "l", "ltq", "", "52h", "é"]
  const { next, wordAt } = makeKeyTrie(words)
  const find = (text: string): number => {
    let state = ROOT
    for (const letter of text) state = next[(state << 7) | letter.charCodeAt(0)]!
    return wordAt[state]!
  }

  it("finds its words, of ASCII letters, and no others", () => {
    const ascii = FastCheck.oneof(
      FastCheck.constantFrom(...words.slice(0, -1)),
      FastCheck.string({ maxLength: 4 })
    )
    FastCheck.assert(FastCheck.property(ascii, (text) => assert.strictEqual(find(text), words.indexOf(text))))
    assert.isFalse(wordAt.includes(words.indexOf("é")))
    assert.strictEqual(find("zz"), NO_WORD)
  })
})
