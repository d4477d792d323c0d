/**
 * The BrokerAdapter of every broker whose protocol we speak. A session is one user's, so `initialise` makes it; what is asked
 * of the adapter goes to its actor. What does not depend on the user is made here.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { BrokerAdapter } from "../brokers/adapter.ts"
import type { Broker } from "../brokers/broker.ts"
import { streamsOf } from "../brokers/broker.ts"
import { FrameBus } from "../bus/frameBus.ts"
import { makeSampledLog } from "../kit/sampledLog.ts"
import { breathe } from "../kit/breathe.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import { alwaysOpen } from "../market/hours.ts"
import type { Protocol } from "../protocols/protocol.ts"
import type { CredentialStore } from "../store/credentials/credentials.ts"
import type { Instruments } from "../store/instruments/instruments.ts"
import type { Actor } from "./actor.ts"
import { ActorStopped } from "./actor.ts"
import { makeCredentialSource } from "./connection/credentialSource.ts"
import type { CredentialSource } from "./connection/credentialSource.ts"
import type { ReconnectOptions } from "./connection/retrySchedule.ts"
import { makeHookFaults, soundBus, soundHours, soundProtocol, withSoundLoggers } from "./containment.ts"
import { Lapse } from "./health/lapse.ts"
import type { Intensity } from "./health/restartIntensity.ts"
import type { Message, Reply } from "./messages.ts"
import * as metrics from "./metrics.ts"
import { Hours } from "./references.ts"
import { makeSession } from "./session.ts"
import type { SessionOptions } from "./session.ts"
import type { BrokerStream } from "./subscriptions/planner.ts"
import { makeResolver } from "./subscriptions/resolver.ts"
import { makePublisher } from "./ticks/publisher.ts"
import type { Transport } from "./transport/transport.ts"

export interface ProtocolAdapterOptions {
  readonly broker: Broker
  readonly protocol: Protocol
  /** Those of the broker's deep streams, in their order. */
  readonly deepProtocols?: ReadonlyArray<Protocol>
  readonly reconnect?: ReconnectOptions
  readonly intensity?: Intensity
  /** How long an instrument stays subscribed upstream after its last reader; 0 by default. */
  readonly lingerMs?: number
  /** What the sessions before this one have left: how long its user has had no feed. */
  readonly lapse?: Lapse
}

type Adapter = BrokerAdapter["Service"]
type Needs = Transport | CredentialStore | Instruments | FrameBus | Scope.Scope

/** The reader of those who do not name one. */
const OWN_READER = "adapter"
/** The user of an adapter that is used before anybody has named one. */
const LOCAL_USER = "local"
/** Views that a reader gives up in one turn of the event loop: it may have ten thousand, and many readers go at once. */
const RELEASED_AT_ONCE = 500

/** Makes the adapter. Everything in it ends with the scope. */
export const makeAdapter = (options: ProtocolAdapterOptions): Effect.Effect<Adapter, never, Needs> =>
  withSoundLoggers(adapterOf(options))

