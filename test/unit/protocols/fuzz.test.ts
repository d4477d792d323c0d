/** Whatever arrives becomes ticks of subscribed instruments, rejects or events. Nothing throws. */
import { assert, describe, it } from "@effect/vitest"
import type { Frame } from "../../../src/protocols/protocol.ts"
import {
  DEEP,
  bytes,
  decode,
  framesOf,
  opened,
  seeded,
  sides,
  upTo,
  vectorsOf,
  wireInstruments
} from "./support.ts"

const protocols = [
  ["kite", sides.kite, vectorsOf("zerodha")],
  ["smartstream", sides.smartstream, vectorsOf("angel")]
] as const

describe.each(protocols)("%s: any input", (_, side, vectors) => {
  const all = wireInstruments(vectors)
  // Every other one, so that good packets of the rest must be turned away.
  const subscribed = all.filter((_, i) => i % 2 === 0)
  const good = framesOf(vectors)

  const check = (frames: ReadonlyArray<Frame>): void => {
    const codec = opened(side, subscribed, DEEP)
    for (const frame of frames) {
      const found = decode(codec, frame)
      for (const [i, instrument] of found.instruments.entries()) {
        assert.isTrue(subscribed.includes(instrument))
        assert.strictEqual(found.ticks[i]?.symbol, instrument.symbol)
        assert.strictEqual(found.ticks[i]?.exchange, instrument.exchange)
      }
      // An empty frame counts for something as well: nothing is dropped in silence but data that says nothing.
      if (typeof frame === "string") assert.isAbove(found.causes.length + found.events.length, 0)
    }
    // And the connection is as good as new.
    const fresh = opened(side, subscribed, DEEP)
    assert.deepStrictEqual(decode(codec, ...good).ticks.length, decode(fresh, ...good).ticks.length)
  }

  it("prefixes of good frames", () => {
    for (const frame of good) {
      check(Array.from({ length: frame.length }, (_, length) => frame.subarray(0, length)))
    }
  })

  it("good frames with one byte changed", () => {
    const random = seeded(1)
    for (const frame of good) {
      check(
        Array.from({ length: Math.min(frame.length, 60) }, () => {
          const changed = Buffer.from(frame)
          changed[upTo(random, frame.length - 1)] = upTo(random, 255)
          return changed
        })
      )
    }
  })

  it("good frames with bytes inserted, removed and swapped", () => {
    const random = seeded(2)
    for (const frame of good) {
      const at = upTo(random, frame.length)
      const tail = frame.subarray(at)
      check([
        Buffer.concat([frame.subarray(0, at), bytes(random, 3), tail]),
        Buffer.concat([frame.subarray(0, at), tail.subarray(2)]),
        Buffer.concat([tail, frame.subarray(0, at)]),
        Buffer.concat([frame, frame])
      ])
    }
  })

  it("random bytes", () => {
    const random = seeded(3)
    check(Array.from({ length: 3000 }, () => bytes(random, upTo(random, 500))))
    check(Array.from({ length: 20 }, () => bytes(random, 4000 + upTo(random, 2000))))
  })

  it("random texts", () => {
    const random = seeded(4)
    const pieces = [
      '{"type":',
      '"error"',
      ',"data":',
      "null",
      "}",
      "[",
      "]",
      '"',
      "\\u0000",
      "pong",
      "1e999",
      "-",
      "😀"
    ]
    const piece = (): string => pieces[upTo(random, pieces.length - 1)]!
    check(Array.from({ length: 3000 }, () => Array.from({ length: upTo(random, 8) }, piece).join("")))
    check([
      "[".repeat(200_000),
      `{"type":"error","data":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "x".repeat(1_000_000)
    ])
    check(['{"type":"error"}', '{"type":"error","data":null}', '{"type":"message","data":{"a":[1]}}'])
    check(['{"errorCode":{},"errorMessage":[]}', '{"errorMessage":null}', '{"__proto__":{"type":"error"}}'])
  })
})
