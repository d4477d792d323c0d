/** Writes the pages that are made of data: `npm run docs`. */
import { writeFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { BrokerRegistry, builtInBrokers } from "../src/brokers/registry.ts"
import { brokersPage } from "../src/cli/brokerTable.ts"

const brokers = await Effect.runPromise(
  Effect.gen(function* () {
    const registry = yield* BrokerRegistry
    return yield* Effect.forEach(builtInBrokers, (name) => Effect.map(registry.load(name), (m) => m.broker))
  }).pipe(Effect.provide(BrokerRegistry.layer))
)
writeFileSync(new URL("../docs/brokers.md", import.meta.url), brokersPage(brokers))
