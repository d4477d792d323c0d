/** The login that a simulator accepts unless told otherwise. Fixtures, not secrets: they open nothing else. */
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../market/credentials.ts"

export const demoLogin = {
  apiKey: "demo",
  authToken: "demo-access-token",
  feedToken: "demo-feed-token",
  clientCode: "DEMO01"
} as const

export const demoCredentials = {
  apiKey: Redacted.make(demoLogin.apiKey),
  authToken: Redacted.make(demoLogin.authToken),
  feedToken: Redacted.make(demoLogin.feedToken),
  clientCode: Redacted.make(demoLogin.clientCode)
} satisfies Credentials
