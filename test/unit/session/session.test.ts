import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { AuthRejected, ConnectionLost } from "../../../src/market/errors.ts"
import { RELIANCE } from "./instruments.ts"
import { advance, makeWorld, settle, subscribeTokens, testBroker } from "./support.ts"

const quote = (symbol: string, exchange = "NSE") => ({ symbol, exchange, mode: "quote" as const })
const depth = (symbol: string, levels: number, exchange = "NSE") => ({
  symbol,
  exchange,
  mode: "depth" as const,
  depth: levels
})
const connected = Effect.fnUntraced(function* (broker = testBroker()) {
  const made = yield* makeWorld(broker)
  yield* made.adapter.initialise({ user: "asha" })
  yield* made.adapter.connect
  return made
})
const lost = new ConnectionLost({ detail: "reset" })
/** RELIANCE 2941.40 and INFY 1575.10 in LTP mode. */
const RELIANCE_LTP = "00010008000b450100047cfc"
const INFY_LTP = "0001000800063a0100026746"

describe("session", () => {
  it.effect("subscribes at the broker what readers want, once", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      const [first] = yield* adapter.subscribe([quote("RELIANCE")], "one")
      yield* adapter.subscribe([quote("RELIANCE")], "two")
      yield* advance("2 seconds")
      assert.deepInclude(first, { status: "success", is_fallback: false })
      assert.deepStrictEqual(subscribeTokens(world.sockets[0]!), [738561])
    })
  )

  it.effect("says to import where the broker has no instruments, and the usual text where it has", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      const [unknown] = yield* adapter.subscribe([quote("NOSUCH")])
      assert.deepInclude(unknown, {
        code: "SYMBOL_NOT_FOUND",
        message: "Symbol NOSUCH not found for exchange NSE"
      })
      world.imported = false
      const [empty] = yield* adapter.subscribe([quote("INFY")])
      assert.deepInclude(empty, {
        code: "SYMBOL_NOT_FOUND",
        message: "No instruments of zerodha are imported: run algoways instruments import zerodha"
      })
    })
  )

  it.effect("answers each request by itself, with the codes", () =>
    Effect.gen(function* () {
      const { adapter } = yield* connected()
      const results = yield* adapter.subscribe([
        quote("NOSUCH"),
        depth("RELIANCE", 7),
        depth("RELIANCE", 20),
        depth("NIFTY", 5, "NSE_INDEX"),
        quote("INFY")
      ])
      assert.deepInclude(results[0], { status: "error", code: "SYMBOL_NOT_FOUND" })
      assert.deepInclude(results[1], { status: "error", code: "INVALID_DEPTH" })
      assert.deepInclude(results[2], {
        status: "success",
        requested_depth: 20,
        actual_depth: 5,
        is_fallback: true
      })
      assert.deepInclude(results[3], { status: "success", actual_depth: 0, is_fallback: true })
      assert.deepInclude(results[4], { status: "success", is_fallback: false })
      const [gone] = yield* adapter.unsubscribe([quote("TCS")])
      assert.deepInclude(gone, { status: "error", code: "NOT_SUBSCRIBED" })
    })
  )

  it.effect("refuses a mode that the broker lacks", () =>
    Effect.gen(function* () {
      const { adapter } = yield* connected({ ...testBroker(), modes: ["ltp"] })
      const [result] = yield* adapter.subscribe([quote("RELIANCE")])
      assert.deepInclude(result, { status: "error", code: "INVALID_MODE" })
    })
  )

  it.effect("serves each view its frames and the stream its ticks", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      yield* adapter.subscribe(
        [{ symbol: "RELIANCE", exchange: "NSE", mode: "ltp" }, quote("RELIANCE")],
        "one"
      )
      const ticks = yield* Stream.runCollect(Stream.take(adapter.ticks, 1)).pipe(Effect.forkChild)
      yield* advance("1 second")
      world.sockets[0]!.deliver(RELIANCE_LTP)
      world.sockets[0]!.deliver(INFY_LTP)
      yield* settle
      // An LTP packet is no news for the quote reader, and nobody asked for INFY.
      assert.strictEqual(world.frames.length, 1)
      const frame = JSON.parse(world.frames[0]!.payload.toString())
      assert.deepInclude(frame, { type: "market_data", symbol: "RELIANCE", mode: 1, broker: "zerodha" })
      assert.strictEqual(frame.data.ltp, 2941.4)
      const [tick] = yield* Fiber.join(ticks)
      assert.deepInclude(tick, { symbol: "RELIANCE", exchange: "NSE", mode: "ltp", ltp: 2941.4 })
    })
  )

  it.effect("upgrades and downgrades the one upstream subscription as readers come and go", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      yield* adapter.subscribe([quote("RELIANCE")], "one")
      yield* advance("2 seconds")
      yield* adapter.subscribe([depth("RELIANCE", 5)], "two")
      yield* advance("2 seconds")
      yield* adapter.release("two")
      yield* advance("2 seconds")
      yield* adapter.unsubscribe([quote("RELIANCE")], "one")
      yield* advance("2 seconds")
      const modes = world.sockets[0]!.sent.map((text) => JSON.parse(text))
        .filter((m) => m.a === "mode")
        .map((m) => m.v[0])
      assert.deepStrictEqual(modes.slice(-2), ["full", "quote"])
      assert.deepStrictEqual(JSON.parse(world.sockets[0]!.sent.at(-1)!), { a: "unsubscribe", v: [738561] })
    })
  )

  it.effect("restores what is wanted, and only that, after a reconnect", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      yield* adapter.subscribe([quote("RELIANCE"), quote("INFY")])
      yield* advance("2 seconds")
      world.refuse = lost
      yield* world.sockets[0]!.fail(lost)
      yield* settle
      yield* adapter.unsubscribe([quote("INFY")])
      world.refuse = undefined
      yield* advance("3 seconds")
      assert.strictEqual(world.sockets.length, 2)
      assert.isTrue(world.sockets[0]!.closed)
      assert.deepStrictEqual(subscribeTokens(world.sockets[1]!), [738561])
      assert.strictEqual((yield* adapter.status).state, "connected")
    })
  )

  it.effect("tries again at once, then after a pause", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      world.refuse = lost
      yield* world.sockets[0]!.fail(lost)
      yield* settle
      assert.strictEqual((yield* adapter.status).state, "reconnecting")
      world.refuse = undefined
      // The immediate attempt failed; the next one comes after 2 s (times 0.8 to 1.2).
      yield* advance("1500 millis")
      assert.strictEqual(world.sockets.length, 1)
      yield* advance("1 second")
      assert.strictEqual(world.sockets.length, 2)
    })
  )

  it.effect("waits for new credentials after a rejection, without hammering", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* makeWorld()
      yield* adapter.initialise({ user: "asha" })
      world.refuse = new AuthRejected({ detail: "HTTP 403" })
      const failure = yield* Effect.flip(adapter.connect)
      assert.strictEqual(failure._tag, "AuthRejected")
      yield* advance("10 minutes")
      const { reason, state } = yield* adapter.status
      assert.strictEqual(state, "waiting_for_login")
      assert.include(reason, "rejected")
      yield* adapter.subscribe([quote("RELIANCE")])

      world.refuse = undefined
      yield* advance("10 minutes")
      assert.strictEqual(world.sockets.length, 0, "nothing is tried while nobody stores credentials")
      yield* world.storeCredentials("token-2")
      yield* advance("1 second")
      assert.strictEqual(world.sockets.length, 1)
      assert.include(world.sockets[0]!.options.handshake.url, "token-2")
      assert.deepStrictEqual(subscribeTokens(world.sockets[0]!), [738561])
    })
  )

  it.effect("drops a connection that went silent", () =>
    Effect.gen(function* () {
      const { world } = yield* connected()
      yield* advance("4 seconds")
      assert.strictEqual(world.sockets.length, 1)
      yield* advance("4 seconds")
      assert.strictEqual(world.sockets.length, 2)
    })
  )

  it.effect("opens a further connection when one is full, and says so when all are", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected(testBroker({ perConnection: 1, connections: 2 }))
      const results = yield* adapter.subscribe([quote("RELIANCE"), quote("INFY"), quote("TCS")])
      yield* advance("2 seconds")
      assert.strictEqual(world.sockets.length, 2)
      assert.deepInclude(results[2], { status: "error", code: "MAX_CAPACITY_REACHED" })
      assert.include((results[2] as { message: string }).message, "2")
      yield* adapter.unsubscribe([quote("INFY")])
      yield* settle
      assert.isTrue(world.sockets[1]!.closed, "an empty further connection closes")
      const [again] = yield* adapter.subscribe([quote("TCS")])
      assert.deepInclude(again, { status: "success" })
    })
  )

  it.effect("uses given credentials and names what is missing", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* makeWorld()
      const failure = yield* Effect.flip(
        adapter.initialise({ user: "asha", credentials: { apiKey: Redacted.make("app") } })
      )
      assert.deepStrictEqual(failure.fields, ["authToken"])
      yield* adapter.initialise({
        user: "asha",
        credentials: { apiKey: Redacted.make("app"), authToken: Redacted.make("given") }
      })
      yield* adapter.connect
      assert.include(world.sockets[0]!.options.handshake.url, "given")
    })
  )

  it.effect("survives a codec that throws", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      yield* adapter.subscribe([{ symbol: "RELIANCE", exchange: "NSE", mode: "ltp" }])
      yield* advance("1 second")
      const hostile = { length: 10 } as unknown as Uint8Array
      world.sockets[0]!.options.onFrame(hostile, 1_764_040_500_000)
      world.sockets[0]!.deliver(RELIANCE_LTP)
      yield* settle
      assert.strictEqual(world.frames.length, 1)
    })
  )

  it.effect("disconnects, keeps what is held, and connects again", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* connected()
      yield* adapter.subscribe([quote(RELIANCE.symbol)])
      yield* adapter.disconnect
      assert.isTrue(world.sockets[0]!.closed)
      assert.strictEqual((yield* adapter.status).state, "idle")
      yield* adapter.connect
      yield* advance("1 second")
      assert.deepStrictEqual(subscribeTokens(world.sockets[1]!), [738561])
    })
  )
})
