/** `algoways brokers`: what each broker can do, from its data. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import type { Broker, Limit } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { modeLabel } from "../../market/mode.ts"
import * as flags from "../flags.ts"
import * as Overrides from "../overrides.ts"
import { printRows } from "../output.ts"
import * as Layer from "effect/Layer"

/** An unconfirmed limit carries a question mark. */
const limit = ({ confirmed, value }: Limit): string => `${value}${confirmed ? "" : "?"}`

const exchangesOf = (broker: Broker): string =>
  Object.entries(broker.exchanges)
    .map(([name, e]) => (e.depthLevels.length === 0 ? name : `${name}:${e.depthLevels.join("/")}`))
    .join(" ")

export const brokers = Command.make(
  "brokers",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    const registry = yield* BrokerRegistry
    const rows = yield* Effect.forEach(yield* registry.names, (name) =>
      Effect.map(registry.load(name), (m) => m.broker)
    )
    yield* printRows(rows, {
      json,
      header: [
        "BROKER",
        "PROTOCOL",
        "MODES",
        "PER CONNECTION",
        "CONNECTIONS",
        "CREDENTIALS",
        "EXCHANGES (depth levels)"
      ],
      row: (b) => [
        b.name,
        b.protocol,
        b.modes.map((m) => modeLabel[m]).join("/"),
        limit(b.limits.subscriptionsPerConnection),
        limit(b.limits.connectionsPerLogin),
        b.credentials.map((c) => c.field).join(" "),
        exchangesOf(b)
      ],
      empty: "No brokers."
    })
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
