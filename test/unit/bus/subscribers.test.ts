/** Prefixes as ZeroMQ tells them, and what they make of topics. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Subscribers } from "../../../src/bus/zmq/subscribers.ts"

const message = (added: boolean, prefix: string): Buffer =>
  Buffer.concat([Buffer.from([added ? 1 : 0]), Buffer.from(prefix)])

describe("Subscribers", () => {
  it("wants nothing until somebody does", () => {
    const subscribers = new Subscribers()
    assert.isTrue(subscribers.isEmpty)
    assert.isFalse(subscribers.want("INFY.NSE.1"))
    subscribers.take(message(true, ""))
    assert.isTrue(subscribers.want("INFY.NSE.1"))
    assert.isFalse(subscribers.wantEvents)
    subscribers.take(message(true, "!event/asha"))
    assert.isTrue(subscribers.wantEvents)
    subscribers.take(message(false, ""))
    assert.isFalse(subscribers.want("INFY.NSE.1"))
  })

  it("agrees with a search through all prefixes, after any changes", () => {
    const text = fc.string({ unit: fc.constantFrom("A", "B", "."), maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(fc.record({ added: fc.boolean(), prefix: text, topic: text }), { maxLength: 40 }),
        (steps) => {
          const subscribers = new Subscribers()
          const prefixes = new Set<string>()
          for (const { added, prefix, topic } of steps) {
            subscribers.take(message(added, prefix))
            if (added) prefixes.add(prefix)
            else prefixes.delete(prefix)
            const wanted = [...prefixes].some((p) => topic.startsWith(p))
            // Asked twice: the second answer is a remembered one.
            assert.strictEqual(subscribers.want(topic), wanted)
            assert.strictEqual(subscribers.want(topic), wanted)
            assert.strictEqual(subscribers.isEmpty, prefixes.size === 0)
          }
        }
      )
    )
  })
})
