/** The watch list: subscriptions that the process holds itself, so that ZeroMQ readers get ticks without a client. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Feed } from "../../bus/feed.ts"
import { Mode } from "../../market/mode.ts"
import type { SubscribeRequest } from "../../market/subscription.ts"
import * as Schema from "effect/Schema"
import { CommandFailed } from "../text/output.ts"

const READER = "watch-list"
const isMode = Schema.is(Mode)

interface Watched {
  readonly user: string
  readonly request: SubscribeRequest
}

const parse = (item: string): Effect.Effect<Watched, CommandFailed> => {
  const match = /^([^/]+)\/([^:]+):([^:]+)(?::(\w+))?$/.exec(item)
  const mode = (match?.[4] ?? "quote").toLowerCase()
  if (match === null || !isMode(mode)) {
    const message = `--watch: "${item}" is not USER/EXCHANGE:SYMBOL[:MODE] with a mode of ltp, quote or depth`
    return Effect.fail(new CommandFailed({ message }))
  }
  return Effect.succeed({ user: match[1]!, request: { symbol: match[3]!, exchange: match[2]!, mode } })
}

/** Subscribes the list, and keeps trying for users whose broker is not connected yet. */
export const watch = Effect.fn("watch")(function* (list: string) {
  const items = list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
  const watched = yield* Effect.forEach(items, parse)
  const feed = yield* Feed
  for (const [user, held] of Map.groupBy(watched, (w) => w.user)) {
    const hold = Effect.gen(function* () {
      // Not connected yet is fine: what is subscribed now is served once the session is up.
      yield* feed.attach(user, READER)
      const results = yield* feed.subscribe(
        user,
        READER,
        held.map((w) => w.request)
      )
      for (const result of results) {
        if (result.status === "error") yield* Effect.logWarning(`watch list of ${user}: ${result.message}`)
        else if (result.served_as !== undefined) {
          // A reader of ZeroMQ that waits for the other name's topic hears nothing.
          const { exchange, served_as, symbol } = result
          yield* Effect.logInfo(
            `watch list of ${user}: ${exchange}:${symbol} is published as ${exchange}:${served_as}`
          )
        }
      }
    })
    yield* hold.pipe(
      Effect.tapError((error) => Effect.logWarning(`watch list of ${user}: ${error.message}`)),
      Effect.retry(Schedule.spaced("10 seconds")),
      Effect.tapCause((cause) => Effect.logError(`watch list of ${user} stopped`, cause)),
      Effect.forkScoped
    )
  }
})
