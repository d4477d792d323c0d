/** Frames of a server, however they are cut on the way. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { OPCODE, PEEK, ServerFrames } from "../../../src/load/serverFrames.ts"

/** As a server sends it: unmasked. */
const frame = (opcode: number, payload: Uint8Array, { final = true, masked = false } = {}): Buffer => {
  const { length } = payload
  const mask = masked ? 0x80 : 0
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = (final ? 0x80 : 0) | opcode
  head[1] = mask | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

const text = (words: string): Buffer => Buffer.from(words)

/** What comes of chunks: `passed LENGTH FIRST-BYTES` and `read OPCODE PAYLOAD`. */
const seen = (chunks: ReadonlyArray<Uint8Array>, reading: boolean): ReadonlyArray<string> => {
  const out: Array<string> = []
  const frames = new ServerFrames({
    passed: (length, bytes, at) => {
      const peeked = Buffer.from(bytes.subarray(at, at + Math.min(length, PEEK)))
      out.push(`passed ${length} ${peeked.toString("hex")}`)
    },
    read: (opcode, payload) => out.push(`read ${opcode} ${payload.toString("hex")}`)
  })
  frames.reading = reading
  for (const chunk of chunks) frames.push(chunk)
  return out
}

const expected = (opcode: number, payload: Buffer, reading: boolean): string =>
  reading || opcode >= OPCODE.CLOSE
    ? `read ${opcode} ${payload.toString("hex")}`
    : `passed ${payload.length} ${payload.subarray(0, PEEK).toString("hex")}`

const patterned = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) % 251))

const lengths = fc.oneof(
  fc.constantFrom(0, 1, PEEK - 1, PEEK, PEEK + 1, 124, 125, 126, 127, 65_535, 65_536),
  fc.integer({ min: 0, max: 400 })
)

/** Messages whole or in pieces, with control frames anywhere: the bytes, and what must come of them. */
interface Sent {
  readonly frames: ReadonlyArray<Buffer>
  readonly outcome: (reading: boolean) => ReadonlyArray<string>
}

const control: fc.Arbitrary<Sent> = fc
  .tuple(fc.constantFrom(OPCODE.PING, OPCODE.PONG, OPCODE.CLOSE), fc.integer({ min: 0, max: 125 }))
  .map(([opcode, length]) => {
    const payload = patterned(length)
    return { frames: [frame(opcode, payload)], outcome: () => [expected(opcode, payload, true)] }
  })

const whole: fc.Arbitrary<Sent> = fc
  .tuple(fc.constantFrom(OPCODE.TEXT, OPCODE.BINARY), lengths)
  .map(([opcode, length]) => {
    const payload = patterned(length)
    return {
      frames: [frame(opcode, payload)],
      outcome: (reading) => [expected(opcode, payload, reading)]
    }
  })

/** Read whole in any case. */
const inPieces: fc.Arbitrary<Sent> = fc
  .tuple(
    fc.constantFrom(OPCODE.TEXT, OPCODE.BINARY),
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 4 }),
    fc.option(control, { nil: undefined })
  )
  .map(([opcode, parts, between]) => {
    const payloads = parts.map(patterned)
    const frames = payloads.map((payload, i) =>
      frame(i === 0 ? opcode : OPCODE.CONTINUATION, payload, { final: i === payloads.length - 1 })
    )
    const message = expected(opcode, Buffer.concat(payloads), true)
    return {
      frames: between === undefined ? frames : [frames[0]!, ...between.frames, ...frames.slice(1)],
      outcome: () => [...(between?.outcome(true) ?? []), message]
    }
  })

const cut = (bytes: Buffer, at: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const cuts = [...new Set(at)].sort((a, b) => a - b).filter((n) => n < bytes.length)
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length))
}

