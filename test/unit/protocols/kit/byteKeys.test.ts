import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { ByteKeys } from "../../../../src/protocols/kit/byteKeys.ts"

const at = <A>(keys: ByteKeys<A>, key: string): A | undefined => {
  const bytes = new TextEncoder().encode(`..${key}.`)
  return keys.at(bytes, 2, bytes.length - 1)
}

describe("a map asked with bytes", () => {
  it("agrees with a map of strings, whatever is set and deleted", () => {
    const key = FastCheck.oneof(
      FastCheck.constantFrom(
        "NSE_EQ|INE002A01018",
        "NSE_INDEX|Nifty 50",
        "NSE_INDEX|Nifty 500",
        "",
        "é",
        "₹"
      ),
      FastCheck.string({ maxLength: 3 })
    )
    const step = FastCheck.tuple(key, FastCheck.option(FastCheck.nat()))
    FastCheck.assert(
      FastCheck.property(FastCheck.array(step, { maxLength: 60 }), (steps) => {
        const keys = new ByteKeys<number>()
        const map = new Map<string, number>()
        for (const [k, value] of steps) {
          if (value === null) {
            keys.delete(k)
            map.delete(k)
          } else {
            keys.set(k, value)
            map.set(k, value)
          }
        }
        for (const [k] of steps) {
          assert.strictEqual(keys.get(k), map.get(k))
          assert.strictEqual(at(keys, k), map.get(k))
        }
      })
    )
  })

  it("tells keys of equal hashes apart", () => {
    const keys = new ByteKeys<string>()
    const seen = new Map<number, string>()
    const hash = (text: string): number => {
      let h = 0x811c9dc5
      for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193)
      return h >>> 2
    }
    // The first two keys whose hashes are equal.
    let pair: readonly [string, string] | undefined
    for (let i = 0; pair === undefined; i++) {
      const text = `NSE_FO|${i}`
      const other = seen.get(hash(text))
      if (other === undefined) seen.set(hash(text), text)
      else pair = [other, text]
    }
    const [a, b] = pair
    keys.set(a, "a")
    assert.strictEqual(at(keys, b), undefined)
    keys.set(b, "b")
    assert.deepStrictEqual([at(keys, a), at(keys, b)], ["a", "b"])
    keys.delete(a)
    assert.deepStrictEqual([at(keys, a), at(keys, b)], [undefined, "b"])
  })
})
