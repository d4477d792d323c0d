/** Broker credentials, encrypted at rest (AES-256-GCM). Read anew at every connection attempt. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CredentialField, Credentials } from "../market/credentials.ts"
import type { UserNotFound } from "../market/errors.ts"
import type { StoreError } from "./errors.ts"

export interface StoredCredentials {
  readonly credentials: Credentials
  /** Changes with every write; equal versions hold equal credentials. */
  readonly version: number
}

/** What may be shown: never a value. */
export interface CredentialsInfo {
  readonly user: string
  readonly broker: string
  readonly fields: ReadonlyArray<CredentialField>
  readonly updatedAt: number
}

export class CredentialStore extends Context.Service<
  CredentialStore,
  {
    /** Replaces the fields given and keeps the others. */
    readonly set: (
      user: string,
      broker: string,
      credentials: Credentials
    ) => Effect.Effect<void, UserNotFound | StoreError>
    readonly get: (user: string, broker: string) => Effect.Effect<StoredCredentials | undefined, StoreError>
    readonly remove: (user: string, broker: string) => Effect.Effect<boolean, StoreError>
    readonly list: Effect.Effect<ReadonlyArray<CredentialsInfo>, StoreError>
    /** Emits within a second of every write, by this process or another one. */
    readonly changes: Stream.Stream<{ readonly user: string; readonly broker: string }>
  }
>()("algoways/store/CredentialStore") {}
