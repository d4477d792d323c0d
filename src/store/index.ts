/** The store as one Layer: all services over one shared database. */
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import { join } from "node:path"
import { ApiKeys } from "./users/apiKeys.ts"
import { CredentialStore } from "./credentials/credentials.ts"
import * as Database from "./database/database.ts"
import type { StoreError } from "./errors.ts"
import { Instruments } from "./instruments/instruments.ts"
import { MasterSecret } from "./credentials/masterSecret.ts"
import { refuseWhereSealed } from "./credentials/sealedRows.ts"
import { Users } from "./users/users.ts"

export const DATABASE_FILE = "algoways.db"

export type Store = Users | ApiKeys | CredentialStore | Instruments

const services: Layer.Layer<Store, StoreError, SqlClient.SqlClient | MasterSecret> = Layer.mergeAll(
  Users.layer,
  ApiKeys.layer,
  CredentialStore.layer,
  Instruments.layer
)

/**
 * `<dataDir>/algoways.db` and, without ALGOWAYS_SECRET, `<dataDir>/secret.key`; made on the first start. A key that is
 * missing where the database has what only it opens is a failure.
 */
export const layer = ({ dataDir }: { readonly dataDir: string }): Layer.Layer<Store, StoreError> =>
  services.pipe(
    Layer.provide(MasterSecret.layer({ dataDir, beforeMaking: refuseWhereSealed })),
    // With what is known to be wrong with the database (DatabaseState).
    Layer.provideMerge(Database.layer({ file: join(dataDir, DATABASE_FILE) }))
  )

/** For what is done about a lost secret: a new one is made without a question. */
export const secretLayer = ({ dataDir }: { readonly dataDir: string }) =>
  Layer.mergeAll(Database.layer({ file: join(dataDir, DATABASE_FILE) }), MasterSecret.layer({ dataDir }))

/** Everything in memory, under a random secret. */
export const layerMemory: Layer.Layer<Store, StoreError> = services.pipe(
  Layer.provide(Layer.mergeAll(Database.layerMemory, MasterSecret.layerMemory))
)
