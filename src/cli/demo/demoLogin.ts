/**
 * The simulator's login is sent to no broker. A folder may hold it, from an older version's demo or from a practice with `--simulator`:
 * without the simulator its user has no login.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { BrokerRegistry } from "../../brokers/registry.ts"
import type { Credentials } from "../../market/credentials.ts"
import { demoLogin } from "../../simulator/index.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"

/** No real login has this secret. */
export const isDemoLogin = ({ apiSecret }: Credentials): boolean =>
  apiSecret !== undefined && Redacted.value(apiSecret) === demoLogin.apiSecret

/** For sessions: the store, without the simulator's login where the broker is the real one. */
export const withoutDemoLogins = Layer.effect(
  CredentialStore,
  Effect.gen(function* () {
    const store = yield* CredentialStore
    const registry = yield* BrokerRegistry
    const isSimulated = (broker: string): Effect.Effect<boolean> =>
      registry.load(broker).pipe(
        Effect.map((module) => module.broker.simulated === true),
        Effect.orElseSucceed(() => false)
      )
    return CredentialStore.of({
      ...store,
      get: (user, broker) =>
        Effect.flatMap(store.get(user, broker), (stored) =>
          stored === undefined || !isDemoLogin(stored.credentials)
            ? Effect.succeed(stored)
            : Effect.map(isSimulated(broker), (simulated) => (simulated ? stored : undefined))
        )
    })
  })
)
