/**
 * The session: the actor behind the BrokerAdapter of every broker whose protocol we speak. Its fiber owns the
 * desk (what readers want, which connection carries it); connections are its supervised children and speak to
 * it by message, as everybody else does.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AdapterStatus, BrokerAdapter, Holding } from "../brokers/adapter.ts"
import type { Broker } from "../brokers/broker.ts"
import { feedsOf } from "../brokers/broker.ts"
import type { FrameBus } from "../bus/frameBus.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import { AuthRejected, ConnectionLost } from "../market/errors.ts"
import type { FeedStatus, InstrumentStatus } from "../market/feedStatus.ts"
import { modeBit } from "../market/mode.ts"
import type { SubscribeResult, UnsubscribeRequest, UnsubscribeResult } from "../market/subscription.ts"
import type { Protocol } from "../protocols/protocol.ts"
import type { CredentialStore } from "../store/credentials.ts"
import type { Instruments } from "../store/instruments.ts"
import { makeActor } from "./actor.ts"
import { describeBroker } from "./capabilities.ts"
import type { Link } from "./connection.ts"
import { keepConnected } from "./connection.ts"
import type { Unusable } from "./credentialSource.ts"
import { makeCredentialSource } from "./credentialSource.ts"
import type { Orders } from "./desk.ts"
import type { Feed } from "./desk.ts"
import { Desk } from "./desk.ts"
import * as metrics from "./metrics.ts"
import { forget } from "./picture.ts"
import type { Slot } from "./pool.ts"
import { makePublisher } from "./publisher.ts"
import type { ReconnectOptions } from "./reconnect.ts"
import type { Resolved } from "./resolver.ts"
import { makeResolver } from "./resolver.ts"
import { makeSampledLog } from "./sampledLog.ts"
import { Transport } from "./transport.ts"

type Reply<A, E = never> = Deferred.Deferred<A, E>

type Message =
  | { readonly tag: "Initialise"; readonly reply: Reply<void> }
  | { readonly tag: "Connect"; readonly reply: Reply<void, ConnectionFailure> }
  | { readonly tag: "Disconnect"; readonly reply: Reply<void> }
  | {
      readonly tag: "Hold"
      readonly reader: string
      readonly items: ReadonlyArray<Resolved>
      readonly reply: Reply<ReadonlyArray<SubscribeResult>>
    }
  | {
      readonly tag: "Drop"
      readonly reader: string
      readonly requests: ReadonlyArray<UnsubscribeRequest>
      readonly reply: Reply<ReadonlyArray<UnsubscribeResult>>
    }
  | { readonly tag: "Release"; readonly reader: string; readonly reply: Reply<void> }
  | { readonly tag: "Status"; readonly reply: Reply<AdapterStatus> }
  | { readonly tag: "Report"; readonly reply: Reply<FeedStatus> }
  | {
      readonly tag: "Inspect"
      readonly exchange: string
      readonly symbol: string
      readonly reply: Reply<InstrumentStatus>
    }
  | { readonly tag: "Holdings"; readonly reply: Reply<ReadonlyArray<Holding>> }
  | { readonly tag: "CredentialsChanged" }
  | { readonly tag: "Connecting"; readonly slot: number }
  | { readonly tag: "Up"; readonly slot: number; readonly link: Link }
  | { readonly tag: "Down"; readonly slot: number; readonly failure: ConnectionFailure }
  | { readonly tag: "Parked"; readonly slot: number; readonly reason: AuthRejected | Unusable }

export interface SessionOptions {
  readonly broker: Broker
  readonly protocol: Protocol
  /** Those of the broker's deep feeds, in their order. */
  readonly deepProtocols?: ReadonlyArray<Protocol>
  readonly reconnect?: ReconnectOptions
}

/** The reader of those who do not name one. */
const OWN_READER = "adapter"

/** The session's state, out of its connections' states. */
const stateOf = (
  slots: ReadonlyArray<Slot>,
  running: boolean
): { readonly state: AdapterStatus["state"]; readonly reason?: string } => {
  if (!running) return { state: "idle" }
  const parked = slots.find((s) => s.state.tag === "parked")?.state
  if (parked?.tag === "parked") return { state: "waiting_for_login", reason: parked.reason }
  if (slots.some((s) => s.state.tag === "up")) return { state: "connected" }
  const down = slots.find((s) => s.state.tag === "down")?.state
  return {
    state: slots.some((s) => s.hasBeenUp) ? "reconnecting" : "connecting",
    ...(down?.tag === "down" ? { reason: down.reason } : {})
  }
}

