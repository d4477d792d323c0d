/** The name of a user's broker, whether or not its feed is there. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Feed } from "../../bus/feed.ts"
import { NO_BROKER } from "../../bus/feed.ts"
import type { Users } from "../../store/users/users.ts"

/** How long the name is waited for where the feed may not answer: the table of users has it as well. */
const NAME_WITHIN_MS = 500

export const brokerNames = (feed: Feed["Service"], users: Option.Option<Users["Service"]>) => {
  const brokerSetFor = (user: string): Effect.Effect<string> =>
    Option.match(users, {
      onNone: () => Effect.succeed(NO_BROKER),
      onSome: (table) =>
        table.get(user).pipe(
          Effect.map(({ broker }) => broker ?? NO_BROKER),
          Effect.orElseSucceed(() => NO_BROKER)
        )
    })
  return (user: string): Effect.Effect<string> =>
    feed.info(user).pipe(
      Effect.map(({ broker }) => broker),
      Effect.catch(() => brokerSetFor(user)),
      Effect.timeoutOrElse({ duration: NAME_WITHIN_MS, orElse: () => brokerSetFor(user) })
    )
}
