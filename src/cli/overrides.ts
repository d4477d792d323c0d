/** Broker overrides: the data folder's `brokers.json`, then `--endpoint` flags over it. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { BrokerOverride } from "../brokers/overrides.ts"
import { BrokerOverrides, BrokerOverridesFile } from "../brokers/overrides.ts"
import { CommandFailed } from "./output.ts"

const FILE = "brokers.json"
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(BrokerOverridesFile), {
  onExcessProperty: "error"
})

const readOverrides = Effect.fn("readOverrides")(function* (dataDir: string) {
  const path = join(dataDir, FILE)
  const text = yield* Effect.promise(() => readFile(path, "utf8").catch(() => undefined))
  if (text === undefined) return {}
  return yield* decode(text).pipe(
    Effect.mapError(
      (error) => new CommandFailed({ message: `${path} is not a broker configuration: ${error.message}` })
    )
  )
})

/**
 * Lower-cases the names, so that `Zerodha` in a file means `zerodha`.
 *
 * @param more what a simulator of this process says, over all else
 */
export const layer = (
  dataDir: string,
  endpoints: Readonly<Record<string, string>>,
  more: Readonly<Record<string, BrokerOverride>> = {}
) =>
  Layer.effect(
    BrokerOverrides,
    Effect.gen(function* () {
      const merged: Record<string, BrokerOverride> = {}
      for (const [name, override] of Object.entries(yield* readOverrides(dataDir)))
        merged[name.toLowerCase()] = override
      for (const [name, endpoint] of Object.entries(endpoints)) {
        if (!/^(?:wss?|tcp|tls):\/\//.test(endpoint)) {
          return yield* new CommandFailed({
            message: `--endpoint ${name}=${endpoint}: the address must begin with ws:// or wss:// (tcp:// or tls:// for a byte stream)`
          })
        }
        merged[name.toLowerCase()] = { ...merged[name.toLowerCase()], endpoint }
      }
      for (const [name, override] of Object.entries(more)) merged[name] = { ...merged[name], ...override }
      return merged
    })
  )
