/**
 * Every function that an embedder supplies, failing in every way, at every moment of a session: the process lives, another
 * user's session ticks on, and the session of the faulty function is well again soon after the function is.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import { ConnectionLost } from "../../../src/market/errors.ts"
import type { MarketHours } from "../../../src/market/hours.ts"
import { protocol as kite } from "../../../src/protocols/kite/index.ts"
import type {
  Codec,
  CodecOptions,
  Handshake,
  HttpRequest,
  Login,
  LoginContext,
  Protocol,
  Refusal
} from "../../../src/protocols/protocol.ts"
import type { ConnectionTap, Tap } from "../../../src/session/ticks/tap.ts"
import { INFY, RELIANCE, TCS } from "./instruments.ts"
import { advance, makeWorld, packet, settle, testBroker } from "./support.ts"
import type { World } from "./support.ts"

const MORNING = 1_764_040_500_000
const lost = new ConnectionLost({ detail: "reset" })
const rest: HttpRequest = { method: "GET", url: "https://rest.example/session", headers: {} }
const ltp = ({ symbol }: { readonly symbol: string }) => ({ symbol, exchange: "NSE", mode: "ltp" as const })

/** How a hook fails. Those that answer nothing may also be async functions, whose promise nobody waits for. */
type Way = "throws" | "rejects" | "answers nonsense" | "stalls"

/** The hook that fails at the moment, and how often each has been called. */
class Saboteur {
  hook: string | undefined
  way: Way = "throws"
  readonly calls = new Map<string, number>()

  /** @returns what the hook answers instead of its own */
  trip(hook: string): unknown {
    this.calls.set(hook, (this.calls.get(hook) ?? 0) + 1)
    if (this.hook !== hook) return undefined
    if (this.way === "throws") throw new Error(`a fault in ${hook}`)
    if (this.way === "rejects") return Promise.reject(new Error(`a late fault in ${hook}`))
    return this.way === "stalls" ? "stall" : 42
  }
}

const around = <A>(own: () => A, saboteur: Saboteur, hook: string): A =>
  (saboteur.trip(hook) as A | undefined) ?? own()

