/** A gateway's handshakes: what the feed refuses is tried again. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as zmq from "zeromq"
import { watchHandshakes } from "../../../../src/bus/zmq/handshakes.ts"

describe("the watch over handshakes", () => {
  it.effect(
    "listens before it returns: the refusal of a feed on the same machine comes at once, and once",
    () =>
      Effect.gen(function* () {
        let listens = 0
        const socket = {
          // libzmq tells of what happens from the first look at this on.
          get events() {
            listens++
            return { receive: () => new Promise<never>(() => undefined) }
          }
        }
        yield* watchHandshakes(socket as unknown as zmq.Dealer, "tcp://127.0.0.1:1", true)
        assert.strictEqual(listens, 1)
      }).pipe(Effect.scoped)
  )
})
