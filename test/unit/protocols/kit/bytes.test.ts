/** Numbers read from bytes by hand are those that a DataView reads. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { FrameReader, i32be, i64le, i64leAt, u16be, u32be } from "../../../../src/protocols/kit/bytes.ts"

describe("bytes", () => {
  it("have the numbers that a view shows, wherever they stand", () => {
    const frames = FastCheck.uint8Array({ minLength: 8, maxLength: 24 })
    FastCheck.assert(
      FastCheck.property(frames, FastCheck.nat(16), (frame, place) => {
        const at = Math.min(place, frame.length - 8)
        const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
        assert.strictEqual(u16be(frame, at), view.getUint16(at))
        assert.strictEqual(i32be(frame, at), view.getInt32(at))
        assert.strictEqual(u32be(frame, at), view.getUint32(at))
        assert.strictEqual(i64leAt(frame, at), i64le(view, at))
        assert.strictEqual(i64leAt(frame, at), Number(view.getBigInt64(at, true)))
      })
    )
  })

  it("are shown frame by frame, small and large", () => {
    const reader = new FrameReader()
    for (const length of [4, 4096, 4097, 4]) {
      const frame = new Uint8Array(length).fill(length % 251)
      assert.strictEqual(reader.view(frame).getUint8(length - 1), length % 251)
    }
  })
})
