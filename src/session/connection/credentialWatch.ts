/** Tells a session when the stored credentials of its user change. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { HookFault } from "../../bus/hooks.ts"
import type { CredentialSource } from "./credentialSource.ts"

/** Of credentials; undefined where some are missing, and a problem where they could not be read. */
export type StoredVersion = { readonly version: number | undefined } | { readonly problem: string }

/** The pause before changes of credentials are watched again by a store that failed. */
const WATCH_AGAIN_MS = 5000

/**
 * Never ends. The credentials are read here and not by the session's actor, which has others to serve while a store takes
 * its time.
 *
 * @param failed takes what the store dies of
 */
export const watchCredentials = (
  source: CredentialSource,
  failed: HookFault,
  tell: (stored: StoredVersion) => Effect.Effect<void>
): Effect.Effect<void> => {
  const changed = source.read.pipe(
    Effect.map(({ version }): StoredVersion => ({ version })),
    Effect.catch((error) =>
      Effect.succeed<StoredVersion>(
        error._tag === "CredentialsMissing" ? { version: undefined } : { problem: error.message }
      )
    ),
    Effect.flatMap(tell)
  )
  const watch: Effect.Effect<void> = Effect.suspend(() =>
    Stream.runForEach(source.changes, () => changed)
  ).pipe(
    Effect.catchDefect((defect) => {
      failed(defect)
      // Something may have changed unseen.
      return Effect.delay(changed, WATCH_AGAIN_MS).pipe(Effect.andThen(watch))
    })
  )
  return watch
}
