/**
 * The session: one user at one broker, for as long as it lives. An actor: its fiber owns what readers want and which
 * connection carries it; connections are its supervised children and speak to it by message, as everybody else does.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Broker } from "../brokers/broker.ts"
import type { FrameBus } from "../bus/frameBus.ts"
import type { SampledLog } from "../kit/sampledLog.ts"
import type { MarketHours } from "../market/hours.ts"
import { monotonicOf } from "../kit/monotonic.ts"
import type { Actor } from "./actor.ts"
import { makeActor } from "./actor.ts"
import { makeConnectionEvents } from "./connection/connectionEvents.ts"
import { makeConnectionSupervisor } from "./connection/connectionSupervisor.ts"
import type { CredentialSource } from "./connection/credentialSource.ts"
import { watchCredentials } from "./connection/credentialWatch.ts"
import type { ReconnectOptions } from "./connection/retrySchedule.ts"
import type { HookFaults } from "./containment.ts"
import { SubscriptionUpdates } from "./feed/subscriptionUpdates.ts"
import { makeFeedEventPublisher } from "./health/feedEventPublisher.ts"
import { makeHealthCheck } from "./health/healthCheck.ts"
import type { Lapse } from "./health/lapse.ts"
import type { Intensity } from "./health/restartIntensity.ts"
import { RestartIntensity } from "./health/restartIntensity.ts"
import type { RunState } from "./health/sessionStatus.ts"
import { makeSessionStatus } from "./health/sessionStatus.ts"
import { makeLifecycle } from "./lifecycle.ts"
import { makeMessageHandler } from "./messageHandler.ts"
import type { Message } from "./messages.ts"
import type { BrokerMetrics } from "./metrics.ts"
import type { BrokerStream } from "./subscriptions/planner.ts"
import { SubscriptionPlanner } from "./subscriptions/planner.ts"
import type { Publisher } from "./ticks/publisher.ts"
import type { Transport } from "./transport/transport.ts"

/** What a session works with, whoever its user is. */
export interface SessionOptions {
  readonly broker: Broker
  /** The broker's streams, the main one first. */
  readonly streams: ReadonlyArray<BrokerStream>
  readonly reconnect: ReconnectOptions | undefined
  readonly intensity: Intensity | undefined
  /** How long an instrument stays subscribed upstream after its last reader. */
  readonly lingerMs: number
  readonly lapse: Lapse
  readonly hours: MarketHours
  readonly bus: Pick<FrameBus["Service"], "publish" | "tell">
  readonly publisher: Publisher
  readonly count: BrokerMetrics
  readonly log: SampledLog
  readonly hookFaults: HookFaults
}

/** How often the health check looks. */
const LOOK_EVERY_MS = 1000

/** Everything in it ends with the scope. */
export const makeSession = Effect.fnUntraced(function* (
  options: SessionOptions,
  source: CredentialSource
): Effect.fn.Return<Actor<Message>, never, Transport | Scope.Scope> {
  const { broker, bus, count, hookFaults, lapse, lingerMs, log, publisher, streams } = options
  const { user } = source
  const clock = yield* Clock.Clock
  const now = monotonicOf(clock)
  const tell = (message: Message) => actor.tell(message)
  const run = Effect.runForkWith(yield* Effect.context<never>())

  const planner = new SubscriptionPlanner(user, broker, streams, lingerMs === 0 ? undefined : now)
  const state: RunState = { running: false, unavailable: undefined }
  const restarts = new RestartIntensity(options.intensity)
  const updates = new SubscriptionUpdates(() => void run(tell({ tag: "Updates" })))
  const about = { broker: broker.name, user, count, restarts, bus, flush: publisher.flush }
  const events = yield* makeFeedEventPublisher(about)
  const supervisor = yield* makeConnectionSupervisor({ ...options, source, planner, updates, tell })
  const healthCheck = makeHealthCheck({
    ...options,
    planner,
    events,
    updates,
    carryOut: (actions) => lifecycle.carryOut(actions)
  })
  const status = makeSessionStatus({ ...options, user, planner, state, healthCheck, restarts, clock })
  yield* Effect.addFinalizer(() => Effect.sync(status.ended))
  const parts = { broker, planner, state, status, healthCheck, events, count, now }
  const lifecycle = yield* makeLifecycle({ ...parts, supervisor, restarts, tell })
  const { countConnections } = status
  const connections = makeConnectionEvents({
    ...parts,
    log,
    lapse,
    settle: lifecycle.settle,
    connections: countConnections
  })
  const handle = makeMessageHandler({ ...parts, lifecycle, connections, updates, clock, lingerMs })
  const actor = yield* makeActor<Message>(`session ${broker.name}`, handle)

  const stored = watchCredentials(source, hookFaults("CredentialStore.changes"), (version) =>
    tell({ tag: "CredentialsChanged", stored: version })
  )
  yield* Effect.forkScoped(stored)
  yield* tell({ tag: "Look" }).pipe(
    Effect.repeat(Schedule.spaced(LOOK_EVERY_MS)),
    Effect.tapCause((cause) => Effect.logError("the health check stopped", cause)),
    Effect.forkScoped
  )
  return actor
})
