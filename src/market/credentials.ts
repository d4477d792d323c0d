/**
 * What a broker login yields, under one set of names for all brokers. Each broker's data says which of them
 * it needs and what its users call them. Values are Redacted: they print as `<redacted>` wherever they go.
 */
import type * as Redacted from "effect/Redacted"

export const credentialFields = [
  "apiKey",
  "apiSecret",
  "authToken",
  "feedToken",
  "clientCode",
  /** Which of the broker's data centres serves the account, and the feed's address that the login named. */
  "dataCenter",
  "feedUrl"
] as const
export type CredentialField = (typeof credentialFields)[number]

/** Only the fields that were stored are there. */
export type Credentials = { readonly [F in CredentialField]?: Redacted.Redacted<string> }
