/** The login that a simulator accepts unless told otherwise. Fixtures, not secrets: they open nothing else. */
import * as Redacted from "effect/Redacted"
import type { Broker } from "../brokers/broker.ts"
import type { CredentialField, Credentials } from "../market/credentials.ts"
import { loadServerProtocol } from "../protocols/index.ts"

export type Login = Readonly<Record<CredentialField, string>>

export const demoLogin: Login = {
  apiKey: "demo",
  apiSecret: "demo-secret",
  authToken: "demo-access-token",
  feedToken: "demo-feed-token",
  clientCode: "DEMO01"
}

export const loginOf = (login: Login): Required<Credentials> => ({
  apiKey: Redacted.make(login.apiKey),
  apiSecret: Redacted.make(login.apiSecret),
  authToken: Redacted.make(login.authToken),
  feedToken: Redacted.make(login.feedToken),
  clientCode: Redacted.make(login.clientCode)
})

export const demoCredentials = loginOf(demoLogin)

/** The same at a broker whose protocol wants some fields in a form of their own (a JWT with claims, ...). */
export const demoLoginAt = async (broker: Broker): Promise<Login> => ({
  ...demoLogin,
  ...(await loadServerProtocol(broker.protocol)).demo
})
