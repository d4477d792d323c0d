/** A session with its surroundings under the test's control: no socket, no database, a test clock. */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { broker as zerodha } from "../../../src/brokers/data/zerodha.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import type { MarketFrame } from "../../../src/frame/marketFrame.ts"
import { copyOf } from "../../../src/frame/marketFrame.ts"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import type { ConnectionFailure } from "../../../src/market/errors.ts"
import type { FeedEvent } from "../../../src/market/feedEvent.ts"
import type { MarketHours } from "../../../src/market/hours.ts"
import { alwaysOpen } from "../../../src/market/hours.ts"
import { protocol as kite } from "../../../src/protocols/kite/index.ts"
import type { Protocol } from "../../../src/protocols/protocol.ts"
import type { Lapse } from "../../../src/session/health/lapse.ts"
import { makeAdapter } from "../../../src/session/adapter.ts"
import type { Intensity } from "../../../src/session/health/restartIntensity.ts"
import { ConnectionTaps, Hours } from "../../../src/session/references.ts"
import type { Tap } from "../../../src/session/ticks/tap.ts"
import type { SocketOptions } from "../../../src/session/transport/socket.ts"
import { Transport } from "../../../src/session/transport/transport.ts"
import { CredentialStore } from "../../../src/store/credentials/credentials.ts"
import type { SecretFailed } from "../../../src/store/errors.ts"
import { Instruments } from "../../../src/store/instruments/instruments.ts"
import { listed } from "./instruments.ts"

/** One life of a connection, seen from the broker. */
export interface FakeSocket {
  readonly options: SocketOptions
  readonly sent: Array<string>
  readonly deliver: (hex: string) => void
  readonly fail: (failure: ConnectionFailure) => Effect.Effect<void>
  closed: boolean
  /** Ended without a closing handshake. */
  dropped: boolean
  pings: number
}

export interface World {
  readonly sockets: Array<FakeSocket>
  readonly frames: Array<MarketFrame>
  readonly events: Array<FeedEvent>
  /** When set, the next openings are declined with it. */
  refuse: ConnectionFailure | undefined
  credentials: { credentials: Credentials; version: number } | undefined
  /** When set, what is stored cannot be opened. */
  sealed: SecretFailed | undefined
  readonly storeCredentials: (authToken: string) => Effect.Effect<void>
  /** Instruments are imported: false leaves the table without any. */
  imported: boolean
  /** Says that they changed, and nothing else. */
  readonly tellOfCredentials: Effect.Effect<void>
}

export const testBroker = (limits: { perConnection?: number; connections?: number } = {}): Broker => ({
  ...zerodha,
  limits: {
    subscriptionsPerConnection: { value: limits.perConnection ?? 3000, confirmed: true },
    connectionsPerLogin: { value: limits.connections ?? 3, confirmed: true }
  }
})

const login = (authToken: string): Credentials => ({
  apiKey: Redacted.make("app"),
  authToken: Redacted.make(authToken)
})

/**
 * A session over a fake transport, with the real kite codec, guard, queue and frame writer.
 *
 * @param deepProtocols those of the broker's deep feeds
 */
