/** The login that a simulator accepts unless told otherwise. Fixtures, not secrets: they open nothing else. */
import * as Redacted from "effect/Redacted"
import type { Broker } from "../brokers/broker.ts"
import type { CredentialField, Credentials } from "../market/credentials.ts"
import { credentialFields } from "../market/credentials.ts"
import { loadServerProtocol } from "../protocols/index.ts"

export type Login = Readonly<Record<CredentialField, string>>

export const demoLogin: Login = {
  apiKey: "demo",
  apiSecret: "demo-secret",
  authToken: "demo-access-token",
  feedToken: "demo-feed-token",
  clientCode: "DEMO01",
  dataCenter: "DEMO",
  feedUrl: "https://feed.invalid"
}

/** Fields that are not given are empty. */
export const loginOf = (login: Partial<Login>): Required<Credentials> =>
  Object.fromEntries(
    credentialFields.map((field) => [field, Redacted.make(login[field] ?? "")])
  ) as unknown as Required<Credentials>

export const demoCredentials = loginOf(demoLogin)

/** The same at a broker whose protocol wants some fields in a form of their own (a JWT with claims, ...). */
export const demoLoginAt = async (broker: Broker): Promise<Login> => ({
  ...demoLogin,
  ...(await loadServerProtocol(broker.protocol)).demo
})
