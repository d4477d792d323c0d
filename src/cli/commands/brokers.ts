/** `algoways brokers`: what each broker can do, from its data. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Result from "effect/Result"
import type { Broker } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { tableHeader, tableRow } from "../text/brokerTable.ts"
import * as flags from "../flags.ts"
import * as Overrides from "../service/overrides.ts"
import { printRows } from "../text/output.ts"

const LEGEND =
  "\n?: the broker does not confirm this limit. [field]: may be left out. NSE:5/20: book levels. docs/brokers.md says more."

export const brokers = Command.make(
  "brokers",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    const registry = yield* BrokerRegistry
    const rows: Array<Broker> = []
    for (const name of yield* registry.names) {
      const loaded = yield* Effect.result(registry.load(name))
      if (Result.isSuccess(loaded)) rows.push(loaded.success.broker)
      else {
        // What is wrong with settings has been said when they were read.
        const why = loaded.failure._tag === "BrokerMisconfigured" ? "see above" : loaded.failure.message
        yield* Console.error(`algoways: ${name} is left out of the list: ${why}`)
      }
    }
    yield* printRows(rows, { json, header: tableHeader, row: tableRow, empty: "No brokers." })
    if (!json) yield* Console.log(LEGEND)
  })
).pipe(
  Command.withDescription(
    "List the brokers and what they offer; a limit with ? is not confirmed by the broker"
  ),
  Command.withExamples([
    { command: "algoways brokers --json", description: "The whole data of every broker" }
  ]),
  Command.provide(({ dataDir }) => Overrides.warningRegistry(dataDir))
)
