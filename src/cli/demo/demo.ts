/** The demo: a user with a key, at a simulated broker, with the simulator's instruments. Alone in its folder. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Broker } from "../../brokers/broker.ts"
import { demoLoginAt, loginOf } from "../../simulator/index.ts"
import { ApiKeys } from "../../store/users/apiKeys.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { importMaster } from "../../store/instruments/importer.ts"
import { Users } from "../../store/users/users.ts"
import { DEMO_USER, demoKey } from "./demoFolder.ts"
import { CommandFailed } from "../text/output.ts"

export interface DemoUser {
  readonly broker: string
  readonly key: Redacted.Redacted<string>
}

/** The folder's only user, with its key: both are made where they are missing. A given key holds beside it. */
export const ensureDemoUser = Effect.fn("ensureDemoUser")(function* (options: {
  readonly folder: string
  readonly broker: string | undefined
  readonly apiKey: Redacted.Redacted<string> | undefined
}) {
  const users = yield* Users
  const keys = yield* ApiKeys
  const all = yield* users.list
  const others = all.filter(({ name }) => name !== DEMO_USER).map(({ name }) => name)
  if (others.length > 0) {
    return yield* new CommandFailed({
      message: `${options.folder} is the demo's folder, and there is more than its own user: ${others.join(", ")}. Set them up in another one (--data-dir).`
    })
  }
  const key = yield* demoKey(options.folder)
  const known = all[0]
  const broker = options.broker ?? known?.broker ?? "zerodha"
  if (known === undefined) yield* users.add(DEMO_USER, broker)
  else if (known.broker !== broker) yield* users.setBroker(DEMO_USER, broker)
  // It may have been revoked, or hashed under another secret.
  if ((yield* keys.verify(Redacted.value(key))) !== DEMO_USER) {
    yield* keys.create(DEMO_USER, { label: "demo", key })
  }
  if (options.apiKey !== undefined) {
    yield* keys.create(DEMO_USER, { label: "ALGOWAYS_DEMO_API_KEY", key: options.apiKey })
  }
  return { broker, key } satisfies DemoUser
})

/** Stores the simulator's login for the demo user and imports the simulator's instrument master. */
export const connectDemo = Effect.fn("connectDemo")(function* (broker: Broker, instrumentsUrl: string) {
  const login = loginOf(yield* Effect.promise(() => demoLoginAt(broker)))
  yield* (yield* CredentialStore).set(DEMO_USER, broker.name, login)
  const { problems } = yield* importMaster(broker, { url: instrumentsUrl }, { minimumRows: 1, force: true })
  // Taken as it is, since the simulated market has nothing else; what went is said all the same.
  for (const problem of problems) yield* Effect.logInfo(`instruments of ${broker.name}: ${problem}`)
})