/** Kite with all hooks that a protocol can have, as an object of a class: they need their `this`. */
const sabotaged = (saboteur: Saboteur): Protocol => {
  class Sabotaged {
    readonly name = kite.name
    readonly #saboteur = saboteur
    handshake(context: LoginContext) {
      return around(() => this.#login(context), this.#saboteur, "Protocol.handshake")
    }
    *#login(context: LoginContext): Login {
      yield rest
      around(() => undefined, this.#saboteur, "Login.next")
      return kite.handshake(context) as Handshake
    }
    refusal(refusal: Refusal) {
      return around(() => kite.refusal(refusal), this.#saboteur, "Protocol.refusal")
    }
    closed() {
      return around(() => undefined, this.#saboteur, "Protocol.closed")
    }
    cost() {
      return around(() => kite.cost(), this.#saboteur, "Protocol.cost")
    }
    kinds() {
      return around(() => kite.kinds(), this.#saboteur, "Protocol.kinds")
    }
    exclusive({ token }: { readonly token: string }) {
      return around(() => token, this.#saboteur, "Protocol.exclusive")
    }
    open(options: CodecOptions): Codec {
      const codec = around(() => kite.open(options), this.#saboteur, "Protocol.open")
      const hook = <A>(name: string, own: () => A): A => around(own, this.#saboteur, `Codec.${name}`)
      return {
        hello: () => hook("hello", () => [rest]),
        request: (changes) => hook("request", () => codec.request(changes)),
        decode: (frame, at, sink) => hook("decode", () => codec.decode(frame, at, sink)),
        answered: () => hook("answered", () => undefined),
        heartbeat: () => hook("heartbeat", () => "beat")
      }
    }
  }
  return new Sabotaged() as unknown as Protocol
}

const sabotagedTap = (saboteur: Saboteur): Tap => {
  const hook = (name: keyof ConnectionTap) => (): void => saboteur.trip(`ConnectionTap.${name}`) as undefined
  return {
    connection: () => {
      saboteur.trip("Tap.connection")
      return {
        opened: hook("opened"),
        requested: hook("requested"),
        frame: hook("frame"),
        answered: hook("answered"),
        rejected: hook("rejected"),
        ticked: hook("ticked"),
        closed: hook("closed"),
        alarm: hook("alarm")
      }
    }
  }
}

const taps = ["opened", "requested", "frame", "answered", "ticked", "closed"].map((n) => `ConnectionTap.${n}`)
const ways: Readonly<Record<string, ReadonlyArray<Way>>> = {
  "Protocol.handshake": ["throws", "answers nonsense"],
  "Login.next": ["throws"],
  "Protocol.open": ["throws", "answers nonsense"],
  "Protocol.refusal": ["throws", "answers nonsense"],
  "Protocol.closed": ["throws", "answers nonsense"],
  "Protocol.cost": ["throws", "answers nonsense"],
  "Protocol.exclusive": ["throws"],
  "Protocol.kinds": ["throws", "answers nonsense"],
  "Codec.hello": ["throws", "answers nonsense"],
  "Codec.request": ["throws", "answers nonsense"],
  "Codec.decode": ["throws", "rejects"],
  "Codec.answered": ["throws", "rejects"],
  "Codec.heartbeat": ["throws"],
  "Socket.send": ["throws", "rejects"],
  "Socket.ping": ["throws", "rejects"],
  "Socket.drop": ["throws", "rejects"],
  "Transport.open": ["throws", "stalls"],
  "Transport.request": ["throws", "stalls"],
  "Transport.close": ["throws", "stalls"],
  "CredentialStore.get": ["throws", "stalls"],
  "CredentialStore.changes": ["throws"],
  "Instruments.resolve": ["throws", "stalls"],
  "Hours.at": ["throws", "answers nonsense"],
  "Tap.connection": ["throws"],
  ...Object.fromEntries(taps.map((name) => [name, ["throws", "rejects"]])),
  "FrameBus.publish": ["throws", "rejects"],
  "FrameBus.tell": ["throws", "rejects"],
  "handler of frames": ["throws", "rejects"],
  "handler of events": ["throws", "rejects"],
  Logger: ["throws", "rejects"]
}

/** What brokers and readers do in a second, calmly or in trouble. */
const second = Effect.fnUntraced(function* (...worlds: ReadonlyArray<World>) {
  yield* advance("1 second")
  const at = yield* Clock.currentTimeMillis
  for (const world of worlds) {
    const socket = world.sockets.at(-1)
    if (socket === undefined || socket.closed) continue
    socket.options.onAlive?.("pong")
    socket.options.onFrame(packet([RELIANCE, INFY, TCS]), at)
  }
  yield* settle
})

const start = Effect.fnUntraced(function* (saboteur: Saboteur) {
  yield* TestClock.setTime(MORNING)
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    const answer = saboteur.trip("Logger")
    lines.push(String(message))
    return answer
  })
  const bus = yield* Layer.build(FrameBus.layer).pipe(
    Effect.flatMap((context) => Effect.provideContext(FrameBus, context)),
    Effect.provide(Logger.layer([logger]))
  )
  // First in the line of handlers, so that all the others come after a faulty one.
  yield* bus.subscribe(() => saboteur.trip("handler of frames") as undefined)
  yield* bus.listen(() => saboteur.trip("handler of events") as undefined)
  const hours: MarketHours = {
    at: () => around(() => ({ open: true, why: "always" }), saboteur, "Hours.at")
  }
  const broker = testBroker()
  const { adapter, world } = yield* makeWorld(
    { ...broker, heartbeat: { ...broker.heartbeat, pingEveryMs: 1000, sendEveryMs: 1000 } },
    [],
    {
      hours,
      protocol: sabotaged(saboteur),
      tap: sabotagedTap(saboteur),
      trip: (hook) => saboteur.trip(hook),
      request: () => Effect.succeed({ status: 200, headers: {}, body: "" }),
      intensity: { connectionFaults: 5, sessionRestarts: 3, withinMs: 60_000, pauseMs: 20_000 },
      bus: {
        ...bus,
        publish: (frames) => {
          bus.publish(frames)
          return saboteur.trip("FrameBus.publish") as undefined
        },
        tell: (event) => {
          bus.tell(event)
          return saboteur.trip("FrameBus.tell") as undefined
        }
      }
    }
  ).pipe(Effect.provide(Logger.layer([logger])))
  const other = yield* makeWorld(testBroker(), [], { bus })
  // Not waited for: a store may take its time.
  yield* adapter
    .initialise({ user: "asha" })
    .pipe(
      Effect.andThen(adapter.subscribe([ltp(RELIANCE)])),
      Effect.andThen(Effect.ignore(adapter.connect)),
      Effect.forkChild
    )
  yield* other.adapter.initialise({ user: "bina" })
  yield* other.adapter.connect
  yield* other.adapter.subscribe([ltp(RELIANCE)])
  return { adapter, world, other, lines }
})

/** Trouble at the broker, at which hooks are called that a calm day does not need. */
const trouble = Effect.fnUntraced(function* (world: World) {
  const socket = world.sockets.at(-1)
  if (socket === undefined) return
  const failure = socket.options.closed?.({ code: 1011, reason: "" }) ?? lost
  const refused = socket.options.refusal({ status: 503, headers: {} })
  assert.isString(refused.message)
  yield* socket.fail(failure)
  yield* settle
})

for (const [hook, kinds] of Object.entries(ways)) {
  describe(hook, () => {
    for (const way of kinds) {
      for (const moment of ["from the first moment", "while ticks flow"] as const) {
        it.effect(`${way} ${moment}`, () =>
          Effect.gen(function* () {
            const saboteur = new Saboteur()
            saboteur.way = way
            if (moment === "from the first moment") saboteur.hook = hook
            const { adapter, lines, other, world } = yield* start(saboteur)
            for (let i = 0; i < 5; i++) yield* second(world, other.world)
            saboteur.hook = hook
            const before = lines.length

            const seen = () => other.world.frames.filter((f) => f.view.user === "bina").length
            for (let i = 0; i < 25; i++) {
              const had = seen()
              // A broker that falls silent: its connection is dropped.
              yield* second(...(i > 10 && i < 22 ? [] : [world]), other.world)
              assert.isAbove(seen(), had, "the other user's session ticks on")
              if (i === 5) {
                yield* trouble(world)
                yield* world.storeCredentials("token-2")
              }
              if (i === 10) yield* Effect.forkChild(Effect.exit(adapter.subscribe([ltp(INFY)], "later")))
              if (i === 15) yield* Effect.forkChild(Effect.exit(adapter.release("later")))
            }
            assert.isAbove(saboteur.calls.get(hook) ?? 0, 0, "it has been called")
            assert.isAtMost(lines.length - before, 80, "and floods no log")

            saboteur.hook = undefined
            yield* Effect.exit(adapter.unsubscribe([ltp(RELIANCE)], "later"))
            for (let i = 0; i < 90; i++) yield* second(world, other.world)
            assert.strictEqual((yield* adapter.status).state, "connected")
            const results = yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY), ltp(TCS)])
            assert.deepStrictEqual(
              results.map(({ status }) => status),
              ["success", "success", "success"]
            )
            for (let i = 0; i < 3; i++) yield* second(world, other.world)
            const had = world.frames.length
            yield* second(world, other.world)
            const fresh = world.frames.slice(had).filter((f) => f.view.user === "asha")
            assert.deepStrictEqual(fresh.map((f) => f.view.symbol).sort(), ["INFY", "RELIANCE", "TCS"])
          })
        )
      }
    }
  })
}
