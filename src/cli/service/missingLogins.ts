/** Users who will have no ticks, because no login at their broker is stored, or no broker is set. */
import * as Effect from "effect/Effect"
import { BrokerRegistry } from "../../brokers/registry.ts"
import type { CredentialField } from "../../market/credentials.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { Users } from "../../store/users/users.ts"
import { missingOf } from "../text/credentialText.ts"

/** A line of the log that a person reads. */
const MOST_NAMED = 10

export interface Lacking {
  readonly user: string
  /** Undefined: none is set. */
  readonly broker: string | undefined
}

/** By what is stored, without a look at any value: whether a broker takes it, is found out at the login. */
export const usersWithoutLogin = Effect.gen(function* () {
  const registry = yield* BrokerRegistry
  const stored = new Map<string, ReadonlyArray<CredentialField>>()
  for (const { broker, fields, user } of yield* (yield* CredentialStore).list) {
    stored.set(`${user}\n${broker}`, fields)
  }
  const lacking: Array<Lacking> = []
  for (const { broker, name } of yield* (yield* Users).list) {
    if (broker === undefined) {
      lacking.push({ user: name, broker })
      continue
    }
    // One that cannot be loaded says so when its user comes, and needs something else than a login.
    const loaded = yield* Effect.option(registry.load(broker))
    if (loaded._tag === "None") continue
    const data = loaded.value.broker
    const fields = stored.get(`${name}\n${data.name}`) ?? []
    const has = Object.fromEntries(fields.map((field) => [field, true]))
    if (missingOf(data, has).length > 0) lacking.push({ user: name, broker: data.name })
  }
  return lacking
})

/** One line of text; undefined if no login is missing. */
export const missingLogins = (lacking: ReadonlyArray<Lacking>): string | undefined => {
  if (lacking.length === 0) return undefined
  const named = lacking.slice(0, MOST_NAMED).map(({ broker, user }) => `${user} (${broker ?? "no broker"})`)
  const more = lacking.length - named.length
  const who = `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`
  const remedies = [
    ...(lacking.some(({ broker }) => broker === undefined)
      ? [`set a broker with "algoways users set-broker USER BROKER"`]
      : []),
    `store the login with "algoways credentials set USER"`
  ]
  return `without a broker's login: ${who}. Their clients wait for it: ${remedies.join(" and ")}. No restart is needed`
}
