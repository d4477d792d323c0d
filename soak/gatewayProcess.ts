/** The gateway as a process of its own, so that its memory and its crash are its own. Speaks to its parent by IPC. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { Feed } from "../src/bus/feed.ts"
import { FrameBus } from "../src/bus/frameBus.ts"
import { Gateway, OrderUpdates } from "../src/gateway/index.ts"
import type { GatewayOptions } from "../src/gateway/index.ts"
import { collector } from "../src/cli/service/memory.ts"
import { ApiKeys } from "../src/store/users/apiKeys.ts"
import * as Store from "../src/store/index.ts"
import { Users } from "../src/store/users/users.ts"
import { SoakFeed, microseconds } from "./feed.ts"

export interface GatewayTask {
  readonly users: ReadonlyArray<{ readonly name: string; readonly key: string }>
  readonly options: GatewayOptions
  /** Ticks of every instrument per second, and the levels of a book. */
  readonly turnsPerSecond: number
  readonly levels: number
}

/** A peak is over in moments. */
const MEMORY_EVERY_MS = 10

const task = JSON.parse(process.argv[2]!) as GatewayTask
let feed: SoakFeed | undefined

const feedLayer = Layer.effect(
  Feed,
  Effect.map(FrameBus, ({ publish }) => {
    feed = new SoakFeed(publish, task.levels)
    return feed.service
  })
)
const runtime = ManagedRuntime.make(
  Gateway.layer({ port: 0, ...task.options }).pipe(
    Layer.provide(Layer.mergeAll(OrderUpdates.layer, feedLayer)),
    Layer.provideMerge(Layer.mergeAll(Store.layerMemory, FrameBus.layer)),
    Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))
  )
)
const gateway = await runtime.runPromise(
  Effect.gen(function* () {
    for (const { key, name } of task.users) {
      yield* (yield* Users).add(name, "zerodha")
      yield* (yield* ApiKeys).create(name, { key: Redacted.make(key) })
    }
    return yield* Gateway
  })
)

/** A broker waits for nobody: what is due goes out, late where the process had other things to do, and counts as late. */
const everyMs = 1000 / task.turnsPerSecond
let ticks = 0
let due = performance.now()
const tickWhenDue = (): void => {
  for (const now = performance.now(); due <= now; due += everyMs) ticks += feed?.turn(microseconds(due)) ?? 0
  setTimeout(tickWhenDue, Math.max(0, due - performance.now()))
}
tickWhenDue()

/** As the commands do by and by. */
const collect = collector()

let rssPeak = 0
const lookAtMemory = (): void => {
  rssPeak = Math.max(rssPeak, process.memoryUsage.rss())
}
setInterval(lookAtMemory, MEMORY_EVERY_MS)

process.on("message", () => {
  lookAtMemory()
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ heapUsed, rss, rssPeak, ticks, held: feed?.held ?? 0, ...gateway.stats() })
  rssPeak = rss
})
process.on("disconnect", () => process.exit(0))
process.send?.({ port: gateway.port })
