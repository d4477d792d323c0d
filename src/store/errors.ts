/** Failures of the store. Messages say what to do and hold no secret and no SQL values. */
import * as Schema from "effect/Schema"

/** The database could not be opened, read or written. */
export class DatabaseFailed extends Schema.TaggedError<DatabaseFailed>()("DatabaseFailed", {
  operation: Schema.String,
  detail: Schema.String,
  /** There is no room on the disk: nothing that was stored is lost. */
  diskFull: Schema.optionalKey(Schema.Literal(true)),
  /** The database is of a newer release than this one. */
  newerRelease: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message() {
    return `Database: ${this.operation} failed: ${this.detail}`
  }
}

/** The master secret is missing, malformed, or not the one that the data was encrypted under. */
export class SecretFailed extends Schema.TaggedError<SecretFailed>()("SecretFailed", {
  /** For the log and for commands: it may name files. */
  detail: Schema.String,
  /** For clients. */
  brief: Schema.optionalKey(Schema.String),
  /** There was no room on the disk to make one. */
  diskFull: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message() {
    return this.detail
  }

  get forClients(): string {
    return this.brief ?? "the stored credentials cannot be opened; the service's log says why"
  }
}

/** Something that the caller gave cannot be stored. */
export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

export type StoreError = DatabaseFailed | SecretFailed | InvalidInput

/** An instrument master was not imported; the table holds what it held before. */
export class ImportFailed extends Schema.TaggedError<ImportFailed>()("ImportFailed", {
  broker: Schema.String,
  /** The file, or the address without its query. */
  source: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `The instruments of "${this.broker}" were not imported from ${this.source}: ${this.detail}`
  }
}
