/** The primitives against protobufjs' own, over the whole range of the numbers. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import {
  FIXED64,
  LENGTH_DELIMITED,
  MessageReader,
  Reader,
  VARINT,
  Writer,
  checkEnd,
  endOf,
  putDouble,
  putInt64,
  putMessage,
  putMillisAsNanos,
  putText,
  readDouble,
  readInt64,
  readNanosAsMillis,
  readTag,
  readerOf,
  skipField,
  tagOf
} from "../../../../src/protocols/kit/protobuf.ts"

/** A varint of any 64 bits. */
const varint = (value: bigint): Uint8Array => {
  const bytes: Array<number> = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

describe("numbers", () => {
  it("reads every int64 as the nearest number", () => {
    const edges = [0n, 1n, 127n, 128n, 2n ** 28n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 35n, 2n ** 53n, -1n, -128n]
    const any = FastCheck.oneof(
      FastCheck.constantFrom(...edges),
      FastCheck.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    )
    FastCheck.assert(
      FastCheck.property(any, (value) => {
        assert.strictEqual(readInt64(readerOf(varint(value))), Number(value))
      })
    )
  })

  it("reads what protobufjs writes, and writes what protobufjs reads", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.maxSafeInteger(), (value) => {
        const frame = new Writer().int64(value).finish()
        assert.strictEqual(readInt64(readerOf(frame)), value)
        const writer = new Writer()
        putInt64(writer, tagOf(3, VARINT), value)
        if (value === 0) return assert.strictEqual(writer.len, 0)
        const reader = Reader.create(writer.finish())
        assert.strictEqual(reader.uint32(), 24)
        assert.strictEqual(Number(reader.int64()), value)
      })
    )
  })

  it("reads every double, wherever it stands", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.double(), FastCheck.nat(9), (value, offset) => {
        const frame = new Writer().double(value).finish()
        const reader = readerOf(new Uint8Array([...new Uint8Array(offset), ...frame]).subarray(offset))
        assert.isTrue(Object.is(readDouble(reader), value))
        checkEnd(reader, 8)
      })
    )
  })

  it("rounds nanoseconds down to milliseconds, exactly", () => {
    const time = FastCheck.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n })
    FastCheck.assert(
      FastCheck.property(time, (nanos) => {
        assert.strictEqual(readNanosAsMillis(readerOf(varint(nanos))), Number(nanos / 1_000_000n))
      })
    )
    // The nearest double is of the next millisecond.
    assert.strictEqual(readNanosAsMillis(readerOf(varint(1_787_031_012_345_999_999n))), 1_787_031_012_345)
  })

  it("writes milliseconds as nanoseconds, exactly", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 1, max: 4_102_444_800_000 }), (millis) => {
        const writer = new Writer()
        putMillisAsNanos(writer, tagOf(1, VARINT), millis)
        assert.deepStrictEqual([...writer.finish()], [8, ...varint(BigInt(millis) * 1_000_000n)])
      })
    )
  })
})

describe("tags", () => {
  it("are the numbers that protobufjs reads", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(0xffff_ffff), (tag) => {
        const reader = readerOf(new Writer().uint32(tag).finish())
        assert.strictEqual(readTag(reader), tag)
        checkEnd(reader, reader.len)
      })
    )
  })
})

describe("frame after frame through one reader", () => {
  const frameOf = (text: string, value: number): Uint8Array => {
    const writer = new Writer()
    putText(writer, tagOf(1, LENGTH_DELIMITED), text)
    putDouble(writer, tagOf(2, FIXED64), value)
    return writer.finish()
  }

  /** The value, with the text passed over. */
  const read = (reader: Reader): number => {
    let value = 0
    while (reader.pos < reader.len) {
      const tag = readTag(reader)
      if (tag === tagOf(2, FIXED64)) value = readDouble(reader)
      else skipField(reader, tag)
    }
    checkEnd(reader, reader.len)
    return value
  }

  it("reads each, whatever was there before it", () => {
    const frames = new MessageReader()
    for (const length of [10, 3000, 5000, 1, 0, 4090]) {
      assert.strictEqual(read(frames.over(frameOf("x".repeat(length), length + 0.5))), length + 0.5)
    }
  })

  it("takes nothing from behind the end of a frame that is cut", () => {
    const frames = new MessageReader()
    const whole = frameOf("text", 1.5)
    for (let length = 1; length < whole.length; length++) {
      read(frames.over(whole))
      // Between the two fields the rest is a message of its own.
      if (length === 6) assert.strictEqual(read(frames.over(whole.subarray(0, length))), 0)
      else assert.throws(() => read(frames.over(whole.subarray(0, length))), /./, `${length} bytes`)
    }
  })
})

describe("proto3's zeros", () => {
  it("are not written", () => {
    const writer = new Writer()
    putDouble(writer, tagOf(1, FIXED64), 0)
    putDouble(writer, tagOf(1, FIXED64), undefined)
    putInt64(writer, tagOf(2, VARINT), 0.4)
    putInt64(writer, tagOf(2, VARINT), undefined)
    putText(writer, tagOf(3, LENGTH_DELIMITED), "")
    putMillisAsNanos(writer, tagOf(4, VARINT), 0)
    putMillisAsNanos(writer, tagOf(4, VARINT), undefined)
    assert.strictEqual(writer.finish().length, 0)
    putMessage(writer, tagOf(5, LENGTH_DELIMITED), () => {})
    assert.deepStrictEqual([...writer.finish()], [42, 0])
  })
})

describe("malformed input throws", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<number>, (reader: Reader) => unknown]> = [
    ["a varint that ends early", [0x80, 0x80], readInt64],
    ["a varint without an end", Array.from({ length: 12 }, () => 0xff), readInt64],
    ["a double that ends early", [1, 2, 3], readDouble],
    ["a message longer than its frame", [5, 1, 2], endOf],
    ["a length of more than 32 bits", [0xff, 0xff, 0xff, 0xff, 0x7f], endOf],
    ["a tag of which nothing came", [], readTag],
    ["a tag that ends early", [0x80], readTag],
    ["a wire type that does not exist", [0], (reader) => skipField(reader, 0x0f)],
    ["field number 0", [0], (reader) => skipField(reader, 0)],
    ["a field behind the end of its message", [0, 0], (reader) => checkEnd(reader, 1)],
    ["a group without an end", [0x08, 0x01], (reader) => skipField(reader, 0x0b)],
    [
      "groups within groups, before they fill the stack",
      Array.from({ length: 200_000 }, () => 0x0b),
      (reader) => skipField(reader, 0x0b)
    ]
  ]
  for (const [name, bytes, read] of cases) {
    it(name, () => {
      assert.throws(() => read(readerOf(Uint8Array.from(bytes))), /^(?!Maximum call stack)/)
    })
  }

  it("and unknown fields of every wire type are passed over", () => {
    const writer = new Writer()
    writer.uint32(tagOf(100, VARINT)).uint32(300)
    writer.uint32(tagOf(101, LENGTH_DELIMITED)).string("later schema")
    writer.uint32(tagOf(102, FIXED64)).double(1.5)
    writer.uint32(tagOf(103, 5)).float(1.5)
    writer.uint32(tagOf(104, 3)).uint32(tagOf(1, VARINT)).uint32(7).uint32(tagOf(104, 4))
    const reader = readerOf(writer.finish())
    let seen = 0
    for (; reader.pos < reader.len; seen++) skipField(reader, reader.uint32())
    assert.strictEqual(seen, 5)
    checkEnd(reader, reader.len)
  })
})
