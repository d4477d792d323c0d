/** `algoways gateway`: the client side alone; its feed runs in another process. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Command from "effect/cli/Command"
import * as RemoteFeed from "../../bus/zmq/remoteFeed.ts"
import { Gateway, OrderUpdates } from "../../gateway/index.ts"
import * as Store from "../../store/index.ts"
import { Users } from "../../store/users/users.ts"
import { isDataFolder } from "../dataFolder.ts"
import { refuseDemoFolder } from "../demo/demoFolder.ts"
import { curveOfGateway } from "../service/feedCurve.ts"
import * as flags from "../flags.ts"
import { gatewayOptions } from "../service/gatewayOptions.ts"
import { giveBackMemory } from "../service/memory.ts"
import { warnIfNobody } from "../service/startWarnings.ts"
import { VERSION } from "../version.ts"

export const gateway = Command.make(
  "gateway",
  {
    dataDir: flags.dataDir,
    port: flags.port,
    host: flags.host,
    control: flags.feedControl,
    frames: flags.feedFrames,
    feedCurve: flags.feedCurve,
    ...flags.gatewayFlags
  },
  Effect.fn(function* (input) {
    yield* isDataFolder(input.dataDir)
    yield* refuseDemoFolder(input.dataDir, "its user's feed is part of the demo itself")
    return yield* Effect.gen(function* () {
      yield* Effect.logInfo(`AlgoWays ${VERSION} gateway, its feed at ${input.control}`)
      yield* warnIfNobody(input.dataDir)
      return yield* giveBackMemory
    }).pipe(
      Effect.provide(
        Layer.unwrap(
          Effect.map(gatewayOptions(input), (options) =>
            Gateway.layer({ ...options, host: input.host, port: input.port, version: VERSION })
          )
        ).pipe(
          Layer.provide(
            Layer.mergeAll(
              OrderUpdates.layerNone,
              Layer.unwrap(
                Effect.gen(function* () {
                  const curve = yield* curveOfGateway(input)
                  const users = yield* Users
                  return RemoteFeed.layer({
                    control: input.control,
                    frames: input.frames,
                    brokerSetFor: (user) =>
                      users.get(user).pipe(
                        Effect.map(({ broker }) => broker ?? "none"),
                        Effect.orElseSucceed(() => "none")
                      ),
                    ...(curve === undefined ? {} : { curve })
                  })
                })
              )
            )
          ),
          Layer.provideMerge(Store.layer({ dataDir: input.dataDir }))
        )
      )
    )
  })
).pipe(
  Command.withDescription("Run the gateway alone: clients connect to it, the feed runs in another process"),
  Command.withExamples([
    { command: "algoways gateway --port 8765", description: "With a feed on this machine" },
    {
      command:
        "algoways gateway --feed-control ipc:///run/algoways/control --feed-frames ipc:///run/algoways/frames",
      description: "With a feed on ipc sockets"
    }
  ])
)
