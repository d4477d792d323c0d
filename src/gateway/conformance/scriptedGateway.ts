/** The shipped gateway on a free port, in front of a scripted feed. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Feed } from "../../bus/feed.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import { ApiKeys } from "../../store/users/apiKeys.ts"
import type { GatewayOptions } from "../options.ts"
import { OrderUpdates } from "../orderUpdates.ts"
import { Gateway } from "../server.ts"
import type { Fixture } from "./caseFile.ts"
import { ScriptedFeed } from "./scriptedFeed.ts"

export class Scripted extends Context.Service<Scripted, ScriptedFeed>()(
  "algoways/gateway/conformance/Scripted"
) {}

/** @param adjust changes the feed that the gateway sees */
export const scriptedGateway = (
  fixture: Fixture,
  options: GatewayOptions = {},
  adjust: (feed: Feed["Service"]) => Feed["Service"] = (feed) => feed
) => {
  const feed = Layer.unwrap(
    Effect.gen(function* () {
      const { publish, tell } = yield* FrameBus
      const scripted = new ScriptedFeed(fixture, publish, tell)
      return Layer.mergeAll(
        Layer.succeed(Feed, adjust(scripted.service)),
        Layer.succeed(ApiKeys, scripted.keys),
        Layer.succeed(Scripted, scripted),
        OrderUpdates.layerFor((user) => scripted.hasOrders(user))
      )
    })
  )
  const grace =
    fixture.auth_grace_seconds === undefined ? {} : { authGraceMs: 1000 * fixture.auth_grace_seconds }
  return Gateway.layer({ port: 0, ...grace, ...options }).pipe(
    Layer.provideMerge(feed),
    Layer.provideMerge(FrameBus.layer)
  )
}
