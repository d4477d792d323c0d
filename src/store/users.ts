/** Users, each with at most one active broker. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { UserNotFound } from "../market/errors.ts"
import type { StoreError } from "./errors.ts"

export interface User {
  readonly name: string
  /** The active broker's registry name; absent until one is chosen. */
  readonly broker?: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

export class Users extends Context.Service<
  Users,
  {
    /** Adds the user, or fails with InvalidInput when the name is taken or malformed. */
    readonly add: (name: string, broker?: string) => Effect.Effect<User, StoreError>
    readonly get: (name: string) => Effect.Effect<User, UserNotFound | StoreError>
    readonly list: Effect.Effect<ReadonlyArray<User>, StoreError>
    readonly setBroker: (name: string, broker: string) => Effect.Effect<void, UserNotFound | StoreError>
    /** Removes the user with all keys and credentials. */
    readonly remove: (name: string) => Effect.Effect<void, UserNotFound | StoreError>
  }
>()("algoways/store/Users") {}
