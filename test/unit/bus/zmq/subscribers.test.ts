/** Prefixes as ZeroMQ tells them, and what they make of topics. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Subscribers } from "../../../../src/bus/zmq/subscribers.ts"

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
    const text = fc.string({ unit: fc.constantFrom("A", "B", "é"), maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(fc.record({ added: fc.boolean(), prefix: text, topic: text }), { maxLength: 40 }),
        (steps) => {
          const subscribers = new Subscribers()
          // Two subscribers to one prefix are two.
          const prefixes: Array<string> = []
          for (const { added, prefix, topic } of steps) {
            subscribers.take(message(added, prefix))
            if (added) prefixes.push(prefix)
            else if (prefixes.includes(prefix)) prefixes.splice(prefixes.indexOf(prefix), 1)
            const wanted = prefixes.some((p) => topic.startsWith(p))
            // Asked twice: the second answer is a remembered one.
            assert.strictEqual(subscribers.want(topic), wanted)
            assert.strictEqual(subscribers.want(topic), wanted)
            assert.strictEqual(subscribers.isEmpty, prefixes.length === 0)
          }
        }
      )
    )
  })

  it("counts what is asked for, byte by byte, and what is let go", () => {
    const subscribers = new Subscribers()
    const bounds = { characters: 4, subscriptions: 3 }
    // No text: as UTF-8 both would be the same character.
    const bytes = [Buffer.from([1, 0xfe, 0xfe]), Buffer.from([1, 0xff, 0xff])]
    for (const asked of bytes) subscribers.take(asked)
    assert.isFalse(subscribers.exceed(bounds))
    subscribers.take(message(true, "A"))
    assert.isTrue(subscribers.exceed(bounds))
    subscribers.take(message(false, "A"))
    assert.isFalse(subscribers.exceed(bounds))
    for (let i = 0; i < 2; i++) subscribers.take(bytes[0]!)
    assert.isTrue(subscribers.exceed(bounds))
    for (let i = 0; i < 3; i++) subscribers.take(Buffer.from([0, 0xfe, 0xfe]))
    for (let i = 0; i < 3; i++) subscribers.take(Buffer.from([0, 0xff, 0xff]))
    assert.isTrue(subscribers.isEmpty)
    assert.isFalse(subscribers.exceed({ characters: 0, subscriptions: 0 }))
  })
})
