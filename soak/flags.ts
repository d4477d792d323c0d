/** The command line of the suites of hostile clients and slow readers. */
import type * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { ToolFailed } from "../scripts/tool.ts"
import { acts } from "./acts/index.ts"

export interface Flags {
  readonly small: boolean
  /** Part of the names of acts. Empty: all acts, and the slow readers after them. */
  readonly only: string
}

const flags = {
  small: Flag.Boolean("small").pipe(
    Flag.withDescription("At the size of the tests"),
    Flag.withDefault(false)
  ),
  only: Flag.String("only").pipe(
    Flag.withMetavar("text"),
    Flag.filter(
      (text) => Object.keys(acts).some((name) => name.includes(text)),
      () => `a part of the name of an act: ${Object.keys(acts).join(", ")}`
    ),
    Flag.withDescription("Only acts of hostile clients whose name contains the text"),
    Flag.withDefault("")
  )
}

export const soak = (run: (flags: Flags) => Effect.Effect<void, ToolFailed>) =>
  Command.make("soak", flags, run).pipe(
    Command.withDescription("Hostile clients and slow readers, beside clients that must not notice them")
  )
