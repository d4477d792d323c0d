/**
 * A feed whose market is a recording: the shipped decoder, guard and frame writer, at the recorded times or at any
 * speed, for the gateway's readers.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broker } from "../../brokers/broker.ts"
import { Feed } from "../../bus/feed.ts"
import type { FeedInfo } from "../../bus/feed.ts"
import type { MarketFrame } from "../../frame/marketFrame.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit } from "../../market/mode.ts"
import type { SubscribeRequest, SubscribeResult, UnsubscribeResult } from "../../market/subscription.ts"
import type { Tick } from "../../market/tick.ts"
import { isExchange } from "../../market/exchange.ts"
import type { Protocol } from "../../protocols/protocol.ts"
import { chooseDepth } from "../subscriptions/depth.ts"
import { mergeTick } from "../ticks/tickMerge.ts"
import { DEFAULT_DEPTH } from "../subscriptions/resolver.ts"
import { Subscriptions } from "../subscriptions/subscriptions.ts"

export class ReplayFeed extends Context.Service<
  ReplayFeed,
  {
    /** Publishes a decoded tick to the readers of its instrument. */
    readonly tick: (instrument: WireInstrument, tick: Tick, refreshes: number, now: number) => void
  }
>()("algoways/session/ReplayFeed") {
  static readonly layer = (
    broker: Broker,
    protocol: Protocol,
    user: string,
    instruments: ReadonlyArray<WireInstrument>
  ): Layer.Layer<ReplayFeed | Feed, never, FrameBus> =>
    Layer.effectContext(
      Effect.map(FrameBus, (bus) => {
        const { feed, tick } = make(broker, protocol, user, instruments, bus.publish)
        return Context.make(ReplayFeed, ReplayFeed.of({ tick })).pipe(Context.add(Feed, feed))
      })
    )
}

const make = (
  broker: Broker,
  protocol: Protocol,
  user: string,
  instruments: ReadonlyArray<WireInstrument>,
  publish: FrameBus["Service"]["publish"]
) => {
  const subscriptions = new Subscriptions(user, broker)
  const byName = new Map(instruments.map((i) => [nameOf(i), i]))
  const info: FeedInfo = { broker: broker.name, state: "connected", modes: broker.modes }

  const tick = (instrument: WireInstrument, decoded: Tick, refreshes: number, now: number): void => {
    const subscribed = subscriptions.find(instrument.exchange, instrument.symbol)
    if (subscribed === undefined) return
    const partial = protocol.partial === true
    const merged = partial ? mergeTick(subscribed, 0, true, decoded, refreshes) : { tick: decoded, refreshes }
    const serves =
      subscribed.bookless && (merged.refreshes & modeBit.quote) !== 0
        ? merged.refreshes | modeBit.depth
        : merged.refreshes
    for (const [i, bit] of [modeBit.ltp, modeBit.quote, modeBit.depth].entries()) {
      if ((serves & bit) !== 0) subscribed.last[i] = merged.tick
    }
    const frames: Array<MarketFrame> = []
    for (const view of subscribed.views)
      if ((serves & view.bit) !== 0) frames.push(view.write(merged.tick, now))
    if (frames.length > 0) publish(frames)
  }

  const subscribe = (
    reader: string,
    { depth, exchange, mode, symbol }: SubscribeRequest
  ): SubscribeResult => {
    const found = byName.get(nameOf({ exchange, symbol }))
    if (found === undefined || !isExchange(exchange)) {
      const message = `The recording has no ${exchange}:${symbol}`
      return { status: "error", symbol, exchange, code: "SYMBOL_NOT_FOUND", message }
    }
    const requested = depth ?? DEFAULT_DEPTH
    const choice = mode === "depth" ? chooseDepth(broker, exchange, requested) : undefined
    if (choice?.tag === "invalid") {
      return { status: "error", symbol, exchange, code: "INVALID_DEPTH", message: choice.message }
    }
    const bookless = broker.exchanges[exchange]?.depthLevels.length === 0
    const listed = { ...found, name: symbol, lotSize: 1, tickSize: 0, type: "EQ" as const }
    const { view } = subscriptions.add(reader, listed, mode, requested, choice?.actual ?? 0, bookless)
    return {
      status: "success",
      symbol,
      exchange,
      mode,
      requested_depth: requested,
      actual_depth: choice?.actual ?? requested,
      is_fallback: choice?.fallback ?? false,
      message: "the ticks are those of a recording",
      topic: view.topic
    }
  }

  const feed: Feed["Service"] = {
    brokers: Effect.succeed([broker.name]),
    attach: () => Effect.succeed(info),
    info: () => Effect.succeed(info),
    subscribe: (_, reader, requests) => Effect.sync(() => requests.map((r) => subscribe(reader, r))),
    unsubscribe: (_, reader, requests) =>
      Effect.sync(() =>
        requests.map(({ exchange, mode, symbol }): UnsubscribeResult => ({
          status: "success",
          symbol,
          exchange,
          topics: subscriptions.remove(reader, exchange, symbol, mode).topics
        }))
      ),
    release: (_, reader) => Effect.sync(() => void subscriptions.release(reader)),
    last: (_, requests) => Effect.sync(() => requests.map((request) => subscriptions.last(request))),
    status: () =>
      Effect.sync(() => ({
        user,
        broker: broker.name,
        state: "connected" as const,
        reason: "a recording is replayed",
        connections: [],
        instruments: { wanted: 0, sent: 0, confirmed: subscriptions.size, failed: 0, stale: 0 },
        expecting_ticks: true,
        decisions: []
      })),
    instrument: (_, exchange, symbol) =>
      Effect.sync(() => ({
        symbol,
        exchange,
        resolved: byName.has(nameOf({ exchange, symbol })),
        ticks: 0,
        rejected: 0,
        stale: false,
        readers: subscriptions.find(exchange, symbol)?.views.length ?? 0,
        market_open: true,
        verdict: "A recording is replayed: it ticks when it did"
      }))
  }
  return { feed, tick }
}
