/** `algoways gateway`: the client side alone; its feed runs in another process. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Command from "effect/cli/Command"
import * as RemoteFeed from "../../bus/zmq/remoteFeed.ts"
import { Gateway, OrderUpdates } from "../../gateway/index.ts"
import * as Store from "../../store/index.ts"
import * as flags from "../flags.ts"
import { gatewayOptions } from "../gatewayOptions.ts"
import { VERSION } from "../version.ts"

export const gateway = Command.make(
  "gateway",
  {
    dataDir: flags.dataDir,
    port: flags.port,
    host: flags.host,
    control: flags.feedControl,
    frames: flags.feedFrames,
    ...flags.gatewayFlags
  },
  (input) =>
    Effect.gen(function* () {
      yield* Effect.logInfo(`AlgoWays ${VERSION} gateway, its feed at ${input.control}`)
      return yield* Effect.never
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
              RemoteFeed.layer({ control: input.control, frames: input.frames }),
              Store.layer({ dataDir: input.dataDir })
            )
          )
        )
      )
    )
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
