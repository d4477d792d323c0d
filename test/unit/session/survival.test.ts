/** What a session does about connections that look alive, on a test clock: nothing here waits. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Broker } from "../../../src/brokers/broker.ts"
import { AuthRejected, ConnectionLost } from "../../../src/market/errors.ts"
import type { MarketHours } from "../../../src/market/hours.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { SecretFailed } from "../../../src/store/errors.ts"
import { INFY, RELIANCE, TCS } from "./instruments.ts"
import type { FakeSocket, World } from "./support.ts"
import { advance, makeWorld, packet, settle, subscribeTokens, testBroker } from "./support.ts"

const MORNING = 1_764_040_500_000
const ltp = ({ exchange, symbol }: { readonly symbol: string; readonly exchange: string }) => ({
  symbol,
  exchange,
  mode: "ltp" as const
})

const started = Effect.fnUntraced(function* (
  broker: Broker = testBroker(),
  options: Parameters<typeof makeWorld>[2] = {}
) {
  yield* TestClock.setTime(MORNING)
  const made = yield* makeWorld(broker, [], options)
  yield* made.adapter.initialise({ user: "asha" })
  yield* made.adapter.connect
  return made
})

const newest = (world: World): FakeSocket => world.sockets.at(-1)!

/** So many seconds in which these tick, twice a second, on the newest connection. */
const flow = Effect.fnUntraced(function* (
  world: World,
  seconds: number,
  instruments: ReadonlyArray<{ readonly token: string }>,
  sockets = () => [newest(world)]
) {
  for (let i = 0; i < 2 * seconds; i++) {
    yield* advance("500 millis")
    const at = yield* Clock.currentTimeMillis
    for (const socket of sockets()) socket.options.onFrame(packet(instruments), at)
  }
  yield* settle
})

const told = <T extends World["events"][number]["type"]>(world: World, type: T) =>
  world.events.filter((e): e is Extract<World["events"][number], { type: T }> => e.type === type)
const decisions = (world: World) => told(world, "supervisor").map((e) => e.decision)
const lost = new ConnectionLost({ detail: "reset" })

describe("a subscription's way", () => {
  it.effect("is wanted, sent, and confirmed by its first tick", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      assert.strictEqual((yield* adapter.inspect("NSE", "INFY")).state, "sent")
      yield* flow(world, 2, [RELIANCE])
      assert.deepInclude((yield* adapter.report).instruments, { sent: 1, confirmed: 1, wanted: 0 })
      const reliance = yield* adapter.inspect("NSE", "RELIANCE")
      assert.deepInclude(reliance, { state: "confirmed", confirmed_by: "tick", readers: 1 })
      assert.include(reliance.verdict, "It ticks")
      assert.include((yield* adapter.inspect("NSE", "INFY")).verdict, "Asked for")
      assert.include((yield* adapter.inspect("NSE", "NOSUCH")).verdict, "no NSE:NOSUCH")
      assert.deepStrictEqual(
        told(world, "subscription_confirmed").flatMap((e) => e.instruments.map(nameOf)),
        ["NSE:RELIANCE"]
      )
    })
  )

  it.effect("begins anew after a reconnect, and the gap is told in order with the ticks", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 2, [RELIANCE])
      world.refuse = lost
      yield* newest(world).fail(lost)
      yield* settle
      assert.strictEqual((yield* adapter.inspect("NSE", "RELIANCE")).state, "wanted")
      world.refuse = undefined
      yield* flow(world, 4, [RELIANCE])
      assert.strictEqual(told(world, "feed_down").length, 1, "told once for the whole gap")
      const up = told(world, "feed_up").at(-1)!
      assert.deepInclude(up, { restored: 1, failed: 0 })
      assert.isAtLeast(up.gap_ms!, 1000)
      assert.notProperty(told(world, "feed_up")[0], "gap_ms", "there was no feed before")
      assert.deepStrictEqual(decisions(world), ["restart_connection"])
    })
  )

  it.effect("is sent again while nothing confirms it, without end and ever more slowly", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* flow(world, 15, [RELIANCE])
      assert.strictEqual(subscribeTokens(newest(world)).filter((t) => t === 408065).length, 1)
      yield* flow(world, 120, [RELIANCE])
      const asked = subscribeTokens(newest(world)).filter((t) => t === 408065).length
      assert.isAtLeast(asked, 4)
      assert.isAtMost(asked, 6)
      assert.strictEqual(world.sockets.length, 1)
    })
  )
})

