/** A session's credentials: given to it, or stored for its user and read again at every attempt. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Broker } from "../../brokers/broker.ts"
import type { HookFault } from "../../bus/hooks.ts"
import type { Credentials } from "../../market/credentials.ts"
import { ConnectionRefused, CredentialsMissing } from "../../market/errors.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import type { SecretFailed } from "../../store/errors.ts"

export interface UsableCredentials {
  readonly credentials: Credentials
  /** Equal versions hold equal credentials. */
  readonly version: number
}

/** Nothing can be tried until credentials are stored. */
export type Unusable = CredentialsMissing | SecretFailed

export interface CredentialSource {
  readonly user: string
  /** Uses these from now on, or those that are stored for the user. */
  readonly use: (given: Credentials | undefined) => void
  /** If the database cannot be read now, the connection cannot be made now. */
  readonly read: Effect.Effect<UsableCredentials, Unusable | ConnectionRefused>
  /** Emits once per stored change for the session's user. */
  readonly changes: Stream.Stream<void>
}

/** For brokers that need none. */
const NONE: UsableCredentials = { credentials: {}, version: 0 }

/** An embedder's store may never answer. */
const ANSWER_TIMEOUT_MS = 10_000

/** @param failed takes defects of the store */
export const makeCredentialSource = Effect.fnUntraced(function* (
  broker: Broker,
  user: string,
  failed: HookFault
): Effect.fn.Return<CredentialSource, never, CredentialStore> {
  const store = yield* CredentialStore
  let given: UsableCredentials | undefined

  const complete = (usable: UsableCredentials | undefined) => {
    const missing = broker.credentials.filter(
      ({ field, optional }) => optional !== true && usable?.credentials[field] === undefined
    )
    if (missing.length === 0) return Effect.succeed(usable ?? NONE)
    const fields = missing.map(({ field }) => field)
    const labels = missing.map(({ label }) => label)
    return Effect.fail(new CredentialsMissing({ user, broker: broker.name, fields, labels }))
  }

  return {
    user,
    use: (credentials) => {
      given = credentials === undefined ? undefined : { credentials, version: (given?.version ?? 0) - 1 }
    },
    read: Effect.suspend(() =>
      given === undefined
        ? Effect.flatMap(
            Effect.suspend(() => store.get(user, broker.name)).pipe(
              Effect.catchTags({
                DatabaseFailed: (e) => Effect.fail(new ConnectionRefused({ detail: e.message })),
                InvalidInput: (e) => Effect.fail(new ConnectionRefused({ detail: e.message }))
              }),
              Effect.catchDefect((defect) => {
                failed(defect)
                return Effect.fail(
                  new ConnectionRefused({ detail: "the store of credentials failed, see the log" })
                )
              }),
              Effect.timeoutOrElse({
                duration: ANSWER_TIMEOUT_MS,
                orElse: () =>
                  Effect.fail(new ConnectionRefused({ detail: "the store of credentials does not answer" }))
              })
            ),
            complete
          )
        : complete(given)
    ),
    changes: store.changes.pipe(
      Stream.filter((change) => given === undefined && change.user === user && change.broker === broker.name),
      Stream.map(() => undefined)
    )
  }
})
