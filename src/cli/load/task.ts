/** What `algoways bench load` is asked to do. */
import type * as Redacted from "effect/Redacted"
import type { Subscription } from "../../load/connection.ts"
import type { Name } from "./names.ts"

export interface LoadTask {
  readonly url: URL
  readonly key: Redacted.Redacted<string>
  readonly clients: number
  readonly names: ReadonlyArray<Name>
  readonly subscription: Omit<Subscription, "symbols">
  /** 0: until interrupted. */
  readonly seconds: number
  readonly encoding: "json" | "msgpack"
  readonly ramp: number | undefined
  readonly json: boolean
}
