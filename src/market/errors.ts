/**
 * The typed failures that one folder of `src` passes to another. Each message names the thing and the remedy and carries no
 * secret. `code` is what the client protocol shows.
 */
import * as Schema from "effect/Schema"

export class UnsupportedBroker extends Schema.TaggedError<UnsupportedBroker>()("UnsupportedBroker", {
  broker: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Unknown broker "${this.broker}". Known brokers: ${this.known.join(", ")}. Register your own with BrokerRegistry.register.`
  }
}

export class BrokerLoadFailed extends Schema.TaggedError<BrokerLoadFailed>()("BrokerLoadFailed", {
  broker: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The module of broker "${this.broker}" could not be loaded: ${String(this.cause)}`
  }
}

/** What the user configured of a broker is wrong. */
export class BrokerMisconfigured extends Schema.TaggedError<BrokerMisconfigured>()("BrokerMisconfigured", {
  broker: Schema.String,
  /** Each names the setting and says what is wrong with it. */
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return `brokers.json: ${this.problems.join("; ")}`
  }
}

export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", {
  user: Schema.String
}) {
  override get message() {
    return `No user "${this.user}". List users with "algoways users list", add one with "algoways users add".`
  }
}

/** A user without a chosen broker, or without the credentials that the broker needs. */
export class CredentialsMissing extends Schema.TaggedError<CredentialsMissing>()("CredentialsMissing", {
  user: Schema.String,
  broker: Schema.String,
  fields: Schema.Array(Schema.String),
  /** What the broker's users call each field, in the order of the fields. */
  labels: Schema.optionalKey(Schema.Array(Schema.String))
}) {
  /** Short, since clients, the log and `/status` repeat it. The command says where you find each field. */
  override get message() {
    const fields = this.fields.map((field, i) => {
      const label = this.labels?.[i]
      return label === undefined ? field : `${field} (${label})`
    })
    return `User "${this.user}" has no ${fields.join(", ")} for broker "${this.broker}": see "algoways credentials set ${this.user}"`
  }
}

/** Codes of a subscription that was not accepted. */
export const SubscriptionCode = Schema.Literals([
  "INVALID_MODE",
  "INVALID_DEPTH",
  "SYMBOL_NOT_FOUND",
  "NOT_SUBSCRIBED",
  "MAX_CAPACITY_REACHED",
  "SUBSCRIPTION_ERROR"
])
export type SubscriptionCode = typeof SubscriptionCode.Type

/**
 * Why a connection to a broker ended or could not start. The class decides what the session does next, so a
 * protocol maps what it saw onto one of these and nothing further down looks at texts.
 *
 * - `AuthRejected`: the broker refused the credentials. Retrying would hammer: re-read them once, then wait.
 * - `RateLimited`: too fast; retry later.
 * - `Displaced`: another login took this session's place.
 * - `ProtocolViolation`: the broker sent something that makes the connection useless.
 * - `ConnectionLost`: the connection that there was closed, reset, went silent, or carried what is no frame.
 * - `ConnectionRefused`: nothing answered, or the server declined for another reason than credentials.
 */
export class AuthRejected extends Schema.TaggedError<AuthRejected>()("AuthRejected", {
  detail: Schema.String
}) {
  override get message() {
    return `the broker rejected the credentials (${this.detail})`
  }
}
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", { detail: Schema.String }) {
  override get message() {
    return `the broker limits the rate of requests (${this.detail})`
  }
}
export class Displaced extends Schema.TaggedError<Displaced>()("Displaced", { detail: Schema.String }) {
  override get message() {
    return `another login displaced this one (${this.detail})`
  }
}
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>()("ProtocolViolation", {
  detail: Schema.String
}) {
  override get message() {
    return `the broker broke its protocol (${this.detail})`
  }
}
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", {
  detail: Schema.String,
  /** The broker said goodbye: no trouble of the network's. */
  clean: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    return `the connection was lost (${this.detail})`
  }
}
export class ConnectionRefused extends Schema.TaggedError<ConnectionRefused>()("ConnectionRefused", {
  detail: Schema.String
}) {
  override get message() {
    return `no connection to the broker could be made (${this.detail})`
  }
}

export type ConnectionFailure =
  | AuthRejected
  | RateLimited
  | Displaced
  | ProtocolViolation
  | ConnectionLost
  | ConnectionRefused
