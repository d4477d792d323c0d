/** What the command lines of bench, chaos and soak have in common. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { VERSION } from "../src/cli/version.ts"

/** Ends a tool with exit code 1 and a message instead of a stack. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed"
}

/** Runs the work; what it rejects with is a ToolFailed or a bug. */
export const work = (run: () => Promise<void>): Effect.Effect<void, ToolFailed> =>
  Effect.tryPromise({ try: run, catch: (error) => error }).pipe(
    Effect.catch((error) => (error instanceof ToolFailed ? Effect.fail(error) : Effect.die(error)))
  )

/** A flag that takes what JavaScript reads as a number, "1e3" too, but only where it is valid. */
export const numberFlag = (
  name: string,
  {
    expected,
    isValid,
    variable
  }: {
    /** The remedy, for whoever gives something else. */
    readonly expected: string
    readonly isValid: (value: number) => boolean
    /** Of the environment: gives the value where the flag does not. */
    readonly variable?: string
  }
) => {
  const text = Flag.String(name).pipe(Flag.withMetavar("number"))
  return (variable === undefined ? text : Flag.withFallbackConfig(text, Config.String(variable))).pipe(
    Flag.filterMap(
      (given) => {
        const value = Number(given)
        return given.trim() !== "" && isValid(value) ? Option.some(value) : Option.none()
      },
      () => expected
    )
  )
}

/** The parts of a comma-separated list, each of which must be one of the names. */
export const oneOrMoreOf = <Name extends string>(names: ReadonlyArray<Name>) => {
  const isName = (text: string): text is Name => (names as ReadonlyArray<string>).includes(text)
  const partsOf = (list: string) => list.split(",").map((part) => part.trim())
  return Flag.filterMap(
    (list: string): Option.Option<ReadonlySet<Name>> => {
      const parts = partsOf(list)
      return parts.every(isName) ? Option.some(new Set(parts)) : Option.none()
    },
    (list) => {
      const unknown = partsOf(list).find((part) => !isName(part))
      return `names out of ${names.join(", ")}, with commas between; there is no "${unknown}"`
    }
  )
}

/** Reports why a tool failed. The command line has shown its own errors already, with the help. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    const error = Cause.squash(cause)
    if (Cause.hasInterruptsOnly(cause) || CliError.isCliError(error)) return
    console.error(error instanceof ToolFailed ? error.message : Cause.pretty(cause))
  })

/** Runs the tool with the arguments of this process, and sets its exit code. */
export const runTool = <Name extends string, Input, Context>(
  command: Command.Command<Name, Input, Context, unknown, never>
): void =>
  Command.runWith(command, { version: VERSION })(process.argv.slice(2)).pipe(
    Effect.tapCause(report),
    Effect.provide(NodeServices.layer),
    NodeRuntime.runMain({ disableErrorReporting: true })
  )
