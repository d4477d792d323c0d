/** A service whose folder has nobody who could log in, or users whom no broker lets in, says so: it would look as if it worked. */
import * as Effect from "effect/Effect"
import { ApiKeys } from "../../store/users/apiKeys.ts"
import { Users } from "../../store/users/users.ts"
import type { Lacking } from "./missingLogins.ts"
import { missingLogins } from "./missingLogins.ts"

/** @param keys whether clients log in here: a feed on a machine of its own needs none of their API keys */
export const warnIfNobody = Effect.fnUntraced(function* (dataDir: string, keys = true) {
  const users = yield* (yield* Users).list
  if (users.length === 0) {
    return yield* Effect.logWarning(
      `${dataDir} has no user yet: nobody can log in. Add one: algoways users add NAME --broker BROKER. No restart is needed`
    )
  }
  if (!keys) return
  const withKeys = new Set((yield* (yield* ApiKeys).list()).map(({ user }) => user))
  const without = users.filter(({ name }) => !withKeys.has(name)).map(({ name }) => name)
  if (without.length === users.length) {
    yield* Effect.logWarning(
      `no user in ${dataDir} has an API key: no client can log in. Make one: algoways keys create ${without[0]}`
    )
  }
})

/** Names the users without a login at their broker. */
export const warnOfMissingLogins = Effect.fnUntraced(function* (lacking: ReadonlyArray<Lacking>) {
  const text = missingLogins(lacking)
  if (text !== undefined) yield* Effect.logWarning(text)
})
