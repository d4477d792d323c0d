/**
 * A frame with a hundred thousand faults makes no more work than one with a thousand: whatever the wire, the session can end a
 * frame's decoding from within, and no codec goes on all the same.
 */
import { assert, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type { Frame, Sink } from "../../../src/protocols/protocol.ts"
import {
  FrameFaults,
  FrameGivenUp,
  MOST_FAULTS,
  MOST_LATE
} from "../../../src/session/connection/frameFaults.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import { NOW, makeLink } from "./link.ts"

const SIZE = 200_000

const repeated = (piece: string): string => piece.repeat(Math.ceil(SIZE / piece.length))
const listOf = (value: string): string => `[${repeated(`${value},`)}${value}]`

/** Frames that are one broken packet after the other, on one wire or another. */
const broken: ReadonlyArray<Frame> = [
  ...[0, 1, 2, 10, 32, 48, 64, 208, 255].map((byte) => Buffer.alloc(SIZE, byte)),
  ...["0a00", "0001", "0200", "3000", "2002ff00", "a0"].map((hex) => Buffer.alloc(SIZE, hex, "hex")),
  ...["0", "null", "{}", '""', "[]"].map(listOf),
  ...["x\n", "[0]\n", "MSG\r\n", "-ERR\r\n", "-ERR 'x'\r\n", "{}\n"].map(repeated)
]

/** Wires on which such frames are known to have that many. */
const known = new Set(["fivepaisa", "groww", "hdfc", "iifl-mqtt", "samco"])

describe.each(everyFeed)("%s: a frame with many faults", (_, broker) => {
  it("ends", async () => {
    const link = await makeLink(broker)
    const protocol = await loadProtocol(broker.protocol)
    let most = 0
    let ended = 0
    for (const bytes of broken)
      for (const frame of typeof bytes === "string" ? [bytes, Buffer.from(bytes)] : [bytes]) {
        const codec = protocol.open(codecOptions(broker), link.handshake)
        const faults = new FrameFaults()
        let told = 0
        const sink: Sink = {
          tick: () => undefined,
          reject: (cause) => {
            told++
            faults.add(cause)
          },
          event: ({ type }) => {
            if (type !== "refused" && type !== "notice" && type !== "failure") return
            told++
            faults.add(type)
          },
          send: () => undefined
        }
        faults.begin()
        try {
          codec.decode(frame, NOW, sink)
        } catch (error) {
          assert.instanceOf(error, FrameGivenUp)
          ended++
        }
        most = Math.max(most, told)
      }
    assert.isAtMost(most, MOST_FAULTS + MOST_LATE + 2)
    if (known.has(broker.protocol)) assert.isAbove(ended, 0)
  })
})

describe("the faults of a frame", () => {
  it("are counted anew for each, and late packets apart", () => {
    const faults = new FrameFaults()
    for (let frame = 0; frame < 3; frame++) {
      faults.begin()
      for (let i = 0; i < MOST_FAULTS; i++) faults.add("truncated")
      for (let i = 0; i < MOST_LATE; i++) faults.add("not_subscribed")
      assert.throws(() => faults.add("truncated"), FrameGivenUp)
      assert.throws(() => faults.add("not_subscribed"), FrameGivenUp)
    }
  })

  it("that was given up stays so, for codecs that catch what they do not know", () => {
    const faults = new FrameFaults()
    for (let i = 0; i < MOST_LATE; i++) faults.add("not_subscribed")
    assert.throws(() => faults.add("not_subscribed"), FrameGivenUp)
    assert.throws(() => faults.add("truncated"), FrameGivenUp)
    faults.begin()
    faults.add("truncated")
  })
})
