/** `algoways bench load`: sets the clients up, watches them for a while, and sums up, also when it is interrupted. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { messageOf } from "../../kit/messageOf.ts"
import { Ages, ageOf } from "../../load/ages.ts"
import type { Subscription } from "../../load/connection.ts"
import type { Second } from "../../load/meter.ts"
import { Meter } from "../../load/meter.ts"
import { Swarm } from "../../load/swarm.ts"
import { CommandFailed, printJson } from "../text/output.ts"
import { header, opened, refusals, secondLine, summaryText } from "./text.ts"
import type { LoadTask } from "./task.ts"

/** Names in one request: what every server takes. */
const AT_ONCE = 1000

/** Without what may be secret in an address. */
const shown = ({ host, pathname, protocol }: URL): string => `${protocol}//${host}${pathname}`

const subscriptionsOf = ({ names, subscription }: LoadTask): ReadonlyArray<Subscription> =>
  Array.from({ length: Math.ceil(names.length / AT_ONCE) }, (_, i) => ({
    ...subscription,
    symbols: names.slice(i * AT_ONCE, (i + 1) * AT_ONCE)
  }))

const open = (task: LoadTask, ages: Ages) =>
  Effect.tryPromise({
    try: () =>
      Swarm.open({
        url: task.url,
        key: Redacted.value(task.key),
        encoding: task.encoding,
        clients: task.clients,
        ramp: task.ramp,
        subscriptions: subscriptionsOf(task),
        onSample: (message) => {
          const age = ageOf(message, Date.now())
          if (age !== undefined) ages.add(age)
        }
      }),
    catch: (error) =>
      new CommandFailed({
        message: `${shown(task.url)}: ${messageOf(error)}`
      })
  })

/** Prints a line each second, or collects the figures for JSON, until the time is over or no client is left. */
const watch = Effect.fnUntraced(function* (meter: Meter, task: LoadTask, seen: Array<Second>) {
  if (!task.json) yield* Console.log(header)
  for (let number = 1; task.seconds === 0 || number <= task.seconds; number++) {
    yield* Effect.sleep("1 second")
    const second = meter.second()
    if (task.json) seen.push(second)
    else yield* Console.log(secondLine(second, number))
    if (second.clients === 0) return
  }
})

export const load = Effect.fn("load")(function* (task: LoadTask) {
  const ages = new Ages()
  const began = performance.now()
  const swarm = yield* Effect.acquireRelease(open(task, ages), (s) => Effect.sync(() => s.close()), {
    interruptible: true
  })
  if (swarm.instruments === 0) {
    return yield* new CommandFailed({
      message: `${refusals(swarm.refused)}. Name others with --instruments.`
    })
  }
  if (swarm.refused.length > 0) yield* Console.error(refusals(swarm.refused))
  if (!task.json) {
    yield* Console.log(opened(task, swarm.instruments, (performance.now() - began) / 1000))
  }
  const meter = new Meter(swarm, ages)
  const seconds: Array<Second> = []
  // An interruption ends the watching, not the summing up.
  yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const watched = yield* Effect.exit(restore(watch(meter, task, seconds)))
      const summary = meter.summary()
      yield* task.json
        ? printJson({
            url: shown(task.url),
            clients: task.clients,
            instruments: swarm.instruments,
            refused: swarm.refused,
            mode: task.subscription.mode,
            depth: task.subscription.depth,
            encoding: task.encoding,
            seconds,
            summary
          })
        : Console.log(summaryText(summary))
      const { closed } = summary
      if (closed.length > 0) {
        return yield* new CommandFailed({
          message: `${closed.length} of ${task.clients} clients were closed, the first for: ${closed[0]!.why}`
        })
      }
      return yield* watched
    })
  )
}, Effect.scoped)