describe("the watchdog", () => {
  it.effect("replaces a connection that sends heartbeats and no ticks, without a closing handshake", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 20, [RELIANCE])
      yield* flow(world, 9, [])
      assert.strictEqual(world.sockets.length, 1)
      yield* flow(world, 6, [])
      assert.strictEqual(world.sockets.length, 2)
      assert.isTrue(world.sockets[0]!.dropped)
      yield* flow(world, 3, [RELIANCE])
      assert.deepStrictEqual(subscribeTokens(newest(world)), [738561])
      assert.deepStrictEqual(decisions(world), ["replace_connection", "restart_connection"])
      assert.include((yield* adapter.report).decisions[0]!.cause, "no valid tick")
    })
  )

  it.effect("suspects a login that came up and never ticked, reads it again, and slows down", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 20, [])
      assert.strictEqual(world.sockets.length, 2)
      world.credentials = { ...world.credentials!, version: 7 }
      yield* flow(world, 1, [])
      const { reason, state } = yield* adapter.status
      assert.strictEqual(state, "connected")
      assert.include(reason, "may be yesterday's")
      yield* flow(world, 25, [])
      assert.strictEqual(world.sockets.length, 2, "twice the time before the next one")
      yield* flow(world, 10, [])
      assert.strictEqual(world.sockets.length, 3)
      yield* flow(world, 3, [RELIANCE])
      assert.isUndefined((yield* adapter.status).reason)
    })
  )

  it.effect("sends part of the instruments again before it blames the connection", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
      yield* flow(world, 20, [RELIANCE, INFY, TCS])
      yield* flow(world, 17, [RELIANCE])
      assert.deepStrictEqual(
        told(world, "stale")
          .flatMap((e) => e.instruments.map(nameOf))
          .sort(),
        ["NSE:INFY", "NSE:TCS"]
      )
      assert.deepStrictEqual(decisions(world), ["resend"])
      assert.strictEqual(subscribeTokens(newest(world)).filter((t) => t === 408065).length, 2)
      assert.strictEqual((yield* adapter.report).instruments.stale, 2)
      yield* flow(world, 4, [RELIANCE, INFY, TCS])
      assert.deepStrictEqual(
        told(world, "fresh")
          .flatMap((e) => e.instruments.map(nameOf))
          .sort(),
        ["NSE:INFY", "NSE:TCS"]
      )
      assert.strictEqual(world.sockets.length, 1)
      yield* flow(world, 70, [RELIANCE])
      assert.strictEqual(world.sockets.length, 2, "what stays silent is the connection's fault")
    })
  )

  it.effect("takes a rate that falls to a fiftieth for what it is", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
      yield* flow(world, 30, [RELIANCE, INFY, TCS])
      for (let i = 0; i < 12; i++) {
        yield* flow(world, 8, [])
        yield* flow(world, 1, [[RELIANCE, INFY, TCS][i % 3]!])
      }
      assert.strictEqual(world.sockets.length, 1)
    })
  )

  it.effect("leaves a quiet night alone, by the exchange's calendar", () =>
    Effect.gen(function* () {
      const hours: MarketHours = { at: (_, at) => ({ open: at < MORNING + 60_000, why: "after the close" }) }
      const { adapter, world } = yield* started(testBroker(), { hours })
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 60, [RELIANCE])
      yield* flow(world, 300, [])
      assert.strictEqual(world.sockets.length, 1)
      const report = yield* adapter.report
      assert.isFalse(report.expecting_ticks)
      assert.include(report.quiet_because, "after the close")
      assert.include((yield* adapter.inspect("NSE", "RELIANCE")).verdict, "closed")
    })
  )

  it.effect("logs in ever more rarely where every login brings last values and then silence", () =>
    Effect.gen(function* () {
      // A night that the calendar does not know of: this world's market is always open.
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
      yield* flow(world, 30, [RELIANCE, INFY, TCS])
      let greeted = world.sockets.length
      const night = Effect.fnUntraced(function* (minutes: number) {
        const before = world.sockets.length
        for (let i = 0; i < 30 * minutes; i++) {
          if (world.sockets.length > greeted) {
            greeted = world.sockets.length
            yield* flow(world, 1, [RELIANCE, INFY, TCS])
          } else yield* flow(world, 1, [])
          yield* flow(world, 1, [])
        }
        return world.sockets.length - before
      })
      assert.isAtMost(yield* night(30), 14)
      assert.isAtMost(yield* night(30), 5)
      // The market opens; a silence after that is a fault again, and mended at once.
      yield* flow(world, 700, [RELIANCE, INFY, TCS])
      const before = world.sockets.length
      yield* flow(world, 16, [])
      assert.strictEqual(world.sockets.length, before + 1)
    })
  )

  it.effect("logs in ever more rarely where part of the instruments is silent for good", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
      yield* flow(world, 30, [RELIANCE, INFY, TCS])
      let greeted = world.sockets.length
      const evening = Effect.fnUntraced(function* (minutes: number) {
        const before = world.sockets.length
        for (let i = 0; i < 30 * minutes; i++) {
          const fresh = world.sockets.length > greeted
          greeted = world.sockets.length
          yield* flow(world, 2, fresh ? [RELIANCE, INFY, TCS] : [RELIANCE])
        }
        return world.sockets.length - before
      })
      yield* evening(30)
      assert.isAtMost(yield* evening(30), 10)
    })
  )

  it.effect("drops a connection that answers no pings", () =>
    Effect.gen(function* () {
      const broker = testBroker()
      const { world } = yield* started({
        ...broker,
        heartbeat: { ...broker.heartbeat, pingEveryMs: 1000, pongWithinMs: 3000 }
      })
      newest(world).options.onAlive?.("pong")
      yield* flow(world, 3, [])
      assert.strictEqual(world.sockets.length, 1)
      yield* flow(world, 3, [])
      assert.isAtLeast(world.sockets[0]!.pings, 3)
      assert.strictEqual(world.sockets.length, 2)
    })
  )
})