export const makeWorld = Effect.fnUntraced(function* (
  broker: Broker = testBroker(),
  deepProtocols: ReadonlyArray<Protocol> = [],
  options: {
    readonly hours?: MarketHours
    readonly intensity?: Intensity
    readonly lingerMs?: number
    readonly lapse?: Lapse
    /** Kite by default. */
    readonly protocol?: Protocol
    /** Called first by each function of the surroundings, under its name; may throw, or stall an Effect's answer. */
    readonly trip?: (hook: string) => unknown
    readonly tap?: Tap
    readonly bus?: FrameBus["Service"]
    readonly request?: Transport["Service"]["request"]
  } = {}
) {
  const changed = yield* PubSub.unbounded<{ user: string; broker: string }>()
  const world: World = {
    sockets: [],
    frames: [],
    events: [],
    refuse: undefined,
    imported: true,
    credentials: { credentials: login("token-1"), version: 1 },
    sealed: undefined,
    storeCredentials: (authToken) =>
      Effect.suspend(() => {
        world.credentials = { credentials: login(authToken), version: (world.credentials?.version ?? 0) + 1 }
        return world.tellOfCredentials
      }),
    tellOfCredentials: Effect.asVoid(PubSub.publish(changed, { user: "asha", broker: broker.name }))
  }
  const { trip = () => undefined } = options
  const tripped = <A, E, R>(hook: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    trip(hook) === "stall" ? Effect.never : effect
  const open = Effect.fnUntraced(function* (options: SocketOptions) {
    if (world.refuse !== undefined) return yield* Effect.fail(world.refuse)
    const ended = yield* Deferred.make<never, ConnectionFailure>()
    const socket: FakeSocket = {
      options,
      sent: [],
      deliver: (hex) => options.onFrame(Buffer.from(hex, "hex"), 1_764_040_500_000),
      fail: (failure) => Effect.asVoid(Deferred.fail(ended, failure)),
      closed: false,
      dropped: false,
      pings: 0
    }
    world.sockets.push(socket)
    yield* Effect.addFinalizer(() => {
      socket.closed = true
      return tripped("Transport.close", Effect.void)
    })
    return {
      send: (frame: string | Uint8Array) => {
        socket.sent.push(String(frame))
        return trip("Socket.send") as undefined
      },
      ping: () => {
        socket.pings++
        return trip("Socket.ping") as undefined
      },
      drop: () => {
        socket.dropped = true
        return trip("Socket.drop") as undefined
      },
      ended: Deferred.await(ended)
    }
  })
  const services = Layer.mergeAll(
    Layer.succeed(Transport, {
      open: (asked) => tripped("Transport.open", open(asked)),
      request: (asked) =>
        tripped(
          "Transport.request",
          options.request?.(asked) ?? Effect.die(new Error("nothing here is asked for over HTTP"))
        )
    }),
    options.bus === undefined ? FrameBus.layer : Layer.succeed(FrameBus, options.bus),
    Layer.succeed(
      CredentialStore,
      CredentialStore.of({
        set: () => Effect.void,
        get: () =>
          tripped(
            "CredentialStore.get",
            Effect.suspend(() =>
              world.sealed === undefined ? Effect.succeed(world.credentials) : Effect.fail(world.sealed)
            )
          ),
        remove: () => Effect.succeed(false),
        list: Effect.succeed([]),
        changes: Stream.tap(Stream.fromPubSub(changed), () =>
          Effect.suspend(() => tripped("CredentialStore.changes", Effect.void))
        )
      })
    ),
    Layer.succeed(
      Instruments,
      Instruments.of({
        resolve: (_, queries) =>
          tripped(
            "Instruments.resolve",
            Effect.succeed(
              queries.map((q) =>
                world.imported
                  ? listed.find(
                      (i) =>
                        i.exchange === q.exchange && (i.symbol === q.symbol || `${i.symbol}-EQ` === q.symbol)
                    )
                  : undefined
              )
            )
          ),
        replace: () => Effect.succeed(0),
        atomically: (steps) => steps as Effect.Effect<never>,
        count: () => Effect.succeed(listed.length),
        held: () => Effect.succeed([]),
        current: () => Effect.succeed([]),
        segments: () => Effect.succeed([]),
        search: () => Effect.succeed([]),
        everywhere: () => Effect.succeed([]),
        brokers: Effect.sync(() => (world.imported ? [broker.name] : []))
      })
    )
  )
  const { adapter, bus } = yield* Effect.all({
    bus: FrameBus,
    adapter: makeAdapter({
      broker,
      protocol: options.protocol ?? kite,
      deepProtocols,
      ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
      ...(options.lapse === undefined ? {} : { lapse: options.lapse }),
      ...(options.intensity === undefined ? {} : { intensity: options.intensity }),
      reconnect: { base: "1 second", cap: "8 seconds", healthyAfter: "1 minute" }
    })
  }).pipe(
    Effect.provide(services),
    Effect.provideService(Hours, options.hours ?? alwaysOpen),
    Effect.provideService(ConnectionTaps, options.tap ?? (yield* ConnectionTaps))
  )
  yield* bus.listen((event) => world.events.push(event))
  yield* bus.subscribe((frames) => world.frames.push(...frames.map(copyOf)))
  return { world, adapter }
})

/** Lets every fiber that can run do so, without moving the clock. */
export const settle = Effect.gen(function* () {
  for (let i = 0; i < 50; i++) yield* Effect.yieldNow
})

/** Moves the clock, then lets what it woke come to rest. */
export const advance = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)

export const subscribeTokens = (socket: FakeSocket): ReadonlyArray<number> =>
  socket.sent
    .map((text) => JSON.parse(text) as { a: string; v: Array<number> })
    .filter((m) => m.a === "subscribe")
    .flatMap((m) => m.v)

/** A Kite frame with an LTP packet of each, or the broker's one-byte heartbeat. */
export const packet = (instruments: ReadonlyArray<{ readonly token: string }>): Buffer => {
  if (instruments.length === 0) return Buffer.from([0])
  const frame = Buffer.alloc(2 + 10 * instruments.length)
  frame.writeUInt16BE(instruments.length, 0)
  instruments.forEach(({ token }, i) => {
    frame.writeUInt16BE(8, 2 + 10 * i)
    frame.writeUInt32BE(Number(token), 4 + 10 * i)
    frame.writeUInt32BE(150_000 + i, 8 + 10 * i)
  })
  return frame
}
