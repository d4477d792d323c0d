import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { FeedError } from "../../../../src/bus/feed.ts"
import type { Body, FeedLink } from "../../../../src/bus/zmq/feedLink.ts"
import type { Answer } from "../../../../src/bus/zmq/link.ts"
import { letGo, newReader } from "../../../../src/bus/zmq/remoteReader.ts"
import { RemoteReaders } from "../../../../src/bus/zmq/remoteReaders.ts"
import { stepsOf } from "../../../support/iterations.ts"

const info = { broker: "zerodha", state: "connected", modes: ["ltp"] } as const
const silent = new FeedError({ code: "BROKER_CONNECTION_ERROR", detail: "the feed process does not answer" })

/** A feed process in one object: answers by the lease that it gives, and can be restarted or fall silent. */
const make = () => {
  let life = 1
  let seen = "1.1"
  const asked: Array<string> = []
  const state = {
    reachable: true,
    refuse: undefined as string | undefined,
    gone: undefined as string | undefined,
    forgetful: false
  }
  const leaseNow = () => `${life}.1`

  const answer = (body: Body): Answer => {
    const common = { id: 1, lease: leaseNow(), epoch: life }
    if ("lease" in body && body.lease !== leaseNow()) return { ...common, result: "lease" }
    switch (body.op) {
      case "attach":
        return state.refuse === undefined
          ? { ...common, result: "ok", value: info }
          : { ...common, result: "failed", code: "BROKER_ERROR", detail: state.refuse }
      case "subscribe":
        return {
          ...common,
          result: "ok",
          value: body.requests.map(({ exchange, mode, symbol }) =>
            symbol === state.gone
              ? { status: "error", symbol, exchange, code: "SYMBOL_NOT_FOUND", message: "no such symbol" }
              : {
                  status: "success",
                  symbol,
                  exchange,
                  mode,
                  requested_depth: 5,
                  actual_depth: 0,
                  is_fallback: false,
                  // Every share here is in the series EQ.
                  ...(symbol.endsWith("-EQ") ? { served_as: symbol.slice(0, -3) } : {}),
                  topic: `${symbol.replace(/-EQ$/, "")}/${mode}`
                }
          )
        }
      case "unsubscribe":
        return {
          ...common,
          result: "ok",
          value: body.requests.map(({ exchange, mode, symbol }) =>
            state.forgetful
              ? { status: "error", symbol, exchange, code: "NOT_SUBSCRIBED", message: "Not subscribed" }
              : { status: "success", symbol, exchange, topics: [`${symbol}/${mode}`] }
          )
        }
      default:
        return { ...common, result: "ok" }
    }
  }
  const describe = (body: Body): string => {
    const what = "requests" in body ? ` ${body.requests.map((r) => `${r.symbol}/${r.mode}`).join("+")}` : ""
    return "reader" in body ? `${body.op} ${body.reader}${what} @${body.lease}` : body.op
  }
  const link: FeedLink = {
    ask: (body) =>
      Effect.suspend(() => {
        asked.push(describe(body))
        if (!state.reachable) return Effect.fail(silent)
        const given = answer(body)
        seen = given.lease
        return Effect.succeed(given)
      }),
    giveUp: Effect.void,
    silence: () => undefined,
    lease: () => seen
  }
  const refused: Array<string> = []
  const readers = new RemoteReaders(
    link,
    Effect.sync(() => seen),
    { requestMs: 1000, attachMs: 1000 },
    (user, instruments) => {
      for (const { mode, reason, symbol } of instruments) refused.push(`${user} ${symbol}/${mode}: ${reason}`)
    }
  )
  return {
    readers,
    refused,
    state,
    restart: () => life++,
    /** A ping's answer tells the gateway of the new lease. */
    ping: () => (seen = leaseNow()),
    /** What was asked since the last look. */
    asked: () => asked.splice(0)
  }
}

const quote = (symbol: string) => ({ symbol, exchange: "NSE", mode: "quote" as const })