describe("supervision", () => {
  /** Breaks whoever looks into it. */
  const hostile = new Proxy(new Uint8Array(12), {
    get: (_, key) => {
      if (key === "length") return 12
      throw new Error("a fault of the decoder")
    }
  })
  const breakDecoder = Effect.fnUntraced(function* (world: World) {
    const at = yield* Clock.currentTimeMillis
    for (let i = 0; i < 20; i++) newest(world).options.onFrame(hostile, at)
    yield* settle
  })

  it.effect("escalates from the connection to the session to unavailable, and comes back", () =>
    Effect.gen(function* () {
      const intensity = { connectionFaults: 2, sessionRestarts: 2, withinMs: 60_000, pauseMs: 120_000 }
      const { adapter, world } = yield* started(testBroker(), { intensity })
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 2, [RELIANCE])
      for (let i = 0; i < 4; i++) {
        yield* breakDecoder(world)
        yield* flow(world, 6, [RELIANCE])
      }
      assert.deepStrictEqual(
        decisions(world).filter((d) => d !== "resume" && d !== "replace_connection"),
        [
          "restart_connection",
          "restart_connection",
          "restart_session",
          "restart_connection",
          "restart_connection",
          "unavailable"
        ]
      )
      const sockets = world.sockets.length
      const { reason, state } = yield* adapter.status
      assert.strictEqual(state, "unavailable")
      assert.include(reason, "the decoder failed on 20 frames in a row")
      assert.strictEqual((yield* Effect.flip(adapter.connect))._tag, "ConnectionRefused")
      yield* advance("90 seconds")
      assert.strictEqual(world.sockets.length, sockets)
      yield* advance("40 seconds")
      yield* flow(world, 3, [RELIANCE])
      assert.strictEqual((yield* adapter.status).state, "connected")
      assert.deepStrictEqual(subscribeTokens(newest(world)), [738561])
    })
  )

  it.effect("ends a connection that sends a frame with a thousand faults, and what comes behind it", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 2, [RELIANCE])
      // Packets of five bytes, a length that there is not.
      const frame = Buffer.alloc(2 + 7 * 30_000)
      frame.writeUInt16BE(30_000, 0)
      for (let at = 2; at < frame.length; at += 7) frame.writeUInt16BE(5, at)
      const before = (yield* adapter.report).connections.length
      const socket = newest(world)
      const at = yield* Clock.currentTimeMillis
      for (let i = 0; i < 30; i++) socket.options.onFrame(frame, at)
      yield* settle
      assert.isTrue(socket.closed)
      yield* flow(world, 6, [RELIANCE])
      assert.notStrictEqual(newest(world), socket)
      assert.strictEqual((yield* adapter.report).connections.length, before)
      assert.strictEqual((yield* adapter.status).state, "connected")
      const causes = new Set(told(world, "supervisor").map(({ cause }) => cause))
      assert.deepStrictEqual(
        [...causes],
        ["the broker broke its protocol (a frame with more than 1000 faults)"]
      )
    })
  )

  it.effect("says that another program uses the login, and backs off", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      const goodbye = new ConnectionLost({ detail: "closed by the broker with code 1000", clean: true })
      for (let i = 0; i < 3; i++) {
        yield* flow(world, 2, [])
        yield* newest(world).fail(goodbye)
        yield* flow(world, 4, [])
      }
      const { reason } = yield* adapter.status
      assert.include(reason, "another program probably uses it")
      assert.strictEqual(decisions(world).at(-1), "back_off")
      const sockets = world.sockets.length
      yield* advance("20 seconds")
      assert.strictEqual(world.sockets.length, sockets, "no duel")
      yield* advance("8 seconds")
      assert.strictEqual(world.sockets.length, sockets + 1)
    })
  )

  it.effect("reconnects at once with new credentials, also while it is up", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 2, [RELIANCE])
      yield* world.storeCredentials("token-2")
      yield* flow(world, 1, [RELIANCE])
      assert.strictEqual(world.sockets.length, 2)
      assert.include(newest(world).options.handshake.url, "token-2")
      assert.deepStrictEqual(subscribeTokens(newest(world)), [738561])
    })
  )

  it.effect(
    "stays up when what is stored cannot be opened, and tells clients no paths when it has to wait",
    () =>
      Effect.gen(function* () {
        const { adapter, world } = yield* started()
        yield* adapter.subscribe([ltp(RELIANCE)])
        yield* flow(world, 2, [RELIANCE])
        world.sealed = new SecretFailed({
          detail: 'sealed under another secret (from "/var/lib/algoways/secret.key")'
        })
        yield* world.tellOfCredentials
        yield* flow(world, 1, [RELIANCE])
        assert.strictEqual(world.sockets.length, 1)
        assert.strictEqual((yield* adapter.status).state, "connected")
        // Without a connection there is nothing to go on with.
        yield* newest(world).fail(lost)
        yield* flow(world, 3, [])
        const { reason, state } = yield* adapter.status
        assert.strictEqual(state, "waiting_for_login")
        assert.include(reason, "cannot be opened")
        assert.notInclude(JSON.stringify([yield* adapter.report, world.events]), "secret.key")
        world.sealed = undefined
        yield* world.storeCredentials("token-2")
        yield* flow(world, 1, [RELIANCE])
        assert.strictEqual((yield* adapter.status).state, "connected")
      })
  )

  it.effect("stays up when it is told late of the credentials that it has", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      yield* flow(world, 2, [RELIANCE])
      yield* world.tellOfCredentials
      yield* flow(world, 1, [RELIANCE])
      assert.strictEqual(world.sockets.length, 1)
      assert.deepStrictEqual(decisions(world), [])
      // An attempt of its own with the new ones, before anybody tells of them.
      world.credentials = { ...world.credentials!, version: 2 }
      yield* newest(world).fail(lost)
      yield* flow(world, 3, [RELIANCE])
      assert.strictEqual(world.sockets.length, 2)
      yield* world.tellOfCredentials
      yield* flow(world, 1, [RELIANCE])
      assert.strictEqual(world.sockets.length, 2)
    })
  )

  it.effect("parks once, and tells why", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      world.refuse = new AuthRejected({ detail: "HTTP 403" })
      yield* newest(world).fail(lost)
      yield* advance("5 minutes")
      assert.strictEqual((yield* adapter.status).state, "waiting_for_login")
      assert.strictEqual(told(world, "waiting_for_login").length, 1)
      assert.deepStrictEqual(decisions(world), ["restart_connection", "park"])
    })
  )
})

