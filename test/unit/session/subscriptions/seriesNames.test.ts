/** A share that is held by its bare symbol, named under its series by those who never asked for it so. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { broker as zerodha } from "../../../../src/brokers/data/zerodha.ts"
import type { LastTick, SubscribeRequest } from "../../../../src/market/subscription.ts"
import { makeResolver } from "../../../../src/session/subscriptions/resolver.ts"
import { InvalidInput } from "../../../../src/store/errors.ts"
import type { InstrumentQuery } from "../../../../src/store/instruments/instruments.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { RELIANCE } from "../instruments.ts"
import { advance, makeWorld, settle } from "../support.ts"

const quote = (symbol: string): SubscribeRequest => ({ symbol, exchange: "NSE", mode: "quote" })
/** A quote packet of RELIANCE (token 738561) with the last price 1500.00. */
const packet = (): string => {
  const bytes = Buffer.alloc(4 + 44)
  bytes.writeInt16BE(1, 0)
  bytes.writeInt16BE(44, 2)
  bytes.writeInt32BE(Number(RELIANCE.token), 4)
  for (let i = 1; i < 11; i++) bytes.writeInt32BE(150_000, 4 + 4 * i)
  return bytes.toString("hex")
}

describe("a session", () => {
  it.effect("tells the last tick under the series though nobody asked for it so", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* makeWorld()
      yield* adapter.initialise({ user: "asha" })
      yield* Effect.forkScoped(adapter.connect)
      yield* settle
      yield* adapter.subscribe([quote("RELIANCE")], "b")
      yield* advance("1 second")
      world.sockets[0]!.deliver(packet())
      yield* settle
      const [plain, series, other] = yield* adapter.last([
        quote("RELIANCE"),
        quote("RELIANCE-EQ"),
        quote("RELIANCE-BE")
      ])
      assert.strictEqual((JSON.parse(plain!.frame!) as { data: { ltp: number } }).data.ltp, 1500)
      assert.deepStrictEqual(series, plain)
      assert.deepStrictEqual(other, {
        symbol: "RELIANCE-BE",
        exchange: "NSE",
        mode: "quote",
        received: 0,
        exchanged: 0
      })
    })
  )

  it.effect("gives up by either name what was taken over under the bare symbol", () =>
    Effect.gen(function* () {
      const { adapter } = yield* makeWorld()
      yield* adapter.initialise({ user: "asha" })
      // As a change of broker takes it over: by the symbol of the table.
      const [taken] = yield* adapter.subscribe([quote("RELIANCE")], "watch-list")
      assert.strictEqual(taken!.status, "success")
      const results = yield* adapter.unsubscribe(
        [
          { symbol: "RELIANCE-EQ", exchange: "NSE" },
          { symbol: "INFY-EQ", exchange: "NSE" }
        ],
        "watch-list"
      )
      assert.deepStrictEqual(
        results.map((r) => (r.status === "success" ? r.topics : r.message)),
        [taken!.status === "success" ? [taken!.topic] : [], "Not subscribed to NSE:INFY-EQ"]
      )
      assert.deepStrictEqual(yield* adapter.subscriptions, [])
    })
  )
})

describe("the resolver", () => {
  /** A table that has RELIANCE in the series EQ alone, and tells what it was asked. */
  const table = (asked: Array<string>, found = true) =>
    Layer.succeed(Instruments, {
      brokers: Effect.succeed(["test"]),
      resolve: (_broker: string, queries: ReadonlyArray<InstrumentQuery>) => {
        asked.push(queries.map((q) => q.symbol).join("+"))
        return found
          ? Effect.succeed(
              queries.map(({ symbol }) => (/^RELIANCE(-EQ)?$/.test(symbol) ? RELIANCE : undefined))
            )
          : Effect.fail(new InvalidInput({ detail: "the disk is gone" }))
      }
    } as unknown as Instruments["Service"])
  const held = (...symbols: ReadonlyArray<string>) => {
    const asks: Array<string> = []
    const ask = (requests: ReadonlyArray<SubscribeRequest>) => {
      asks.push(requests.map((r) => r.symbol).join("+"))
      return Effect.succeed(
        requests.map(({ exchange, mode, symbol }): LastTick => ({
          symbol,
          exchange,
          mode,
          received: 0,
          exchanged: 0,
          ...(symbols.includes(symbol) ? { frame: "{}" } : {})
        }))
      )
    }
    return { ask, asks }
  }
  const known = ({ frame }: LastTick) => frame !== undefined

  it.effect("looks at the table only for what is unknown and may name a series, and once", () =>
    Effect.gen(function* () {
      const looked: Array<string> = []
      const { ask, asks } = held("RELIANCE", "ABC-BE")
      const resolver = yield* Effect.provide(makeResolver(zerodha), table(looked))
      const requests = ["RELIANCE", "ABC-BE", "INFY", "RELIANCE-EQ", "RELIANCE-EQ"].map(quote)
      const names = (yield* resolver.underEitherName(requests, ask, known)).map((t) => [t.symbol, known(t)])
      assert.deepStrictEqual(names, [
        ["RELIANCE", true],
        ["ABC-BE", true],
        ["INFY", false],
        ["RELIANCE", true],
        ["RELIANCE", true]
      ])
      assert.deepStrictEqual(looked, ["RELIANCE-EQ"])
      yield* resolver.underEitherName([quote("RELIANCE-EQ"), quote("INFY")], ask, known)
      assert.deepStrictEqual(looked, ["RELIANCE-EQ"], "it is known by now")
      assert.deepStrictEqual(asks.slice(2), ["RELIANCE-EQ+INFY", "RELIANCE"])
    })
  )

  it.effect("answers that nothing is known where the table cannot be read", () =>
    Effect.gen(function* () {
      const { ask } = held("RELIANCE")
      const resolver = yield* Effect.provide(makeResolver(zerodha), table([], false))
      const answers = yield* resolver.underEitherName([quote("RELIANCE-EQ")], ask, known)
      assert.deepStrictEqual(answers.map(known), [false])
    })
  )
})
