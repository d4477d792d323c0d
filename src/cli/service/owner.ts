/** A service owns the feeds of the users that it runs: see `store/users/owners.ts`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FeedError } from "../../bus/feed.ts"
import { ClaimUser } from "../../session/references.ts"
import { claim, owners, ownersText } from "../../store/users/owners.ts"

/** Refusals are logged once per user, until the user's feed could be claimed. */
export const ownerLayer = (dataDir: string, command: string): Layer.Layer<never> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const text = ownersText(yield* owners(dataDir))
      if (text === undefined) return
      yield* Effect.logWarning(
        `${text} from ${dataDir}. This one cannot run those until that one ends; to serve others meanwhile is fine`
      )
    })
  ).pipe(
    Layer.merge(
      Layer.sync(ClaimUser, () => {
        const told = new Set<string>()
        return (user: string) =>
          claim(dataDir, user, command).pipe(
            Effect.tapError((error) => {
              if (told.has(user)) return Effect.void
              told.add(user)
              return Effect.logWarning(`user ${user}: ${error.message}`)
            }),
            Effect.mapError((error) => new FeedError({ code: "BROKER_INIT_ERROR", detail: error.message })),
            Effect.tap(() => Effect.sync(() => void told.delete(user)))
          )
      })
    )
  )