const adapterOf = Effect.fnUntraced(function* (
  options: ProtocolAdapterOptions
): Effect.fn.Return<Adapter, never, Needs> {
  const { broker, protocol } = options
  const count = yield* metrics.forBroker(broker.name)
  const log = yield* makeSampledLog
  const hookFaults = makeHookFaults(count, log)
  const protocols = [protocol, ...(options.deepProtocols ?? [])].map((one) => soundProtocol(one, hookFaults))
  const streams = streamsOf(broker).map((stream, i): BrokerStream => ({
    broker: stream,
    protocol: protocols[i]!
  }))
  const hours = broker.simulated === true ? alwaysOpen : soundHours(yield* Hours, hookFaults("Hours.at"))
  const bus = soundBus(yield* FrameBus, hookFaults)
  const publisher = yield* makePublisher(count, log, broker.name, bus)
  const resolver = yield* makeResolver(broker, hookFaults("Instruments.resolve"))
  const sessions = yield* makeSessions({
    broker,
    streams,
    reconnect: options.reconnect,
    intensity: options.intensity,
    lingerMs: options.lingerMs ?? 0,
    lapse: options.lapse ?? new Lapse(),
    hours,
    bus,
    publisher,
    count,
    log,
    hookFaults
  })

  const ask = <A, E = never>(make: (reply: Reply<A, E>) => Message): Effect.Effect<A, E> =>
    Effect.flatMap(sessions.current, (session) =>
      Effect.catchDefect(session.actor.ask(make), (defect) =>
        // It has ended for another user's, which answers.
        defect instanceof ActorStopped && sessions.isOver(session) ? ask(make) : Effect.die(defect)
      )
    )
  const subscribe: Adapter["subscribe"] = (requests, reader = OWN_READER) =>
    Effect.flatMap(resolver.resolve(requests), (items) =>
      ask((reply) => ({ tag: "Subscribe", reader, items, reply }))
    )

  return {
    broker,
    initialise: Effect.fnUntraced(function* ({ credentials, user }) {
      const { source } = yield* sessions.of(user)
      source.use(credentials)
      const read = yield* Effect.exit(
        source.read.pipe(Effect.catchTag(["SecretFailed", "ConnectionRefused"], () => Effect.void))
      )
      // Also without credentials: whoever connects all the same waits for them to be stored.
      yield* ask<void>((reply) => ({ tag: "Initialise", reply }))
      yield* read
    }),
    connect: ask<void, ConnectionFailure>((reply) => ({ tag: "Connect", reply })),
    disconnect: ask<void>((reply) => ({ tag: "Disconnect", reply })),
    subscribe,
    unsubscribe: (requests, reader = OWN_READER) =>
      resolver.underEitherName(
        requests,
        (some) => ask((reply) => ({ tag: "Unsubscribe", reader, requests: some, reply })),
        ({ status }) => status === "success"
      ),
    release: (reader) => {
      const some = (most: number) => ask<boolean>((reply) => ({ tag: "Release", reader, most, reply }))
      return some(RELEASED_AT_ONCE).pipe(
        Effect.tap((more) => (more ? breathe : Effect.void)),
        Effect.repeat({ while: (more) => more }),
        Effect.onInterrupt(() => some(Infinity)),
        Effect.asVoid
      )
    },
    status: ask((reply) => ({ tag: "Status", reply })),
    subscriptions: ask((reply) => ({ tag: "Subscriptions", reply })),
    last: (requests) =>
      resolver.underEitherName(
        requests,
        (some) => ask((reply) => ({ tag: "Last", requests: some, reply })),
        ({ frame }) => frame !== undefined
      ),
    report: ask((reply) => ({ tag: "Report", reply })),
    inspect: (exchange, symbol) =>
      Effect.flatMap(resolver.resolve([{ symbol, exchange, mode: "ltp" }]), ([resolved]) =>
        ask((reply) => ({ tag: "Inspect", ...resolver.inTable({ exchange, symbol }), resolved, reply }))
      ),
    ticks: publisher.ticks
  }
})

interface UserSession {
  readonly source: CredentialSource
  readonly actor: Actor<Message>
  readonly scope: Scope.Closeable
}

/** The session of the adapter's user, of whom there is one at a time. */
const makeSessions = Effect.fnUntraced(function* (options: SessionOptions) {
  const { broker, hookFaults } = options
  // A session's fibers are the adapter's, whoever it is that asks for it first.
  const context = yield* Effect.context<Needs>()
  const gate = yield* Semaphore.make(1)
  let current: UserSession | undefined

  const begin = Effect.fnUntraced(function* (user: string) {
    const before = current
    const scope = yield* Scope.fork(yield* Effect.scope)
    const source = yield* makeCredentialSource(broker, user, hookFaults("CredentialStore.get"))
    const actor = yield* Effect.provideService(makeSession(options, source), Scope.Scope, scope)
    current = { source, actor, scope }
    if (before !== undefined) yield* Scope.close(before.scope, Exit.void)
    return current
  })
  const inAdapter = <A>(self: Effect.Effect<A, never, Needs>): Effect.Effect<A> =>
    Effect.updateContext(self, (): Context.Context<Needs> => context)

  const known = (user: string | undefined): UserSession | undefined =>
    user === undefined || current?.source.user === user ? current : undefined

  /** @param user undefined: whoever it is */
  const sessionOf = (user: string | undefined): Effect.Effect<UserSession> =>
    Effect.suspend(() => {
      const session = known(user)
      return session === undefined
        ? Effect.uninterruptible(inAdapter(begin(user ?? LOCAL_USER)))
        : Effect.succeed(session)
    }).pipe(gate.withPermit)

  return {
    /** Another user's session takes the place of the one that there is. */
    of: (user: string) => sessionOf(user),
    /** The one that there is; where nobody has named a user yet, that of nobody in particular. */
    current: Effect.suspend(() => (current === undefined ? sessionOf(undefined) : Effect.succeed(current))),
    /** Another one has taken its place. */
    isOver: (session: UserSession) => session !== current
  }
})
