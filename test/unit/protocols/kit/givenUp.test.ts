import { assert, it } from "@effect/vitest"
import { GivenUp, MOST_GIVEN_UP } from "../../../../src/protocols/kit/givenUp.ts"
import type { Change } from "../../../../src/protocols/protocol.ts"

const want = { mode: "ltp", depth: 0 } as const
const instrument = {
  symbol: "INFY",
  exchange: "NSE" as const,
  token: "1",
  brokerExchange: "NSE",
  brokerSymbol: "INFY"
}
const goodbye: Change = { instrument, from: want }
const asked: Change = { instrument, to: want }

it("what was given up is known until so much else was, and is what the broker has where it is given up again", () => {
  const held = new Map([[1, "one"]])
  const givenUp = new GivenUp(held)
  assert.strictEqual(givenUp.of(1), undefined)
  assert.strictEqual(givenUp.before(1, asked), "one")
  givenUp.drop(1)
  givenUp.drop(1)
  assert.isFalse(held.has(1))
  assert.strictEqual(givenUp.of(1), "one")
  assert.strictEqual(givenUp.before(1, goodbye), "one")
  assert.strictEqual(givenUp.before(1, asked), undefined, "a new subscription begins with nothing")
  assert.strictEqual(givenUp.before(1, { instrument }), undefined, "nothing is asked of it")
  assert.strictEqual(givenUp.before(2, goodbye), undefined)

  for (let i = 2; i < MOST_GIVEN_UP + 1; i++) {
    held.set(i, String(i))
    givenUp.drop(i)
  }
  held.set(1, "one again")
  givenUp.drop(1)
  held.set(0, "zero")
  givenUp.drop(0)
  assert.strictEqual(givenUp.of(1), "one again", "the newest stay")
  assert.strictEqual(givenUp.of(2), undefined)
})
