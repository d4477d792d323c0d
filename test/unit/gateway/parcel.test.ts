/** What waits for slow clients survives the next tick, and is there once for all of them. */
import { assert, describe, it } from "@effect/vitest"
import { Parcel } from "../../../src/gateway/delivery/outboundFrame.ts"

describe("a parcel that is kept", () => {
  it("is memory of its own, one for all", () => {
    const memory = Buffer.from("first")
    const times = { received: 1, exchanged: 2, published: 3 }
    const parcel = new Parcel(memory, times)
    const { kept } = parcel
    memory.write("other")
    times.received = 9
    assert.strictEqual(Buffer.from(kept.payload).toString(), "first")
    assert.deepStrictEqual(kept.times, { received: 1, exchanged: 2, published: 3 })
    assert.strictEqual(parcel.kept, kept)
    // Not a slice of a pool.
    assert.strictEqual(kept.payload.buffer.byteLength, kept.payload.length)
  })
})
