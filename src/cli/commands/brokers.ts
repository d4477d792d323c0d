/** `algoways brokers`: what each broker can do, from its data. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Layer from "effect/Layer"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { tableHeader, tableRow } from "../brokerTable.ts"
import * as flags from "../flags.ts"
import * as Overrides from "../overrides.ts"
import { printRows } from "../output.ts"

export const brokers = Command.make(
  "brokers",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    const registry = yield* BrokerRegistry
    const rows = yield* Effect.forEach(yield* registry.names, (name) =>
      Effect.map(registry.load(name), (m) => m.broker)
    )
    yield* printRows(rows, { json, header: tableHeader, row: tableRow, empty: "No brokers." })
  })
).pipe(
  Command.withDescription(
    "List the brokers and what they offer; a limit with ? is not confirmed by the broker"
  ),
  Command.withExamples([
    { command: "algoways brokers --json", description: "The whole data of every broker" }
  ]),
  Command.provide(({ dataDir }) => BrokerRegistry.layer.pipe(Layer.provide(Overrides.layer(dataDir, {}))))
)
