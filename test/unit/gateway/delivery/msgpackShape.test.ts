import { assert, describe, it } from "@effect/vitest"
import { encode } from "@msgpack/msgpack"
import * as fc from "fast-check"
import { msgpackFault } from "../../../../src/gateway/delivery/msgpackShape.ts"

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"))

describe("MessagePack", () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 6 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.date({ noInvalidDate: true }),
    fc.double(),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string({ minLength: 30, maxLength: 70_000 })
  )
  it("of any value is sound, and no part of it is", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
        const whole = encode(values, { useBigInt64: true })
        assert.isUndefined(msgpackFault(whole))
        assert.strictEqual(msgpackFault(whole.subarray(0, whole.length - 1)), "unsound")
        assert.strictEqual(msgpackFault(Buffer.concat([whole, Buffer.from([0])])), "unsound")
      }),
      { numRuns: 200 }
    )
  })

  it("that nests too deep or claims what is not there is not", () => {
    const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.from([0xc0])])
    assert.isUndefined(msgpackFault(nested(32)))
    assert.strictEqual(msgpackFault(nested(33)), "unsound")
    for (const hex of [
      "",
      "c1",
      "ddffffffff",
      "dfffffffffc0c0",
      "dbffffffff61",
      "c9ffffffff01",
      "92c0",
      "c7ff"
    ]) {
      assert.strictEqual(msgpackFault(bytes(hex)), "unsound", hex)
    }
  })

  it("that holds more than it may is not decoded", () => {
    const most = { containers: 10, values: 10 }
    const lists = (count: number) => encode([Array.from({ length: count }, () => [])])
    assert.isUndefined(msgpackFault(lists(8), most))
    assert.strictEqual(msgpackFault(lists(9), most), "many")
    assert.isUndefined(msgpackFault(encode(Array.from({ length: 20 }, (_, i) => i)), most))
    assert.strictEqual(msgpackFault(encode(Array.from({ length: 21 }, (_, i) => i)), most), "many")
  })
})
