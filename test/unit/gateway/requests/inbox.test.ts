import { assert, describe, it } from "@effect/vitest"
import { INBOX_FRAMES, Inbox, Inboxes } from "../../../../src/gateway/requests/inbox.ts"
import type { Unread } from "../../../../src/gateway/requests/inbox.ts"

const unread = (bytes: number): Unread => ({ bytes, read: () => ({ kind: "ignored" }) })
const MOST = 1000

describe("inboxes", () => {
  const open = (all: Inboxes) => {
    const state = { givenUp: 0 }
    const inbox = new Inbox(all, () => state.givenUp++)
    return { inbox, state }
  }

  it("hand out what came, in order, and take so much each", () => {
    const { inbox } = open(new Inboxes(1e6))
    assert.isTrue(inbox.add(unread(MOST + 1), MOST), "the first one always")
    assert.isFalse(inbox.add(unread(1), MOST))
    assert.strictEqual(inbox.next()?.bytes, MOST + 1)
    for (const bytes of [300, 400]) assert.isTrue(inbox.add(unread(bytes), MOST))
    assert.isFalse(inbox.add(unread(301), MOST))
    assert.deepStrictEqual([inbox.next()?.bytes, inbox.next()?.bytes, inbox.next()], [300, 400, undefined])
    for (let i = 0; i < INBOX_FRAMES; i++) assert.isTrue(inbox.add(unread(0), MOST))
    assert.isFalse(inbox.add(unread(0), MOST))
  })

  it("hold so much together: beyond, the fullest one is given up", () => {
    const all = new Inboxes(1000)
    const [small, large, other] = [open(all), open(all), open(all)]
    small.inbox.add(unread(200), MOST)
    large.inbox.add(unread(700), MOST)
    assert.isTrue(other.inbox.add(unread(200), MOST))
    assert.deepStrictEqual([small.state.givenUp, large.state.givenUp, other.state.givenUp], [0, 1, 0])
    assert.strictEqual(all.bytes, 400)
    assert.isUndefined(large.inbox.next())
    // Whoever sends the drop that is too much, and has most of it, is the one.
    other.inbox.add(unread(650), MOST)
    assert.deepStrictEqual([small.state.givenUp, other.state.givenUp], [0, 1])
    assert.strictEqual(small.inbox.next()?.bytes, 200)
    assert.strictEqual(all.bytes, 0)
    small.inbox.clear()
    assert.strictEqual(all.bytes, 0)
  })
})
