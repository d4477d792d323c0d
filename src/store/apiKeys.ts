/** API keys of clients. Only a keyed hash is stored: the key itself is shown once, when it is made. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { UserNotFound } from "../market/errors.ts"
import type { StoreError } from "./errors.ts"

export interface ApiKeyInfo {
  readonly id: number
  readonly user: string
  readonly label: string
  readonly createdAt: number
}

export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** Makes a key of 32 random bytes in hex, or stores the given one (idempotent for the same user). */
    readonly create: (
      user: string,
      options?: { readonly label?: string; readonly key?: Redacted.Redacted<string> }
    ) => Effect.Effect<{ readonly id: number; readonly key: Redacted.Redacted<string> }, UserNotFound | StoreError>
    /** The user of a key; undefined for an unknown or revoked one. */
    readonly verify: (key: string) => Effect.Effect<string | undefined, StoreError>
    readonly list: (user?: string) => Effect.Effect<ReadonlyArray<ApiKeyInfo>, StoreError>
    /** False when there is no such key. */
    readonly revoke: (id: number) => Effect.Effect<boolean, StoreError>
  }
>()("algoways/store/ApiKeys") {}