describe("readers of a remote feed", () => {
  it.effect("are made anew, with what they still hold, when the lease has changed", () =>
    Effect.gen(function* () {
      const { asked, ping, readers, restart } = make()
      yield* readers.attach("asha", "c1")
      yield* readers.subscribe("asha", "c1", [quote("INFY"), quote("TCS")])
      yield* readers.unsubscribe("asha", "c1", [quote("TCS")])
      yield* readers.subscribe("asha", "c2", [quote("SBIN")])
      yield* readers.release("asha", "c2")
      asked()
      yield* readers.restore
      assert.deepStrictEqual(asked(), [], "nothing has changed")
      restart()
      ping()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["attach c1 @2.1", "subscribe c1 INFY/quote @2.1"])
      yield* readers.restore
      assert.deepStrictEqual(asked(), [], "once is enough")
    })
  )

  it.effect("are made anew piece by piece, however much they hold", () =>
    Effect.gen(function* () {
      const { asked, ping, readers, restart } = make()
      const much = Array.from({ length: 600 }, (_, i) => quote(`S${i}`))
      for (const name of ["c1", "c2"]) {
        yield* readers.attach("asha", name)
        yield* readers.subscribe("asha", name, much)
      }
      asked()
      restart()
      ping()
      yield* readers.restore
      const pieces = asked().filter((request) => request.startsWith("subscribe"))
      const sizes = (name: string) =>
        pieces.filter((p) => p.includes(` ${name} `)).map((p) => p.split("+").length)
      assert.deepStrictEqual(
        [sizes("c1"), sizes("c2")],
        [
          [250, 250, 100],
          [250, 250, 100]
        ]
      )
      assert.deepStrictEqual(yield* readers.heldBy("asha"), { instruments: 600, failed: 0 })
    })
  )

  it("are let go by name in one look, where the feed process has forgotten all of them", () => {
    const reader = newReader("asha", "c1")
    const much = Array.from({ length: 1000 }, (_, i) => quote(`S${i}`))
    for (const request of much) reader.held.set(`${request.symbol}/quote`, request)
    reader.held.set("S1/ltp", { ...quote("S1"), mode: "ltp" })
    const forgotten = much.map(
      ({ exchange, symbol }) =>
        ({ status: "error", symbol, exchange, code: "NOT_SUBSCRIBED", message: "Not subscribed" }) as const
    )
    assert.isAtMost(
      stepsOf(() => letGo(reader, much, forgotten)),
      2 * much.length
    )
    assert.deepStrictEqual([...reader.held.keys()], ["S1/ltp"])
  })

  it.effect("are made anew by the symbols that the feed holds, whatever they were asked for by", () =>
    Effect.gen(function* () {
      const { asked, ping, readers, restart } = make()
      yield* readers.attach("asha", "c1")
      yield* readers.subscribe("asha", "c1", [quote("RELIANCE-EQ"), quote("INFY"), quote("INFY-EQ")])
      assert.deepStrictEqual(yield* readers.heldBy("asha"), { instruments: 2, failed: 0 })
      asked()
      restart()
      ping()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["attach c1 @2.1", "subscribe c1 RELIANCE/quote+INFY/quote @2.1"])
    })
  )

  it.effect("are not made anew with what was given up when the feed held it no more", () =>
    Effect.gen(function* () {
      const { asked, ping, readers, restart, state } = make()
      yield* readers.attach("asha", "c1")
      const ltp = { ...quote("INFY"), mode: "ltp" as const }
      yield* readers.subscribe("asha", "c1", [quote("INFY"), ltp, quote("TCS")])
      state.forgetful = true
      yield* readers.unsubscribe("asha", "c1", [quote("INFY")])
      asked()
      restart()
      ping()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["attach c1 @2.1", "subscribe c1 INFY/ltp+TCS/quote @2.1"])
    })
  )

  it.effect("do not build on a lease that is over: first the old holdings, then the request", () =>
    Effect.gen(function* () {
      const { asked, readers, restart } = make()
      yield* readers.attach("asha", "c1")
      yield* readers.subscribe("asha", "c1", [quote("INFY")])
      restart()
      asked()
      const results = yield* readers.subscribe("asha", "c1", [quote("TCS")])
      assert.strictEqual(results[0]?.status, "success")
      assert.deepStrictEqual(asked(), [
        "subscribe c1 TCS/quote @1.1",
        "attach c1 @2.1",
        "subscribe c1 INFY/quote @2.1",
        "subscribe c1 TCS/quote @2.1"
      ])
    })
  )

  it.effect("hear of what the feed process does not serve any more", () =>
    Effect.gen(function* () {
      const { ping, readers, refused, restart, state } = make()
      yield* readers.attach("asha", "c1")
      yield* readers.subscribe("asha", "c1", [quote("INFY"), quote("TCS")])
      restart()
      ping()
      yield* readers.restore
      assert.deepStrictEqual(refused, [])
      state.gone = "TCS"
      restart()
      ping()
      yield* readers.restore
      assert.deepStrictEqual(refused, ["asha TCS/quote: no such symbol"])
      assert.deepStrictEqual(yield* readers.heldBy("asha"), { instruments: 2, failed: 1 })
    })
  )

  it.effect("are attached later when nobody answered", () =>
    Effect.gen(function* () {
      const { asked, readers, state } = make()
      state.reachable = false
      const error = yield* Effect.flip(readers.attach("asha", "c1"))
      assert.strictEqual(error.code, "BROKER_CONNECTION_ERROR")
      state.reachable = true
      asked()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["attach c1 @1.1"])
      yield* readers.restore
      assert.deepStrictEqual(asked(), [])
    })
  )

  it.effect("repeat a release that was not confirmed, unless the feed process has forgotten the reader", () =>
    Effect.gen(function* () {
      const { asked, ping, readers, restart, state } = make()
      for (const name of ["c1", "c2", "c3"]) yield* readers.subscribe("asha", name, [quote("INFY")])
      state.reachable = false
      yield* readers.release("asha", "c1")
      asked()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["release c1 @1.1"], "tried again")
      state.reachable = true
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["release c1 @1.1"], "and again")
      yield* readers.restore
      assert.deepStrictEqual(asked(), [], "confirmed")

      state.reachable = false
      yield* readers.release("asha", "c2")
      state.reachable = true
      restart()
      ping()
      asked()
      yield* readers.restore
      assert.deepStrictEqual(asked(), ["subscribe c3 INFY/quote @2.1"])
      yield* readers.release("asha", "nobody")
      assert.deepStrictEqual(asked(), [])
    })
  )

  it.effect(
    "that the feed process refuses after its restart are not tried at every ping, and get its error",
    () =>
      Effect.gen(function* () {
        const { asked, ping, readers, restart, state } = make()
        yield* readers.attach("asha", "c1")
        yield* readers.subscribe("asha", "c1", [quote("INFY")])
        restart()
        ping()
        state.refuse = 'User "asha" has no broker.'
        asked()
        yield* readers.restore
        yield* readers.restore
        assert.deepStrictEqual(asked(), ["attach c1 @2.1"])
        const error = yield* Effect.flip(readers.attach("asha", "c1"))
        assert.deepStrictEqual([error.code, error.detail], ["BROKER_ERROR", 'User "asha" has no broker.'])
      })
  )
})
