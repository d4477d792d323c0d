import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ConnectionLost } from "../../../../src/market/errors.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import { books, deepBroker, deepFeed, fullPacket } from "./deepSupport.ts"
import { INFY, RELIANCE, TCS } from "../instruments.ts"
import { advance, makeWorld, settle } from "../support.ts"
import type { FakeSocket } from "../support.ts"

const NOW = 1_764_040_500_000
const depth = ({ exchange, symbol }: Instrument, levels: number) => ({
  symbol,
  exchange,
  mode: "depth" as const,
  depth: levels
})

const connected = Effect.fnUntraced(function* (broker = deepBroker(deepFeed(20))) {
  const { adapter, world } = yield* makeWorld(broker, [books])
  yield* adapter.initialise({ user: "asha" })
  yield* adapter.connect
  /** The newest connection of a feed. */
  const socketOf = (levels: number): FakeSocket | undefined =>
    world.sockets.findLast((s) => s.options.handshake.url.startsWith(`wss://depth${levels}.`))
  const main = () => world.sockets.findLast((s) => !s.options.handshake.url.startsWith("wss://depth"))!
  const sendMain = (i: Instrument, ltp: number, price: number) =>
    Effect.andThen(
      Effect.sync(() => main().options.onFrame(fullPacket(i.token, ltp, price), NOW)),
      settle
    )
  const sendDeep = (i: Instrument, price: number) =>
    Effect.andThen(
      Effect.sync(() => socketOf(20)!.options.onFrame(`${i.symbol} ${price}`, NOW)),
      settle
    )
  /** The last price, the best bid and the number of levels in the newest frame of a topic with this level. */
  const shown = (i: Instrument, levels: number) => {
    const frame = world.frames.findLast((f) => f.view.symbol === i.symbol && f.view.levels === levels)
    if (frame === undefined) return undefined
    const { data } = JSON.parse(frame.payload.toString())
    return [data.ltp, data.depth.buy[0].price, data.depth.buy.length]
  }
  return { adapter, world, main, deep: () => socketOf(20), sendMain, sendDeep, shown }
})

describe("a session with a deep stream", () => {
  it.effect("opens its socket when somebody asks for such a book, and closes it after the last one", () =>
    Effect.gen(function* () {
      const { adapter, deep, main, world } = yield* connected()
      yield* adapter.subscribe([depth(RELIANCE, 5)], "one")
      yield* advance("2 seconds")
      assert.strictEqual(world.sockets.length, 1)
      yield* adapter.subscribe([depth(RELIANCE, 20)], "two")
      yield* advance("2 seconds")
      assert.strictEqual(world.sockets.length, 2)
      assert.deepStrictEqual(deep()!.sent, ["+RELIANCE"])
      assert.deepInclude(yield* adapter.status, { state: "connected", connections: 2, instruments: 1 })
      yield* adapter.release("two")
      yield* settle
      assert.deepStrictEqual([deep()!.closed, main().closed], [true, false])
      assert.deepInclude(yield* adapter.status, { state: "connected", connections: 1 })
    })
  )

  it.effect("shows prices of the main feed beside the deep book, to every reader of the book", () =>
    Effect.gen(function* () {
      const { adapter, sendDeep, sendMain, shown } = yield* connected()
      yield* adapter.subscribe([depth(RELIANCE, 5)], "one")
      yield* adapter.subscribe([depth(RELIANCE, 20)], "two")
      yield* advance("2 seconds")
      yield* sendMain(RELIANCE, 2900, 2800)
      assert.deepStrictEqual(shown(RELIANCE, 5), [2900, 2800, 5])
      yield* sendDeep(RELIANCE, 2850)
      assert.deepStrictEqual(shown(RELIANCE, 20), [2900, 2850, 20])
      assert.deepStrictEqual(shown(RELIANCE, 5), [2900, 2850, 5])
      yield* sendMain(RELIANCE, 2901, 2801)
      assert.deepStrictEqual(shown(RELIANCE, 20), [2901, 2850, 20])
    })
  )

  it.effect("goes on with the main book while the deep feed is down, and asks for its own again", () =>
    Effect.gen(function* () {
      const { adapter, deep, sendDeep, sendMain, shown, world } = yield* connected()
      yield* adapter.subscribe([depth(RELIANCE, 20)])
      yield* advance("2 seconds")
      yield* sendDeep(RELIANCE, 2850)
      world.refuse = new ConnectionLost({ detail: "reset" })
      yield* deep()!.fail(world.refuse)
      yield* settle
      yield* sendMain(RELIANCE, 2900, 2800)
      assert.deepStrictEqual(shown(RELIANCE, 20)?.slice(0, 2), [2900, 2800])
      assert.strictEqual((yield* adapter.status).state, "connected")
      world.refuse = undefined
      yield* advance("3 seconds")
      assert.strictEqual(world.sockets.length, 3)
      assert.deepStrictEqual(deep()!.sent, ["+RELIANCE"])
    })
  )

  it.effect("keeps no book of a subscription that was given back, although a late packet comes", () =>
    Effect.gen(function* () {
      const { adapter, deep, sendDeep, sendMain, shown } = yield* connected()
      yield* adapter.subscribe([depth(RELIANCE, 5)], "one")
      yield* adapter.subscribe([depth(RELIANCE, 20), depth(INFY, 20)], "two")
      yield* advance("2 seconds")
      yield* adapter.subscribe([depth(TCS, 20)], "two")
      yield* settle
      yield* adapter.unsubscribe([{ symbol: "RELIANCE", exchange: "NSE" }], "two")
      yield* settle
      // The request waits for the pace, so the codec still takes the book for wanted.
      assert.deepStrictEqual(deep()!.sent, ["+RELIANCE", "+INFY", "+TCS"])
      yield* sendDeep(RELIANCE, 2850)
      yield* advance("2 seconds")
      assert.strictEqual(deep()!.sent.at(-1), "-RELIANCE")
      yield* sendMain(RELIANCE, 2900, 2800)
      assert.deepStrictEqual(shown(RELIANCE, 5), [2900, 2800, 5])
    })
  )

  it.effect("forgets what was known when it connects anew, for new credentials or by request", () =>
    Effect.gen(function* () {
      const { adapter, sendDeep, sendMain, shown, world } = yield* connected()
      yield* adapter.subscribe([depth(RELIANCE, 20)])
      for (const renew of [
        world.storeCredentials("token-2"),
        Effect.andThen(adapter.disconnect, Effect.orDie(adapter.connect))
      ]) {
        yield* advance("2 seconds")
        yield* sendDeep(RELIANCE, 2850)
        const before = world.sockets.length
        yield* renew
        yield* advance("2 seconds")
        assert.strictEqual(world.sockets.length, before + 2)
        yield* sendMain(RELIANCE, 2900, 2800)
        assert.deepStrictEqual(shown(RELIANCE, 20)?.slice(0, 2), [2900, 2800])
      }
    })
  )
})
