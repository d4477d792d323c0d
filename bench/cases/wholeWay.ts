/** Frame bytes to the payload on the bus, through the session's own publisher; only the network is missing. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { MarketFrame } from "../../src/frame/marketFrame.ts"
import { copyOf } from "../../src/frame/marketFrame.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Sink } from "../../src/protocols/protocol.ts"
import { forBroker } from "../../src/session/metrics.ts"
import { ConnectionPool } from "../../src/session/subscriptions/pool.ts"
import { makePublisher } from "../../src/session/ticks/publisher.ts"
import { makeSampledLog } from "../../src/kit/sampledLog.ts"
import { Subscriptions } from "../../src/session/subscriptions/subscriptions.ts"
import { takeSpare } from "../../src/session/model.ts"
import type { SubscribedInstrument } from "../../src/session/model.ts"
import type { Contestant } from "../harness.ts"
import { WrongResult, keep } from "../harness.ts"
import { checkSdk, ticksOf } from "./decode.ts"
import type { Feed, Packet } from "./feeds.ts"
import { openCodec } from "./feeds.ts"
import type { Sdk } from "./sdks.ts"
import { USER, expectPayload } from "./serialise.ts"
import { RECEIVED_AT } from "./ticks.ts"

/** Ticks of one turn of the event loop: what a busy socket delivers before the publishing fiber runs. */
const BURST = 64

/** Longer than any round: a publisher that stands still is an error and not a wait. */
const STALLED_MS = 20_000

/** One reader on every instrument, in the mode that is subscribed. */
const hold = (subscriptions: Subscriptions, { instrument, want }: Packet): SubscribedInstrument => {
  const { exchange, symbol } = instrument
  const listed = { ...instrument, name: symbol, lotSize: 1, tickSize: 0.05, type: "EQ" } as const
  const bookless = want.mode === "depth" && want.depth === 0
  subscriptions.add("reader", listed, want.mode, bookless ? 5 : want.depth, want.depth, bookless)
  return subscriptions.find(exchange, symbol)!
}

/** @param scope the publisher's fiber ends with it */
export const wholeWay = async (feed: Feed, scope: Scope.Scope): Promise<Contestant> => {
  const name = `bytes to bus, ${feed.name}`
  const broker = feed.wire.broker.name
  const subscriptions = new Subscriptions(USER, feed.wire.broker)
  const instruments = new Map(feed.packets.map((p) => [p, hold(subscriptions, p)]))
  const pool = new ConnectionPool(feed.wire.broker, feed.wire.protocol)
  for (const instrument of instruments.values())
    pool.place({ instrument, from: undefined, to: instrument.want })
  const connection = pool.connections[0]!
  const codec = openCodec(feed, (p) => instruments.get(p)!)

  let published = 0
  let wanted = 0
  let seen: Array<MarketFrame> | undefined
  let arrived: (() => void) | undefined
  const onFrames = (frames: ReadonlyArray<MarketFrame>): void => {
    published += frames.length
    for (const frame of frames) keep(frame)
    seen?.push(...frames.map(copyOf))
    if (published >= wanted) arrived?.()
  }
  const publisher = await Effect.gen(function* () {
    const bus = yield* FrameBus
    yield* bus.subscribe(onFrames)
    return yield* makePublisher(yield* forBroker(broker), yield* makeSampledLog, broker, bus)
  }).pipe(Scope.provide(scope), Effect.provide(FrameBus.layer), Effect.runPromise)

  let wrong: string | undefined
  const sink: Sink = {
    tick: publisher.tickHandler({
      connection,
      joined: false,
      partial: false,
      onReject: (cause, detail) => (wrong = `${cause}: ${detail}`),
      onLeftOut: (_, detail) => (wrong = `left out: ${detail}`),
      onTicking: () => undefined,
      onFirst: (upstream) => (upstream.state = "confirmed")
    }),
    spare: takeSpare,
    reject: (cause, detail) => (wrong = `${cause}: ${detail}`),
    event: (event) => (wrong = `event ${event.type}`),
    send: () => (wrong = "the codec sends something")
  }
  const frames = feed.frames.map((f) => f.bytes)
  const burst = Math.max(1, Math.floor(BURST / feed.perFrame))

  const run = async (operations: number): Promise<number> => {
    const before = published
    let stalled: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      stalled = setTimeout(() => reject(new WrongResult(`${name}: the publisher stands still`)), STALLED_MS)
    })
    try {
      for (let i = 0, at = 0; i < operations;) {
        const end = Math.min(operations, i + burst)
        wanted = published + (end - i) * feed.perFrame
        const all = new Promise<void>((resolve) => {
          arrived = resolve
        })
        for (; i < end; i++) {
          codec.decode(frames[at]!, RECEIVED_AT, sink)
          if (++at === frames.length) at = 0
        }
        await Promise.race([all, late])
      }
    } finally {
      clearTimeout(stalled)
    }
    if (wrong !== undefined) throw new WrongResult(`${name}: ${wrong}`)
    return published - before
  }

  return {
    name: "AlgoWays",
    ticks: feed.perFrame,
    run,
    check: async () => {
      const ticks = new Map(ticksOf(feed).map((t): [string, Tick] => [`${t.exchange}:${t.symbol}`, t]))
      seen = []
      await run(frames.length)
      const payloads = seen
      seen = undefined
      for (const { payload, view } of payloads) {
        expectPayload(name, payload, view, ticks.get(`${view.exchange}:${view.symbol}`)!)
      }
    }
  }
}

/**
 * What a gateway does at the very least that is built on the SDK: parse, and make JSON bytes of whatever comes
 * out. No names, no guard, no views.
 */
export const parserAndJson = (sdk: Sdk, feed: Feed): Contestant => {
  const frames = feed.frames.map((f) => sdk.prepare(f.bytes))
  return {
    name: `${sdk.name} + JSON`,
    ticks: feed.perFrame,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        const parsed = sdk.parse(frames[at])
        if (Array.isArray(parsed)) for (const tick of parsed) keep(Buffer.from(JSON.stringify(tick)))
        else keep(Buffer.from(JSON.stringify(parsed)))
        if (++at === frames.length) at = 0
      }
      return operations * feed.perFrame
    },
    check: () => checkSdk(sdk, feed)
  }
}
