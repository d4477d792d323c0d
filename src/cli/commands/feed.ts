/** `algoways feed`: sessions and buses alone, for gateways in other processes and for ZeroMQ readers. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import { FeedServer } from "../../bus/zmq/feedServer.ts"
import * as Store from "../../store/index.ts"
import { calendarLayer } from "../service/calendar.ts"
import { isDataFolder } from "../dataFolder.ts"
import { refuseDemoFolder, warnOfLeftover } from "../demo/demoFolder.ts"
import { curveOfFeed } from "../service/feedCurve.ts"
import * as flags from "../flags.ts"
import { feedLayer, publicZmq } from "../service/layers.ts"
import { usersWithoutLogin } from "../service/missingLogins.ts"
import { giveBackMemory } from "../service/memory.ts"
import { warnIfNobody, warnOfMissingLogins } from "../service/startWarnings.ts"
import * as Overrides from "../service/overrides.ts"
import { ownerLayer } from "../service/owner.ts"
import { plausibilityLayer } from "../service/plausibility.ts"
import { selfCheck } from "../service/selfCheck.ts"
import { announce, askSimulators, overridesOf } from "../demo/simulators.ts"
import { tapsLayer } from "../service/taps.ts"
import { VERSION } from "../version.ts"
import { watch } from "../service/watch.ts"

export const feed = Command.make(
  "feed",
  {
    dataDir: flags.dataDir,
    simulator: flags.simulator,
    zmq: flags.zmq,
    control: flags.feedControl,
    frames: flags.feedFrames,
    feedCurve: flags.feedCurve,
    watch: flags.watch,
    calendar: flags.calendar,
    selfCheck: flags.selfCheck,
    quarantine: flags.quarantine,
    record: flags.record,
    plausibility: flags.plausibility
  },
  Effect.fn(function* (input) {
    yield* isDataFolder(input.dataDir)
    yield* refuseDemoFolder(input.dataDir, "its user has no login at a broker")
    const simulators = yield* askSimulators(input.simulator)
    return yield* Effect.gen(function* () {
      const { control, frames } = yield* FeedServer
      const zmq = yield* publicZmq(input.zmq)
      yield* watch(input.watch)
      yield* selfCheck(input.selfCheck, input.dataDir)
      yield* announce(simulators)
      yield* Effect.logInfo(
        `AlgoWays ${VERSION} feed: control ${control}, frames ${frames}, public ZeroMQ ${zmq ?? "off"}`
      )
      yield* warnOfLeftover(input.dataDir)
      yield* warnIfNobody(input.dataDir, false)
      yield* warnOfMissingLogins(yield* usersWithoutLogin)
      return yield* giveBackMemory
    }).pipe(
      Effect.provide(
        Layer.unwrap(
          Effect.map(curveOfFeed(input), (curve) =>
            FeedServer.layer({
              control: input.control,
              frames: input.frames,
              ...(curve === undefined ? {} : { curve })
            })
          )
        ).pipe(
          Layer.provideMerge(feedLayer),
          Layer.provideMerge(ownerLayer(input.dataDir, "algoways feed")),
          Layer.provideMerge(tapsLayer(input)),
          Layer.provideMerge(plausibilityLayer(input.plausibility)),
          Layer.provideMerge(calendarLayer(input.dataDir, Option.getOrUndefined(input.calendar))),
          Layer.provideMerge(
            Layer.mergeAll(
              Store.layer({ dataDir: input.dataDir }),
              Overrides.registry(input.dataDir, overridesOf(simulators))
            )
          )
        )
      )
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Run the sessions alone: gateways in other processes and ZeroMQ readers connect to it"
  ),
  Command.withExamples([
    { command: "algoways feed", description: "Then, in another terminal: algoways gateway" },
    {
      command: "algoways feed --watch asha/NSE:INFY:quote --zmq tcp://127.0.0.1:5555",
      description: "A fixed list for ZeroMQ readers, with no gateway at all"
    }
  ])
)
