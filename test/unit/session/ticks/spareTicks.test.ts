/** Old ticks are written over by new ones: nobody may notice. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { makeRandom } from "../../../../src/simulator/random.ts"
import { INFY, RELIANCE } from "../instruments.ts"
import { advance, makeWorld, settle } from "../support.ts"

const BASE = 100_000

/** Words of a full packet that hold seconds. */
const TIMES = [11, 15]

/** A frame with full packets, each of an instrument whose every price is so many paise. */
const frameOf = (packets: ReadonlyArray<readonly [token: number, paise: number]>): string => {
  const frame = Buffer.alloc(2 + packets.length * 186)
  frame.writeUInt16BE(packets.length, 0)
  for (const [i, [token, paise]] of packets.entries()) {
    const at = 2 + i * 186
    frame.writeUInt16BE(184, at)
    frame.writeUInt32BE(token, at + 2)
    for (let word = 1; word < 46; word++) frame.writeUInt32BE(paise, at + 2 + 4 * word)
    for (const word of TIMES) frame.writeUInt32BE(1_764_040_500, at + 2 + 4 * word)
  }
  return frame.toString("hex")
}

const start = Effect.gen(function* () {
  const made = yield* makeWorld()
  yield* made.adapter.initialise({ user: "asha" })
  yield* made.adapter.connect
  yield* made.adapter.subscribe(
    ["RELIANCE", "INFY"].map((symbol) => ({ symbol, exchange: "NSE", mode: "depth", depth: 5 }) as const)
  )
  yield* advance("2 seconds")
  return made
})

interface Data {
  readonly symbol: string
  readonly ltp: number
  readonly open: number
  readonly depth: { readonly buy: ReadonlyArray<{ readonly price: number }> }
}

describe("ticks that are written over", () => {
  it.effect("go out one by one, each with its own values, however many come in one burst", () =>
    Effect.gen(function* () {
      const { world } = yield* start
      const random = makeRandom(7)
      const sent: Array<string> = []
      for (let burst = 0, n = 0; burst < 200; burst++) {
        for (let frame = 0; frame <= Math.floor(3 * random.unit()); frame++) {
          const packets = Array.from({ length: 1 + Math.floor(4 * random.unit()) }, () => {
            const { symbol, token } = random.unit() < 0.5 ? INFY : RELIANCE
            sent.push(`${symbol} ${(BASE + ++n) / 100}`)
            return [Number(token), BASE + n] as const
          })
          world.sockets[0]!.deliver(frameOf(packets))
        }
        yield* settle
      }
      const seen = world.frames.map(({ payload }) => {
        const { data } = JSON.parse(payload.toString()) as { readonly data: Data }
        assert.strictEqual(data.open, data.ltp)
        for (const { price } of data.depth.buy) assert.strictEqual(price, data.ltp)
        return `${data.symbol} ${data.ltp}`
      })
      assert.deepStrictEqual(seen, sent)
    })
  )

  it.effect("never change once a stream was given them", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* start
      const token = Number(INFY.token)
      world.sockets[0]!.deliver(frameOf([[token, BASE]]))
      yield* settle
      const reading = yield* Stream.runCollect(Stream.take(adapter.ticks, 2)).pipe(Effect.forkChild)
      yield* settle
      for (let n = 1; n <= 2; n++) {
        world.sockets[0]!.deliver(frameOf([[token, BASE + n]]))
        yield* settle
      }
      const ticks = [...(yield* Fiber.join(reading))]
      for (let n = 3; n < 10; n++) {
        world.sockets[0]!.deliver(frameOf([[token, BASE + n]]))
        yield* settle
      }
      assert.deepStrictEqual(
        ticks.map((t) => [t.ltp, t.depth!.sell[4]!.price]),
        [
          [1000.01, 1000.01],
          [1000.02, 1000.02]
        ]
      )
    })
  )
})