describe("frames of a server", () => {
  it("are the same however they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(whole, whole, control, inPieces), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.array(fc.nat(200_000), { maxLength: 40 }),
        (sent, reading, cuts) => {
          const bytes = Buffer.concat(sent.flatMap(({ frames }) => frames))
          const outcome = sent.flatMap((s) => s.outcome(reading))
          assert.deepStrictEqual(seen([bytes], reading), outcome)
          const spread = cuts.map((n) => n % bytes.length)
          // Heads are where cuts hurt: near the beginning of frames, too.
          const starts = sent.flatMap(({ frames }) => frames).map(({ length }) => length)
          let start = 0
          const near = starts.flatMap((length, i) => {
            const at = start + ((cuts[i % Math.max(1, cuts.length)] ?? 0) % 30)
            start += length
            return [at]
          })
          assert.deepStrictEqual(seen(cut(bytes, [...spread, ...near]), reading), outcome)
        }
      ),
      { numRuns: 300 }
    )
  })

  it.each([0, 1, 15, 16, 17, 125, 126, 127])("of %i bytes, cut at every byte", (length) => {
    const payload = patterned(length)
    const bytes = Buffer.concat([
      frame(OPCODE.TEXT, payload),
      frame(OPCODE.PING, text("hello")),
      frame(OPCODE.BINARY, payload)
    ])
    for (const reading of [false, true]) {
      const outcome = [
        expected(OPCODE.TEXT, payload, reading),
        expected(OPCODE.PING, text("hello"), reading),
        expected(OPCODE.BINARY, payload, reading)
      ]
      for (let at = 0; at <= bytes.length; at++) {
        assert.deepStrictEqual(seen([bytes.subarray(0, at), bytes.subarray(at)], reading), outcome)
      }
      assert.deepStrictEqual(
        seen(
          [...bytes].map((byte) => Buffer.of(byte)),
          reading
        ),
        outcome
      )
    }
  })

  it.each([65_535, 65_536])("of %i bytes, cut around their ends", (length) => {
    const payload = patterned(length)
    const bytes = Buffer.concat([frame(OPCODE.TEXT, payload), frame(OPCODE.TEXT, text("next"))])
    const outcome = [expected(OPCODE.TEXT, payload, false), expected(OPCODE.TEXT, text("next"), false)]
    const border = bytes.length - 6
    const near = [...Array(40).keys(), ...Array.from({ length: 12 }, (_, i) => border - 6 + i)]
    for (const at of near) {
      assert.deepStrictEqual(seen([bytes.subarray(0, at), bytes.subarray(at)], false), outcome)
    }
  })

  it("begin to be passed by, and are read again, where the handler says so", () => {
    const out: Array<string> = []
    const frames = new ServerFrames({
      passed: (length) => {
        out.push(`passed ${length}`)
        frames.reading = length === 3
      },
      read: (_, payload) => {
        out.push(`read ${payload.toString()}`)
        frames.reading = false
      }
    })
    frames.push(Buffer.concat(["a", "bb", "ccc", "dddd", "eeeee"].map((t) => frame(OPCODE.TEXT, text(t)))))
    assert.deepStrictEqual(out, ["read a", "passed 2", "passed 3", "read dddd", "passed 5"])
  })

  const some = text("0123456789abcdefghij")
  const head = (...bytes: ReadonlyArray<number>): Buffer =>
    Buffer.concat([Buffer.from(bytes), Buffer.alloc(30)])
  const refused: ReadonlyArray<readonly [string, Buffer, RegExp]> = [
    ["masked", frame(OPCODE.TEXT, some, { masked: true }), /masks its frames/],
    ["compressed", head(0xc1, 20), /only extensions/],
    ["of an unknown kind", head(0x83, 20), /unknown kind, 3/],
    ["of an unknown kind of control", head(0x8b, 0), /unknown kind, 11/],
    ["a control frame in pieces", head(0x09, 0), /control frame/],
    ["a control frame too long", frame(OPCODE.PING, patterned(126)), /control frame/],
    ["a continuation of nothing", frame(OPCODE.CONTINUATION, some), /did not begin/],
    [
      "a message within one",
      Buffer.concat([frame(OPCODE.TEXT, some, { final: false }), frame(OPCODE.TEXT, some)]),
      /inside another/
    ]
  ]
  it.each(refused)("are refused: %s", (_, bytes, words) => {
    for (const reading of [false, true]) {
      assert.throws(() => seen([bytes], reading), words)
      assert.throws(
        () =>
          seen(
            [...bytes].map((byte) => Buffer.of(byte)),
            reading
          ),
        words
      )
    }
  })

  it("are refused where they are too large to be read, and passed by all the same", () => {
    const huge = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]), Buffer.alloc(PEEK)])
    assert.throws(() => seen([huge], true), /4294967296 bytes/)
    assert.deepStrictEqual(seen([huge], false), [`passed 4294967296 ${"00".repeat(PEEK)}`])
  })
})
