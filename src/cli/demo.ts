/** The embedded default: a demo user with a key, at a simulated broker, with the simulator's instruments. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Broker } from "../brokers/broker.ts"
import { demoLoginAt, loginOf } from "../simulator/index.ts"
import { ApiKeys } from "../store/apiKeys.ts"
import { CredentialStore } from "../store/credentials.ts"
import { importMaster } from "../store/importer.ts"
import { Instruments } from "../store/instruments.ts"
import { Users } from "../store/users.ts"

export const DEMO_USER = "demo"

/** A table with more rows than any simulated one was imported from a real broker: the demo leaves it alone. */
const REAL_TABLE = 5000

export interface DemoUser {
  readonly broker: string
  /** The key to show, on the first start only: later only its hash is known. */
  readonly newKey: Redacted.Redacted<string> | undefined
}

/** Adds the demo user on the first start. A given key is added to those that it has. */
export const ensureDemoUser = Effect.fn("ensureDemoUser")(function* (options: {
  readonly broker: string | undefined
  readonly apiKey: Redacted.Redacted<string> | undefined
}) {
  const users = yield* Users
  const keys = yield* ApiKeys
  const known = yield* Effect.catchTag(users.get(DEMO_USER), "UserNotFound", () => Effect.succeed(undefined))
  const broker = options.broker ?? known?.broker ?? "zerodha"
  if (known === undefined) yield* users.add(DEMO_USER, broker)
  else if (known.broker !== broker) yield* users.setBroker(DEMO_USER, broker)
  if (options.apiKey !== undefined) {
    yield* keys.create(DEMO_USER, { label: "ALGOWAYS_DEMO_API_KEY", key: options.apiKey })
    return { broker, newKey: undefined } satisfies DemoUser
  }
  const existing = yield* keys.list(DEMO_USER)
  if (existing.length > 0) return { broker, newKey: undefined } satisfies DemoUser
  const { key } = yield* keys.create(DEMO_USER, { label: "demo" })
  return { broker, newKey: key } satisfies DemoUser
})

/** Stores the simulator's login for the demo user and imports the simulator's instrument master. */
export const connectDemo = Effect.fn("connectDemo")(function* (broker: Broker, instrumentsUrl: string) {
  const login = loginOf(yield* Effect.promise(() => demoLoginAt(broker)))
  yield* (yield* CredentialStore).set(DEMO_USER, broker.name, login)
  const rows = yield* (yield* Instruments).count(broker.name)
  if (rows > REAL_TABLE) {
    yield* Effect.logWarning(
      `the instruments table of ${broker.name} holds ${rows} rows of a real master: kept, the demo's symbols may differ (use another --data-dir for the demo)`
    )
    return
  }
  const { problems } = yield* importMaster(broker, { url: instrumentsUrl }, { minimumRows: 1, force: true })
  // Taken as it is, since the simulated market has nothing else; what went is said all the same.
  for (const problem of problems) yield* Effect.logInfo(`instruments of ${broker.name}: ${problem}`)
})