describe("an instrument that nobody reads any more", () => {
  it.effect("stays subscribed for a moment, silently, and makes room at once for one that is wanted", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started(testBroker({ perConnection: 2, connections: 1 }), {
        lingerMs: 3000
      })
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* flow(world, 2, [RELIANCE, INFY])
      const sent = () => newest(world).sent.filter((text) => text.includes("unsubscribe")).length
      yield* adapter.unsubscribe([ltp(INFY)])
      const before = world.frames.length
      yield* flow(world, 1, [INFY])
      assert.strictEqual(world.frames.length, before)
      yield* adapter.subscribe([ltp(INFY)])
      yield* flow(world, 5, [RELIANCE, INFY])
      assert.strictEqual(sent(), 0)
      yield* adapter.unsubscribe([ltp(INFY)])
      yield* flow(world, 5, [RELIANCE])
      assert.strictEqual(sent(), 1)
      yield* adapter.subscribe([ltp(INFY)])
      yield* flow(world, 1, [RELIANCE, INFY])
      yield* adapter.unsubscribe([ltp(INFY)])
      const [result] = yield* adapter.subscribe([ltp(TCS)])
      assert.deepInclude(result, { status: "success" })
    })
  )
})

describe("connections that are not needed any more", () => {
  it.effect("are emptied into the others without a gap and without a doubled tick", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started(testBroker({ perConnection: 2, connections: 2 }))
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
      yield* advance("2 seconds")
      assert.deepStrictEqual(world.sockets.map(subscribeTokens), [[738561, 408065], [2953217]])
      const [first, second] = world.sockets as [FakeSocket, FakeSocket]
      yield* flow(world, 2, [TCS], () => [second])
      yield* adapter.unsubscribe([ltp(INFY)])
      yield* advance("2 seconds")
      assert.include(subscribeTokens(first), 2953217, "asked for at the new place first")
      assert.isFalse(second.closed, "and not yet given up at the old one")
      const before = world.frames.length
      const at = yield* Clock.currentTimeMillis
      second.options.onFrame(packet([TCS]), at)
      first.options.onFrame(packet([TCS]), at + 1)
      second.options.onFrame(packet([TCS]), at + 2)
      yield* settle
      assert.strictEqual(world.frames.length - before, 2, "one from the old place, then from the new one")
      yield* advance("2 seconds")
      assert.isTrue(second.closed)
      assert.isFalse(first.closed)
      const report = yield* adapter.report
      assert.deepStrictEqual(
        report.connections.map(({ limit, used }) => [used, limit]),
        [[2, 2]]
      )
    })
  )
})