/** Makes the adapter. Everything in it ends with the scope. */
export const makeSession = Effect.fnUntraced(function* (
  options: SessionOptions
): Effect.fn.Return<
  BrokerAdapter["Service"],
  never,
  Transport | CredentialStore | Instruments | FrameBus | Scope.Scope
> {
  const { broker, protocol } = options
  const protocols = [protocol, ...(options.deepProtocols ?? [])]
  const feeds = feedsOf(broker).map((feed, i): Feed => ({ broker: feed, protocol: protocols[i]! }))
  const transport = yield* Transport
  const count = yield* metrics.forBroker(broker.name)
  const log = yield* makeSampledLog
  const publisher = yield* makePublisher(count, log, broker.name)
  const source = yield* makeCredentialSource(broker)
  const resolver = yield* makeResolver(broker)
  const children = yield* FiberMap.make<number, never, never>()

  // ---- state of the actor: touched by its fiber only ----
  let desk = new Desk(source.user(), broker, feeds)
  let running = false
  let waiting: Array<Reply<void, ConnectionFailure>> = []

  const status = (): AdapterStatus => ({
    broker: broker.name,
    // A deep feed that is down costs its readers levels, not prices.
    ...stateOf(
      desk.slots.filter((s) => s.feed === 0),
      running
    ),
    connections: desk.slots.filter((s) => s.state.tag === "up").length,
    instruments: desk.book.size
  })

  const report = (): FeedStatus => {
    const { reason, state } = status()
    return {
      user: source.user(),
      broker: broker.name,
      state,
      ...(reason === undefined ? {} : { reason }),
      connections: [],
      instruments: { wanted: desk.book.size, sent: 0, confirmed: 0, failed: 0, stale: 0 },
      expecting_ticks: true,
      decisions: []
    }
  }
  const inspect = (exchange: string, symbol: string): InstrumentStatus => ({
    symbol,
    exchange,
    resolved: true,
    ticks: 0,
    rejected: 0,
    stale: false,
    readers: desk.book.find(exchange, symbol)?.views.length ?? 0,
    market_open: true,
    verdict: ""
  })

  /** Answers those who wait for the outcome of the first attempt. */
  const settle = (outcome: Effect.Effect<void, ConnectionFailure>): void => {
    for (const reply of waiting) Deferred.doneUnsafe(reply, outcome)
    waiting = []
  }

  const startChild = (slot: Slot) => {
    const feed = feeds[slot.feed]!
    const partial = feed.protocol.partial === true
    // The one before it may have ended without a word to this actor.
    for (const entry of slot.assigned.keys()) forget(entry, slot.feed)
    return FiberMap.run(
      children,
      slot.id,
      keepConnected({
        ...feed,
        ...(options.reconnect === undefined ? {} : { reconnect: options.reconnect }),
        credentials: source.read,
        onTick:
          feeds.length > 1 || partial
            ? publisher.joining(slot.feed, partial, broker.deepFeeds?.[slot.feed - 1]?.levels)
            : publisher.onTick,
        onReject: publisher.onReject,
        onFrame: count.frame,
        onEvent: (event) => {
          if (event.type === "refused") {
            count.refused()
            log.warn(`${broker.name}: the broker refused a request`, () =>
              `${event.code ?? ""} ${event.detail}`.trim()
            )
          } else if (event.type === "notice")
            log.warn(`${broker.name}: message from the broker`, () => event.text)
        },
        onConnecting: actor.tell({ tag: "Connecting", slot: slot.id }),
        onUp: (link) => actor.tell({ tag: "Up", slot: slot.id, link }),
        onDown: (failure) => actor.tell({ tag: "Down", slot: slot.id, failure }),
        onParked: (reason) => actor.tell({ tag: "Parked", slot: slot.id, reason })
      }).pipe(Effect.provideService(Transport, transport))
    )
  }

  const carryOut = Effect.fnUntraced(function* (orders: Orders) {
    if (running) for (const slot of orders.open) yield* startChild(slot)
    for (const [slot, changes] of orders.send) if (slot.state.tag === "up") slot.state.link.request(changes)
    for (const slot of orders.close) yield* FiberMap.remove(children, slot.id)
    count.instruments(desk.book.size)
  })

  const connect = Effect.fnUntraced(function* (reply: Reply<void, ConnectionFailure>) {
    const { reason, state } = status()
    if (state === "connected") return Deferred.doneUnsafe(reply, Effect.void)
    if (state === "waiting_for_login") {
      return Deferred.doneUnsafe(
        reply,
        Effect.fail(new AuthRejected({ detail: reason ?? "waiting for login" }))
      )
    }
    waiting.push(reply)
    if (running) return
    running = true
    yield* Effect.logInfo(describeBroker(broker))
    if (desk.slots.length === 0) desk.openMain()
    for (const slot of desk.slots) yield* startChild(slot)
  })

  const disconnect = Effect.suspend(() => {
    running = false
    for (const slot of desk.slots) slot.state = { tag: "down", reason: "disconnected" }
    settle(Effect.fail(new ConnectionLost({ detail: "disconnected" })))
    count.connections(0)
    return FiberMap.clear(children)
  })

  const onUp = (slot: Slot, link: Link) => {
    slot.state = { tag: "up", link }
    slot.hasBeenUp = true
    // A fresh connection knows nothing: restore all that is wanted, richest first.
    const wanted = [...slot.assigned].map(([entry, to]) => ({ entry, from: undefined, to }))
    wanted.sort((a, b) => modeBit[b.to.mode] - modeBit[a.to.mode] || b.to.depth - a.to.depth)
    link.request(wanted)
    settle(Effect.void)
    count.connected()
    count.connections(status().connections)
    return Effect.logInfo(
      `${broker.name}: connection ${slot.id} is up, ${wanted.length} instruments to subscribe`
    )
  }

  const onDown = (slot: Slot, failure: ConnectionFailure) => {
    for (const entry of slot.assigned.keys()) forget(entry, slot.feed)
    slot.state = { tag: "down", reason: failure.message }
    settle(Effect.fail(failure))
    count.failed(failure._tag)
    count.connections(status().connections)
    log.warn(`${broker.name}: connection ${slot.id}`, () => failure.message)
    return Effect.void
  }

  const onParked = (slot: Slot, reason: AuthRejected | Unusable) => {
    slot.state = { tag: "parked", reason: reason.message }
    settle(
      Effect.fail(reason._tag === "AuthRejected" ? reason : new AuthRejected({ detail: reason.message }))
    )
    return Effect.logWarning(
      `${broker.name}: ${reason.message}; waiting until new credentials are stored ("algoways credentials set")`
    )
  }

  const reconnectAll = Effect.suspend(() =>
    running
      ? Effect.andThen(
          Effect.logInfo(`${broker.name}: the credentials changed, connecting anew`),
          Effect.forEach(desk.slots, startChild, { discard: true })
        )
      : Effect.void
  )

  const handle = (message: Message): Effect.Effect<unknown> => {
    switch (message.tag) {
      case "Initialise":
        // Views carry the user's name, so they are made for one user only.
        if (desk.book.size === 0 && !running) desk = new Desk(source.user(), broker, feeds)
        return Effect.andThen(reconnectAll, Deferred.succeed(message.reply, undefined))
      case "Connect":
        return connect(message.reply)
      case "Disconnect":
        return Effect.andThen(disconnect, Deferred.succeed(message.reply, undefined))
      case "Hold": {
        const { orders, results } = desk.hold(message.reader, message.items)
        return Effect.andThen(carryOut(orders), Deferred.succeed(message.reply, results))
      }
      case "Drop": {
        const { orders, results } = desk.drop(message.reader, message.requests)
        return Effect.andThen(carryOut(orders), Deferred.succeed(message.reply, results))
      }
      case "Release":
        return Effect.andThen(
          carryOut(desk.release(message.reader)),
          Deferred.succeed(message.reply, undefined)
        )
      case "Status":
        return Deferred.succeed(message.reply, status())
      case "Holdings":
        return Deferred.succeed(message.reply, desk.book.holdings())
      case "Report":
        return Deferred.succeed(message.reply, report())
      case "Inspect":
        return Deferred.succeed(message.reply, inspect(message.exchange, message.symbol))
      case "CredentialsChanged":
        return reconnectAll
      default: {
        const slot = desk.slot(message.slot)
        // A message of a connection that was closed meanwhile.
        if (slot === undefined || !running) return Effect.void
        if (message.tag === "Up") return onUp(slot, message.link)
        if (message.tag === "Down") return onDown(slot, message.failure)
        if (message.tag === "Parked") return onParked(slot, message.reason)
        // Keeps the reason of the failure in sight while the next attempt runs.
        if (slot.state.tag !== "down") slot.state = { tag: "connecting" }
        return Effect.void
      }
    }
  }

  const actor = yield* makeActor<Message>(`session ${broker.name}`, handle)

  yield* source.changes.pipe(
    Stream.runForEach(() => actor.tell({ tag: "CredentialsChanged" })),
    Effect.tapCause((cause) => Effect.logError(`${broker.name}: the watch on credentials stopped`, cause)),
    Effect.forkScoped
  )

  return {
    broker,
    initialise: ({ credentials, user }) =>
      Effect.gen(function* () {
        source.use(user, credentials)
        yield* source.read.pipe(Effect.catchTag(["SecretFailed", "ConnectionRefused"], () => Effect.void))
        yield* actor.ask<void, never>((reply) => ({ tag: "Initialise", reply }))
      }),
    connect: actor.ask((reply) => ({ tag: "Connect", reply })),
    disconnect: actor.ask<void, never>((reply) => ({ tag: "Disconnect", reply })),
    subscribe: (requests, reader = OWN_READER) =>
      Effect.flatMap(resolver.resolve(requests), (items) =>
        actor.ask((reply) => ({ tag: "Hold", reader, items, reply }))
      ),
    unsubscribe: (requests, reader = OWN_READER) =>
      actor.ask((reply) => ({ tag: "Drop", reader, requests, reply })),
    release: (reader) => actor.ask<void, never>((reply) => ({ tag: "Release", reader, reply })),
    status: actor.ask((reply) => ({ tag: "Status", reply })),
    holdings: actor.ask((reply) => ({ tag: "Holdings", reply })),
    report: actor.ask((reply) => ({ tag: "Report", reply })),
    inspect: (exchange, symbol) => actor.ask((reply) => ({ tag: "Inspect", exchange, symbol, reply })),
    ticks: publisher.ticks
  }
})
