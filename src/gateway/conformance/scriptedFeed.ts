/**
 * A feed in memory that a script plays: the accounts, instruments and depth levels of a case file's fixture, and ticks on
 * command. Frames go through the real writer and the real bus.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Feed, FeedInfo } from "../../bus/feed.ts"
import { FeedError, NO_BROKER } from "../../bus/feed.ts"
import type { MarketFrame, View } from "../../frame/marketFrame.ts"
import { copyOf, topicOf } from "../../frame/marketFrame.ts"
import { makeFrameWriter } from "../../frame/frameToJson.ts"
import type { SubscriptionCode } from "../../market/errors.ts"
import type { Mode } from "../../market/mode.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { SubscribeRequest, SubscribeResult } from "../../market/subscription.ts"
import type { Tick } from "../../market/tick.ts"
import type { ApiKeys, KeyOwner } from "../../store/users/apiKeys.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import type { FeedStep, Fixture, TickStep } from "./caseFile.ts"
import { FixtureRules } from "./fixtureRules.ts"
import { plainInstrument, plainStatus } from "./quietFeed.ts"

interface Viewed {
  readonly view: View
  readonly write: (tick: Tick) => MarketFrame
  readonly readers: Set<string>
}

const REASON = "the broker could not be reached (scripted)"

const levelMode = { LTP: "ltp", QUOTE: "quote", DEPTH: "depth" } as const

/** `TCS:20` is TCS to the feed, however a script names it. */
const bare = (symbol: string): string => symbol.replace(/:(20|30|50|200)$/, "")

/** Fields that a frame has under two names, by the tick's own name. */
const aliases: Readonly<Record<string, string>> = {
  last_trade_quantity: "ltq",
  last_quantity: "ltq",
  avg_trade_price: "average_price"
}

const toTick = ({ symbol, exchange, level, data }: TickStep): Tick => {
  const { timestamp, ...fields } = data
  const named = Object.entries(fields).flatMap(([key, value]) =>
    // A field without a value is one that the wire did not carry.
    value === null ? [] : [[aliases[key] ?? key, value]]
  )
  return {
    ...(Object.fromEntries(named) as object),
    symbol: bare(symbol),
    exchange,
    mode: levelMode[level],
    received_time: typeof timestamp === "number" ? timestamp : Date.now()
  }
}

export class ScriptedFeed {
  readonly #rules: FixtureRules
  readonly #views = new Map<string, Viewed>()
  readonly #publish: (frames: ReadonlyArray<MarketFrame>) => void
  readonly #tell: (event: FeedEvent) => void
  /** What the script made of users' feeds. */
  readonly #became = new Map<string, FeedStep>()
  readonly #attached = new Set<string>()
  /** Users whose keys give subscriptions back unasked. */
  readonly #resuming = new Set<string>()
  /** `user/reader`, in the order of their going. */
  readonly released: Array<string> = []
  /** The last tick by user, name and mode. */
  readonly #last = new Map<string, MarketFrame>()
  attaches = 0

  constructor(
    fixture: Fixture,
    publish: (frames: ReadonlyArray<MarketFrame>) => void,
    tell: (event: FeedEvent) => void = () => undefined
  ) {
    this.#rules = new FixtureRules(fixture)
    this.#publish = publish
    this.#tell = tell
  }

  /** Changes a user's feed, and tells what a session tells when that happens to it. */
  become(step: FeedStep): void {
    const { resume, state, user_id: user } = step
    if (resume === true) this.#resuming.add(user)
    else if (resume === false) this.#resuming.delete(user)
    const before = this.#stateOf(user)
    this.#became.set(user, step)
    const envelope = { user, broker: this.#brokerOf(user) ?? NO_BROKER, at: Date.now() }
    if (state === before) return
    if (state === "waiting_for_login") this.#tell({ type: state, ...envelope, reason: REASON })
    // No session: nobody who could tell.
    if (before === "no_broker" || before === "unavailable" || before === "unreachable") return
    if (state === "connected")
      this.#tell({ type: "feed_up", ...envelope, connection: 1, gap_ms: 1, restored: 0, failed: 0 })
  }

  hasOrders(user: string): boolean {
    return this.#became.get(user)?.orders !== false
  }

  #stateOf(user: string): FeedStep["state"] {
    const became = this.#became.get(user)?.state
    if (became !== undefined) return became
    const account = this.#rules.account(user)
    if (account?.broker == null) return "no_broker"
    return account.startFails ? "reconnecting" : "connected"
  }

