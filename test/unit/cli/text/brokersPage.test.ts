/** docs/brokers.md says what the brokers' data says. */
import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { BrokerRegistry, builtInBrokers } from "../../../../src/brokers/registry.ts"
import { brokersPage } from "../../../../src/cli/text/brokerTable.ts"

it.effect("docs/brokers.md is what `npm run docs` writes", () =>
  Effect.gen(function* () {
    const registry = yield* BrokerRegistry
    const brokers = yield* Effect.forEach(builtInBrokers, (name) =>
      Effect.map(registry.load(name), (m) => m.broker)
    )
    const page = readFileSync(new URL("../../../../docs/brokers.md", import.meta.url), "utf8")
    assert.strictEqual(page, brokersPage(brokers), "run `npm run docs` and commit the page")
  }).pipe(Effect.provide(BrokerRegistry.layer))
)
