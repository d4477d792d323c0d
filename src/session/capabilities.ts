/** A broker's capabilities in one line of text, for the log when a session starts and for `algoways brokers`. */
import type { Broker } from "../brokers/broker.ts"
import { modeLabel } from "../market/mode.ts"

export const describeBroker = (broker: Broker): string => {
  const exchanges = Object.entries(broker.exchanges)
    .map(
      ([name, { depthLevels }]) =>
        `${name} (${depthLevels.length === 0 ? "no book" : `depth ${depthLevels.join("/")}`})`
    )
    .join(", ")
  const modes = broker.modes.map((m) => modeLabel[m]).join(", ")
  const market = broker.simulated === true ? "a SIMULATED market, " : ""
  return `${broker.title}: ${market}modes ${modes}; exchanges ${exchanges}`
}