  #brokerOf(user: string): string | undefined {
    return this.#became.get(user)?.broker ?? this.#rules.account(user)?.broker ?? undefined
  }

  /** How many readers hold a topic. */
  readers(topic: string): number {
    return this.#views.get(topic)?.readers.size ?? 0
  }

  get held(): number {
    let count = 0
    for (const { readers } of this.#views.values()) count += readers.size
    return count
  }

  tick(step: TickStep): void {
    const tick = toTick(step)
    const frames: Array<MarketFrame> = []
    for (const { view, write, readers } of this.#views.values()) {
      const asked = view.symbol === tick.symbol && view.exchange === tick.exchange
      const ours = step.account === undefined || step.account === view.user
      if (asked && ours && readers.size > 0 && (refreshes[tick.mode] & modeBit[view.mode]) !== 0) {
        const frame = write(tick)
        frames.push(frame)
        this.#last.set(`${view.user}/${view.exchange}:${view.symbol}/${view.mode}`, copyOf(frame))
      }
    }
    this.#publish(frames)
  }

  #info(user: string): Effect.Effect<FeedInfo, FeedError> {
    const state = this.#stateOf(user)
    const broker = this.#brokerOf(user)
    if (state === "unavailable" || state === "unreachable") {
      const code = state === "unavailable" ? "BROKER_INIT_ERROR" : "BROKER_CONNECTION_ERROR"
      return Effect.fail(new FeedError({ code, detail: `the feed is ${state} (scripted)` }))
    }
    if (state === "no_broker" || broker === undefined) {
      const detail = "No broker configuration found for user"
      return Effect.fail(new FeedError({ code: "BROKER_ERROR", detail }))
    }
    return Effect.succeed({
      broker,
      state,
      modes: ["ltp", "quote", "depth"],
      ...(state === "connected" ? {} : { reason: REASON })
    })
  }

  /** As a feed with sessions does: it knows those that came. */
  #infoFor(user: string, reader: string): Effect.Effect<FeedInfo, FeedError> {
    return Effect.flatMap(this.#info(user), (info) =>
      this.#attached.has(`${user}/${reader}`)
        ? Effect.succeed(info)
        : Effect.fail(new FeedError({ code: "BROKER_ERROR", detail: "No session runs for user" }))
    )
  }

  /** @param held the user's instruments upstream; the new one is put in */
  #hold(
    info: FeedInfo,
    user: string,
    reader: string,
    request: SubscribeRequest,
    held: Set<string>
  ): SubscribeResult {
    const { symbol, exchange, mode, depth = 5 } = request
    const failed = (code: SubscriptionCode, message: string): SubscribeResult => ({
      status: "error",
      symbol,
      exchange,
      code,
      message
    })
    if (!this.#rules.exists(symbol, exchange)) {
      return failed("SYMBOL_NOT_FOUND", `Symbol ${symbol} not found for exchange ${exchange}`)
    }
    if (mode === "depth" && !this.#rules.knowsLevel(depth)) {
      return failed("INVALID_DEPTH", `Invalid depth level ${depth}`)
    }
    const { capacity } = this.#rules
    if (held.size >= capacity && !held.has(`${exchange}:${symbol}`)) {
      return failed("MAX_CAPACITY_REACHED", `The account has all of the ${capacity} symbols that it may have`)
    }
    held.add(`${exchange}:${symbol}`)
    const actual = mode === "depth" ? this.#rules.levelGiven(exchange, depth) : depth
    const topic = topicOf(user, exchange, symbol, mode, depth)
    let viewed = this.#views.get(topic)
    if (viewed === undefined) {
      const levels = mode === "depth" ? actual : 0
      const view: View = { topic, user, broker: info.broker, symbol, exchange, mode, levels }
      viewed = { view, write: makeFrameWriter(view), readers: new Set() }
      this.#views.set(topic, viewed)
    }
    viewed.readers.add(reader)
    return {
      status: "success",
      symbol,
      exchange,
      mode,
      requested_depth: depth,
      actual_depth: actual,
      is_fallback: actual !== depth,
      ...(actual === depth ? {} : { message: `Using depth level ${actual} instead of requested ${depth}` }),
      topic
    }
  }

  #instrumentsOf(user: string): Set<string> {
    const held = new Set<string>()
    for (const { readers, view } of this.#views.values()) {
      if (readers.size > 0 && view.user === user) held.add(`${view.exchange}:${view.symbol}`)
    }
    return held
  }

  #drop(reader: string, symbol: string, exchange: string, mode: Mode | undefined): ReadonlyArray<string> {
    const topics: Array<string> = []
    for (const { view, readers } of this.#views.values()) {
      const named = view.symbol === symbol && view.exchange === exchange
      if (named && (mode === undefined || mode === view.mode) && readers.delete(reader))
        topics.push(view.topic)
    }
    return topics
  }

  get service(): Feed["Service"] {
    return {
      brokers: Effect.succeed(this.#rules.brokers),
      info: (user) => this.#info(user),
      last: (user, requests) =>
        Effect.sync(() =>
          requests.map(({ exchange, mode, symbol }) => {
            const frame = this.#last.get(`${user}/${exchange}:${symbol}/${mode}`)
            const known = frame === undefined ? {} : { frame: frame.payload.toString() }
            const { exchanged = 0, received = 0 } = frame ?? {}
            return { symbol, exchange, mode, ...known, received, exchanged }
          })
        ),
      status: (user) => Effect.map(this.#info(user), ({ broker }) => plainStatus(user, broker)),
      instrument: (user, exchange, symbol) =>
        Effect.map(this.#info(user), () => plainInstrument(exchange, symbol)),
      attach: (user, reader) =>
        Effect.suspend(() => {
          this.attaches++
          return Effect.tap(this.#info(user), () =>
            Effect.sync(() => this.#attached.add(`${user}/${reader}`))
          )
        }),
      subscribe: (user, reader, requests) =>
        Effect.map(this.#infoFor(user, reader), (info) => {
          const held = this.#instrumentsOf(user)
          return requests.map((request) => this.#hold(info, user, reader, request, held))
        }),
      unsubscribe: (user, reader, requests) =>
        Effect.map(this.#infoFor(user, reader), () =>
          requests.map(({ symbol, exchange, mode }) => {
            const topics = this.#drop(reader, symbol, exchange, mode)
            const message = `Not subscribed to ${exchange}:${symbol}`
            return topics.length > 0
              ? { status: "success" as const, symbol, exchange, topics }
              : { status: "error" as const, symbol, exchange, code: "NOT_SUBSCRIBED" as const, message }
          })
        ),
      release: (user, reader) =>
        Effect.sync(() => {
          this.released.push(`${user}/${reader}`)
          this.#attached.delete(`${user}/${reader}`)
          for (const { readers } of this.#views.values()) readers.delete(reader)
        })
    }
  }

  #identify(key: string): Effect.Effect<KeyOwner | undefined> {
    return Effect.suspend(() => {
      const account = this.#rules.accountOfKey(key)
      const owner =
        account === undefined ? undefined : { ...account, resume: this.#resuming.has(account.user) }
      return Effect.delay(Effect.succeed(owner), account?.verifyDelayMs ?? 0)
    })
  }

  get keys(): ApiKeys["Service"] {
    return {
      verify: (key) => Effect.map(this.#identify(key), (found) => found?.user),
      identify: (key) => this.#identify(key),
      live: (ids) => Effect.succeed(new Set(ids)),
      create: () => Effect.succeed({ id: 1, key: Redacted.make("scripted") }),
      list: () => Effect.succeed([]),
      revoke: () => Effect.succeed(false),
      setResume: () => Effect.succeed(false)
    }
  }
}
