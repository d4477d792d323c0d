/** What waits for slow clients survives the next tick, and is there once for all of them. */
import { assert, describe, it } from "@effect/vitest"
import { OutboundFrame } from "../../../../src/gateway/delivery/outboundFrame.ts"

describe("an outbound frame that is kept", () => {
  it("is memory of its own, one for all", () => {
    const memory = Buffer.from("first")
    const times = { received: 1, exchanged: 2, published: 3 }
    const frame = new OutboundFrame(memory, times)
    const { copy } = frame
    memory.write("other")
    times.received = 9
    assert.strictEqual(Buffer.from(copy.payload).toString(), "first")
    assert.deepStrictEqual(copy.times, { received: 1, exchanged: 2, published: 3 })
    assert.strictEqual(frame.copy, copy)
    // Not a slice of a pool.
    assert.strictEqual(copy.payload.buffer.byteLength, copy.payload.length)
  })
})
