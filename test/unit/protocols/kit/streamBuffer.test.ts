import { assert, describe, it } from "@effect/vitest"
import { StreamBuffer } from "../../../../src/protocols/kit/streamBuffer.ts"
import { bytes, seeded, upTo } from "../support.ts"

describe("the buffer of a byte stream", () => {
  it("gives back every byte once, in order, however reads and messages are cut", () => {
    const random = seeded(7)
    const all = bytes(random, 5000)
    const buffer = new StreamBuffer()
    const out: Array<number> = []
    let waiting = 0
    for (let at = 0; at < all.length;) {
      // Memory that is used again for the next read.
      const read = Buffer.from(all.subarray(at, at + upTo(random, 40)))
      at += read.length
      const joined = buffer.join(read)
      assert.strictEqual(joined.length, waiting + read.length)
      const used = upTo(random, joined.length)
      out.push(...joined.subarray(0, used))
      buffer.keep(joined, used)
      read.fill(0)
      waiting = joined.length - used
    }
    out.push(...buffer.join(new Uint8Array(0)))
    assert.deepStrictEqual(Buffer.from(out), all)
  })
})
