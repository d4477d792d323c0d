/** Writes the pages that are made of data: `npm run docs`. */
import { mkdirSync, writeFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { BrokerRegistry, builtInBrokers } from "../src/brokers/registry.ts"
import { brokersPage } from "../src/cli/text/brokerTable.ts"
import { VERSION } from "../src/cli/version.ts"
import { asyncapi } from "../src/gateway/messages/asyncapi.ts"
import { jsonSchemaBundle } from "../src/gateway/messages/jsonSchema.ts"

const brokers = await Effect.runPromise(
  Effect.gen(function* () {
    const registry = yield* BrokerRegistry
    return yield* Effect.forEach(builtInBrokers, (name) => Effect.map(registry.load(name), (m) => m.broker))
  }).pipe(Effect.provide(BrokerRegistry.layer))
)
writeFileSync(new URL("../docs/brokers.md", import.meta.url), brokersPage(brokers))

const schemas = new URL("../docs/schema/", import.meta.url)
mkdirSync(schemas, { recursive: true })
const writeJson = (name: string, value: object): void =>
  writeFileSync(new URL(name, schemas), `${JSON.stringify(value, null, 2)}\n`)
writeJson("client-protocol.json", jsonSchemaBundle(VERSION))
writeJson("asyncapi.json", asyncapi(VERSION))
