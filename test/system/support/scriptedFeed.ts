/**
 * A feed in memory that a test plays: the accounts, instruments and depth levels of the conversation cases, and
 * ticks on command. Frames go through the real writer and the real bus.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { FeedError } from "../../../src/bus/feed.ts"
import { plainInstrument, plainStatus } from "../../support/quietFeed.ts"
import type { Feed, FeedInfo } from "../../../src/bus/feed.ts"
import type { Frame, View } from "../../../src/bus/frame.ts"
import { topicOf } from "../../../src/bus/frame.ts"
import { makeFrameWriter } from "../../../src/bus/frameWriter.ts"
import type { Mode } from "../../../src/market/mode.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { SubscribeRequest, SubscribeResult } from "../../../src/market/subscription.ts"
import type { Tick } from "../../../src/market/tick.ts"
import type { ApiKeys } from "../../../src/store/apiKeys.ts"
import type { TickStep } from "./clientCases.ts"

export interface Account {
  readonly user: string
  /** Null: no broker chosen. */
  readonly broker: string | null
  readonly verifyDelayMs?: number
  /** The session exists and cannot connect. */
  readonly startFails?: boolean
}

interface Viewed {
  readonly view: View
  readonly write: (tick: Tick) => Frame
  readonly readers: Set<string>
}

const KNOWN_LEVELS = [5, 20, 30, 50]
const levelsOf = (exchange: string): ReadonlyArray<number> =>
  exchange === "NSE" || exchange === "NFO" ? [5, 20] : [5]

const levelMode = { LTP: "ltp", QUOTE: "quote", DEPTH: "depth" } as const

const exists = (symbol: string, exchange: string): boolean => {
  if (exchange === "NSE") return /^(RELIANCE|TCS|INFY|NIFTY|BULK\d{4})$/.test(symbol)
  const others = new Set(["BSE:RELIANCE", "NSE_INDEX:NIFTY", "CRYPTO:SOL_INR"])
  return others.has(`${exchange}:${symbol}`)
}

const toTick = ({ symbol, exchange, level, data }: TickStep): Tick => {
  const { timestamp, last_trade_quantity, ...fields } = data
  return {
    ...fields,
    symbol,
    exchange,
    mode: levelMode[level],
    received_time: Number(timestamp),
    ...(last_trade_quantity === undefined ? {} : { ltq: Number(last_trade_quantity) })
  }
}

export class ScriptedFeed {
  readonly #accounts: Readonly<Record<string, Account>>
  readonly #views = new Map<string, Viewed>()
  readonly #publish: (frames: ReadonlyArray<Frame>) => void
  /** `user/reader`, in the order of their going. */
  readonly released: Array<string> = []
  /** The last tick by user, name and mode. */
  readonly #last = new Map<string, Frame>()
  attaches = 0

  /** @param accounts by API key */
  constructor(accounts: Readonly<Record<string, Account>>, publish: (frames: ReadonlyArray<Frame>) => void) {
    this.#accounts = accounts
    this.#publish = publish
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
    const frames: Array<Frame> = []
    for (const { view, write, readers } of this.#views.values()) {
      const asked = view.symbol === step.symbol && view.exchange === step.exchange
      const ours = step.account === undefined || step.account === view.user
      if (asked && ours && readers.size > 0 && (refreshes[tick.mode] & modeBit[view.mode]) !== 0) {
        const frame = write(tick)
        frames.push(frame)
        this.#last.set(`${view.user}/${view.exchange}:${view.symbol}/${view.mode}`, frame)
      }
    }
    this.#publish(frames)
  }

  #info(user: string): Effect.Effect<FeedInfo, FeedError> {
    const account = Object.values(this.#accounts).find((a) => a.user === user)
    if (account === undefined || account.broker === null) {
      const detail = "No broker configuration found for user"
      return Effect.fail(new FeedError({ code: "BROKER_ERROR", detail }))
    }
    return Effect.succeed({
      broker: account.broker,
      state: account.startFails === true ? "reconnecting" : "connected",
      modes: ["ltp", "quote", "depth"]
    })
  }

  #hold(info: FeedInfo, user: string, reader: string, request: SubscribeRequest): SubscribeResult {
    const { symbol, exchange, mode, depth = 5 } = request
    const failed = (code: "SYMBOL_NOT_FOUND" | "INVALID_DEPTH", message: string): SubscribeResult => ({
      status: "error",
      symbol,
      exchange,
      code,
      message
    })
    if (!exists(symbol, exchange)) {
      return failed("SYMBOL_NOT_FOUND", `Symbol ${symbol} not found for exchange ${exchange}`)
    }
    if (mode === "depth" && !KNOWN_LEVELS.includes(depth)) {
      return failed("INVALID_DEPTH", `Invalid depth level ${depth}`)
    }
    const actual = mode === "depth" ? Math.max(...levelsOf(exchange).filter((l) => l <= depth)) : depth
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
      brokers: Effect.succeed(["alpha", "beta"]),
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
      attach: (user) =>
        Effect.suspend(() => {
          this.attaches++
          const account = Object.values(this.#accounts).find((a) => a.user === user)
          const detail = "the broker could not be reached (scripted)"
          return account?.startFails === true
            ? Effect.fail(new FeedError({ code: "BROKER_CONNECTION_ERROR", detail }))
            : this.#info(user)
        }),
      subscribe: (user, reader, requests) =>
        Effect.map(this.#info(user), (info) => requests.map((r) => this.#hold(info, user, reader, r))),
      unsubscribe: (user, reader, requests) =>
        Effect.map(this.#info(user), () =>
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
          for (const { readers } of this.#views.values()) readers.delete(reader)
        })
    }
  }

  #identify(key: string): Effect.Effect<{ readonly id: number; readonly user: string } | undefined> {
    return Effect.suspend(() => {
      const account = Object.hasOwn(this.#accounts, key) ? this.#accounts[key] : undefined
      const id = Object.keys(this.#accounts).indexOf(key)
      const found = account === undefined ? undefined : { id, user: account.user }
      return Effect.delay(Effect.succeed(found), account?.verifyDelayMs ?? 0)
    })
  }

  get keys(): ApiKeys["Service"] {
    return {
      verify: (key) => Effect.map(this.#identify(key), (found) => found?.user),
      identify: (key) => this.#identify(key),
      live: (ids) => Effect.succeed(new Set(ids)),
      create: () => Effect.succeed({ id: 1, key: Redacted.make("scripted") }),
      list: () => Effect.succeed([]),
      revoke: () => Effect.succeed(false)
    }
  }
}
